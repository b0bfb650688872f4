//! Where a connection stands, in one word and a sentence.

use chrono::{DateTime, Utc};

use crate::{
    connectors,
    domain::{
        problem::Problem,
        words::{Cause, ConnectionState, Kind, List, RunState},
    },
    store::{
        Db, Result,
        connections::Connection,
        polls::{self, Poll},
        runs::{self, Run},
    },
};

use super::{
    check::{self, cause_of},
    subscribe,
};

/// Where a connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub state: ConnectionState,
    /// Since when it is so, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// When its source is called next, or is expected to call.
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub detail: String,
    /// What to do; empty where nothing is.
    pub remedy: String,
}

impl Status {
    fn new(state: ConnectionState, since: Option<DateTime<Utc>>, detail: impl Into<String>) -> Self {
        Self { state, since, next_attempt_at: None, detail: detail.into(), remedy: String::new() }
    }
}

/// Looks at a connection as it is stored. What needs a person comes before what does not.
pub fn status(db: &mut Db, connection: &Connection, now: DateTime<Utc>) -> Result<Status> {
    let poll = match connectors::is_polled(connection.kind) {
        true => Some(polls::get(db, &connection.id)?),
        false => None,
    };
    if let Some((since, _)) = poll.as_ref().and_then(|poll| poll.leased).filter(|(_, until)| *until > now) {
        return Ok(Status::new(ConnectionState::Polling, Some(since), "Its lists are being read."));
    }
    let next = match &poll {
        Some(poll) => (!connection.paused).then_some(poll.next_at),
        None => check::check(connection, now).expected_at,
    };
    let status = match (&connection.problem, held(db, connection)?) {
        (Some((problem, since)), _) => troubled(problem, *since),
        (None, Some(run)) => asking(&run),
        (None, None) => quiet(connection, poll.as_ref(), now),
    };
    Ok(Status { next_attempt_at: next, ..status })
}

/// The state that a problem puts a connection into.
fn troubled(problem: &Problem, since: DateTime<Utc>) -> Status {
    // Its lists are read all the same.
    if problem.code == subscribe::TROUBLE {
        let ok = Status::new(ConnectionState::Ok, Some(since), &problem.detail);
        return Status { remedy: problem.remedy.clone(), ..ok };
    }
    let state = match cause_of(&problem.code) {
        Cause::Credentials => ConnectionState::CredentialsRejected,
        Cause::Permission => ConnectionState::PermissionMissing,
        Cause::RateLimit => ConnectionState::RateLimited,
        _ => ConnectionState::Failing,
    };
    Status { remedy: problem.remedy.clone(), ..Status::new(state, Some(since), &problem.detail) }
}

fn asking(run: &Run) -> Status {
    let (detail, remedy) = match &run.problem {
        Some(problem) => (problem.detail.clone(), problem.remedy.clone()),
        None => Default::default(),
    };
    Status { remedy, ..Status::new(ConnectionState::Held, run.ended_at, detail) }
}

fn held(db: &mut Db, connection: &Connection) -> Result<Option<Run>> {
    for list in List::ALL {
        if let Some(run) = runs::in_state(db, &connection.id, *list, RunState::Held)? {
            return Ok(Some(run));
        }
    }
    Ok(None)
}

/// Nothing is wrong, as far as can be told from here.
fn quiet(connection: &Connection, poll: Option<&Poll>, now: DateTime<Utc>) -> Status {
    use ConnectionState::{Failing, Ok, Waiting};
    let seen = connection.last_seen_at;
    if connection.paused {
        return Status::new(Waiting, None, "It is paused: nothing runs until it is resumed.");
    }
    match (connection.kind, poll) {
        (Kind::QuickbooksDesktop, _) => {
            let check = check::check(connection, now);
            let state = match (check.ok, seen) {
                (true, _) => Ok,
                (false, None) => Waiting,
                (false, Some(_)) => Failing,
            };
            Status { remedy: check.remedy, ..Status::new(state, seen, check.detail) }
        }
        // A webhook is a sign of life, and no list.
        (_, Some(Poll { last_ok_at: None, .. })) => {
            Status::new(Waiting, Some(connection.created_at), "Its lists were not read yet.")
        }
        (_, Some(poll)) => Status::new(Ok, poll.last_ok_at, "Its source was read to the end."),
        (_, None) if seen.is_some() => Status::new(Ok, seen, "Its source sends messages."),
        (_, None) => Status::new(Waiting, Some(connection.created_at), "No message was received yet."),
    }
}
