//! The test of a connection: a polled one sends its source a few requests now; of the others it tells what was heard.

use std::time::Duration;

use crate::{
    connectors::{
        is_polled,
        outbound::{NotSent, problems::failure},
        source::Failure,
    },
    domain::{
        access::{Denied, Grant, action},
        ids::ConnectionId,
        problem::Problem,
        words::Cause,
    },
    store::{
        self,
        connections::{self, Connection},
        polls,
    },
};

use super::{
    check::{Check, check},
    source_access::SourceAccess,
};

/// Whoever asks is told within five seconds, a command's own start and the database included.
const LIMIT: Duration = Duration::from_millis(4200);

/// Why a connection was not tested.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Tests a connection: calls its source where it is polled, else tells what was heard.
///
/// # Errors
/// What the database says.
pub async fn test(
    sources: &SourceAccess,
    grant: &Grant<action::Test>,
    connection: &Connection,
) -> Result<Check, TestError> {
    grant.covers(&connection.company_id, "connection")?;
    if is_polled(connection.kind) {
        return Ok(probe(sources, &connection.id).await?);
    }
    Ok(check(connection, sources.ambient.now()))
}

/// Calls a connection's source. One that answers well is polled again at once, if trouble had put that off.
///
/// # Errors
/// A connection that is not there, or the database.
pub async fn probe(sources: &SourceAccess, connection_id: &ConnectionId) -> store::Result<Check> {
    let id = connection_id.to_owned();
    let before = sources.store.read(move |db| connections::get(db, &id)).await?;
    let outcome = match tokio::time::timeout(LIMIT, look(sources, connection_id)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(slow()),
    };
    match outcome {
        Ok(found) => {
            if before.problem.is_some() {
                let (id, now) = (connection_id.to_owned(), sources.ambient.now());
                sources.store.write(move |db| polls::hurry(db, &id, now)).await?;
            }
            Ok(Check::fine(found))
        }
        Err(failure) => failed(failure),
    }
}

/// Tests the credentials of an account at the source of a connection; nothing of the connection is changed by it.
///
/// # Errors
/// As [`probe`].
pub async fn probe_account(
    sources: &SourceAccess,
    connection_id: &ConnectionId,
    account_id: &str,
) -> store::Result<Check> {
    let look = async {
        let (_, _, source) = sources.open_as(connection_id, account_id).await?;
        source.probe().await
    };
    match tokio::time::timeout(LIMIT, look).await {
        Ok(Ok(found)) => Ok(Check::fine(found)),
        Ok(Err(failure)) => failed(failure),
        Err(_) => failed(slow()),
    }
}

async fn look(sources: &SourceAccess, connection_id: &ConnectionId) -> Result<String, Failure> {
    let (_, _, source) = sources.open(connection_id, None).await?;
    source.probe().await
}

fn failed(failure: Failure) -> store::Result<Check> {
    match failure {
        Failure::Source { cause, problem, .. } => Ok(Check::failed(cause, problem)),
        Failure::NotSent(NotSent::RateLimited { until }) => {
            let detail = format!(
                "The source lets no more requests through before {}.",
                until.format("%Y-%m-%d %H:%M:%S UTC")
            );
            let problem = Problem::new("rate_limit", detail, "Test again then. Polling goes on by itself.");
            Ok(Check::failed(Cause::RateLimit, problem))
        }
        Failure::NotSent(NotSent::LeaseLost) => Err(store::Error::Stale("lease")),
        Failure::NotSent(NotSent::Unavailable(_)) => Err(store::Error::Busy),
    }
}

fn slow() -> Failure {
    failure(
        Cause::Timeout,
        format!("The source did not answer within {} seconds.", LIMIT.as_secs_f32()),
        "Try again. If it stays slow, look whether a firewall or proxy drops what the gateway sends.",
    )
}
