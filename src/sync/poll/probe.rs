//! The test of a connection that is polled: a few requests now, and what they tell.

use std::time::Duration;

use crate::{
    connectors::{
        outbound::{Closed, problems::failure},
        source::Failure,
    },
    domain::{problem::Problem, words::Cause},
    store::{self, connections, polls},
    sync::check::Check,
};

use super::reach::Reach;

/// Whoever asks is told within five seconds, a command's own start and the database included.
const LIMIT: Duration = Duration::from_millis(4200);

/// Calls a connection's source. One that answers well is polled again at once, if trouble had put that off.
///
/// # Errors
/// A connection that is not there, or the database.
pub async fn probe(reach: &Reach, connection_id: &str) -> store::Result<Check> {
    let id = connection_id.to_owned();
    let before = reach.store.read(move |db| connections::get(db, &id)).await?;
    let outcome = match tokio::time::timeout(LIMIT, look(reach, connection_id)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(slow()),
    };
    match outcome {
        Ok(found) => {
            if before.problem.is_some() {
                let (id, now) = (connection_id.to_owned(), reach.ambient.now());
                reach.store.write(move |db| polls::hurry(db, &id, now)).await?;
            }
            Ok(Check::fine(found))
        }
        Err(failure) => failed(failure),
    }
}

async fn look(reach: &Reach, connection_id: &str) -> Result<String, Failure> {
    let (_, _, source) = reach.open(connection_id, None).await?;
    source.probe().await
}

fn failed(failure: Failure) -> store::Result<Check> {
    match failure {
        Failure::Source { cause, problem, .. } => Ok(Check::failed(cause, problem)),
        Failure::Closed(Closed::RateLimited { until }) => {
            let detail = format!(
                "The source lets no more requests through before {}.",
                until.format("%Y-%m-%d %H:%M:%S UTC")
            );
            let problem = Problem::new("rate_limit", detail, "Test again then. Polling goes on by itself.");
            Ok(Check::failed(Cause::RateLimit, problem))
        }
        Failure::Closed(Closed::LeaseLost) => Err(store::Error::Stale("lease")),
        Failure::Closed(Closed::Unavailable(_)) => Err(store::Error::Busy),
    }
}

fn slow() -> Failure {
    failure(
        Cause::Timeout,
        format!("The source did not answer within {} seconds.", LIMIT.as_secs_f32()),
        "Try again. If it stays slow, look whether a firewall or proxy drops what the gateway sends.",
    )
}
