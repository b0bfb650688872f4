//! «Get Users»: a source that is polled is read at once; the Web Connector calls us, so the answer says when. And the
//! runs of a connection.

use chrono::{DateTime, Utc};

use crate::{
    clock::Ambient,
    connectors::{self, calls_in::CallsIn},
    domain::{
        access::{Attempt, action},
        words::{List, Mode},
    },
    service::{Result, interface::Wording},
    store::{self, Db, Page, PageLimit, WriteDb, connections::Connection, runs, runs::Run},
    sync::{ask, check},
};

use super::found;

/// The runs that were requested.
#[derive(Debug)]
pub struct PollRequest {
    /// The run of the employees.
    pub employees: Run,
    /// One run for each list.
    pub runs: Vec<Run>,
    /// When the runs should start, in words.
    pub detail: Wording,
    pub paused: bool,
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When the runs should start: now, or when the Web Connector should call; `None` if it has never called.
    pub expected_at: Option<DateTime<Utc>>,
}

/// Requests a run of each list.
///
/// # Errors
/// `connection_not_found`; `cannot_be_polled`, `invalid_settings`.
pub fn poll(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Poll>,
    id: &str,
    mode: Mode,
) -> Result<PollRequest> {
    let (grant, connection) = found(db, attempt, id)?;
    let now = ambient.now();
    let runs = ask::ask(db, ambient, &grant, &connection, mode)?;
    let employees = runs.iter().find(|run| run.list == List::Employee).cloned();
    let calls_in =
        connectors::of(connection.kind).ok().and_then(crate::connectors::connector::Connector::calls_in);
    let (expected_at, detail) = match calls_in {
        Some(calls_in) => {
            let expected_at = check::check(&connection, now).expected_at;
            (expected_at, told(&connection, calls_in, expected_at, now).into())
        }
        None => (Some(now), told_now(&connection)),
    };
    let employees = employees.ok_or(store::Error::NotFound("run"))?;
    let Connection { last_seen_at, paused, .. } = connection;
    Ok(PollRequest { employees, runs, detail, paused, last_seen_at, expected_at })
}

/// A page of a connection's runs, newest first, of both lists.
///
/// # Errors
/// `connection_not_found`.
pub fn runs(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    id: &str,
    before: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Run>> {
    let (_, connection) = found(db, attempt, id)?;
    Ok(runs::page(db, &connection.id, before, limit)?)
}

/// When the lists of a polled source are read.
fn told_now(connection: &Connection) -> Wording {
    match connection.paused {
        true => Wording::each(
            "Queued. The connection is paused: nothing runs until it is resumed.",
            "The connection is paused: they run after `rollcall connection set CONNECTION --resume`.",
        ),
        false => Wording::each(
            "Queued: it is read now. GET /v1/runs/{id} tells how far it has come.",
            "A gateway that is running reads them now: `rollcall run show RUN` tells how far it is.",
        ),
    }
}

/// When a run that is queued now will start.
fn told(
    connection: &Connection,
    calls_in: &dyn CallsIn,
    expected_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> String {
    let words = calls_in.queued();
    let mut told = words.queued.to_owned();
    match (connection.last_seen_at, expected_at) {
        (Some(seen), Some(expected)) if expected >= now => {
            told += &format!(" It was last seen at {}, and is expected at {}.", time(seen), time(expected));
        }
        (Some(seen), Some(expected)) => {
            told += &format!(
                " It was last seen at {}, and was expected at {}: it is late. {}",
                time(seen),
                time(expected),
                words.late
            );
        }
        // The Web Connector has called, even if it was never let in, because the connection has a problem.
        _ if connection.problem.is_some() => {}
        _ => {
            told += &format!(" {}", words.never);
        }
    }
    let window = calls_in.window(&connection.settings);
    if !window.is_empty() {
        told += &format!(" It is synchronised only in the hours {window}.");
    }
    if connection.paused {
        told += " The connection is paused: nothing runs until it is resumed.";
    }
    if let Some((problem, _)) = &connection.problem {
        told += &format!(" Something stands in the way: {}", problem.sentence());
    }
    told
}

/// A time to the second, for people.
fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
