//! How a message ends: it is done, waits for later, or is given up.

use chrono::{DateTime, Utc};

use crate::{
    domain::{problem::Problem, words::List},
    store::{
        Result, WriteDb,
        connections::Connection,
        inbox::{self, Message},
        locks::Locked,
        records::Place,
        sealed,
    },
};

/// What is to become of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Dealt with; of what did not count, a word.
    Done(Option<Problem>),
    Later {
        at: DateTime<Utc>,
        problem: Problem,
    },
    Dead(Problem),
}

/// Where records are staged that a webhook brought.
pub(super) fn place<'a>(connection: &'a Connection, lock: &'a Locked<List>, now: DateTime<Utc>) -> Place<'a> {
    Place { company_id: &connection.company_id, lock, run_id: None, now }
}

/// Ends a message, or leaves it for later.
pub(super) fn settle(
    db: &mut WriteDb,
    message: &Message,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Result<()> {
    match outcome {
        Outcome::Done(note) => {
            if message.body.is_none() {
                sealed::remove(db, &message.id)?;
            }
            inbox::done(db, &message.id, note.as_ref(), now)
        }
        Outcome::Later { at, problem } => inbox::retry(db, &message.id, message.attempts, at, &problem, now),
        Outcome::Dead(problem) => {
            tracing::warn!(
                message = message.id.as_str(),
                code = problem.code,
                "a webhook's message was given up"
            );
            inbox::dead(db, &message.id, &problem, now)
        }
    }
}
