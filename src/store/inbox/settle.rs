//! What becomes of a message: dealt with, tried again, given up, replayed, forgotten.

use chrono::{DateTime, Utc};
use diesel::{dsl::sql, sql_types::Bool};

use crate::{
    domain::{
        ids::{ConnectionId, MessageId},
        problem::Problem,
        words::MessageState,
    },
    store::{Error, Result, WriteDb, dsl::*, schema::inbox, values::at},
};

use super::{BATCH, pending};

/// Ends a message that was dealt with: what it said is forgotten. `note` says what of it did not count.
///
/// # Errors
/// [`Error::Stale`] where it does not wait (any more).
pub fn done(db: &mut WriteDb, id: &MessageId, note: Option<&Problem>, now: DateTime<Utc>) -> Result<()> {
    let set = (
        inbox::state.eq(MessageState::Done.as_str()),
        inbox::body.eq(None::<String>),
        inbox::updated_at.eq(at(now)),
        (
            inbox::code.eq(note.map(|note| note.code.clone())),
            inbox::detail.eq(note.map(|note| note.detail.clone())),
            inbox::remedy.eq(note.map(|note| note.remedy.clone())),
        ),
    );
    expect_one(diesel::update(pending().filter(inbox::id.eq(id.to_owned()))).set(set).execute(db)?)
}

/// Ends messages that were dealt with in all they say.
///
/// # Errors
/// [`Error::Stale`] where one does not wait (any more).
pub fn all_done(db: &mut WriteDb, ids: &[&str], now: DateTime<Utc>) -> Result<()> {
    for some in ids.chunks(BATCH) {
        let waiting = pending().filter(inbox::id.eq_any(some.iter().map(|id| (*id).to_owned())));
        let set = (
            inbox::state.eq(MessageState::Done.as_str()),
            inbox::body.eq(None::<String>),
            inbox::updated_at.eq(at(now)),
            (
                inbox::code.eq(None::<String>),
                inbox::detail.eq(None::<String>),
                inbox::remedy.eq(None::<String>),
            ),
        );
        if diesel::update(waiting).set(set).execute(db)? != some.len() {
            return Err(Error::Stale("message"));
        }
    }
    Ok(())
}

/// Gives a message up, for a person to see; what it said is kept.
///
/// # Errors
/// [`Error::Stale`] where it does not wait (any more).
pub fn dead(db: &mut WriteDb, id: &MessageId, problem: &Problem, now: DateTime<Utc>) -> Result<()> {
    let set = (
        inbox::state.eq(MessageState::Dead.as_str()),
        inbox::updated_at.eq(at(now)),
        (
            inbox::code.eq(problem.code.clone()),
            inbox::detail.eq(problem.detail.clone()),
            inbox::remedy.eq(problem.remedy.clone()),
        ),
    );
    expect_one(diesel::update(pending().filter(inbox::id.eq(id.to_owned()))).set(set).execute(db)?)
}

/// Leaves a message for later. `attempts` are those made so far.
///
/// # Errors
/// [`Error::Stale`] where it does not wait (any more).
pub fn retry(
    db: &mut WriteDb,
    id: &MessageId,
    attempts: u32,
    next_at: DateTime<Utc>,
    problem: &Problem,
    now: DateTime<Utc>,
) -> Result<()> {
    let set = (
        inbox::attempts.eq(i32::try_from(attempts).unwrap_or(i32::MAX)),
        inbox::next_at.eq(at(next_at)),
        inbox::updated_at.eq(at(now)),
        (
            inbox::code.eq(problem.code.clone()),
            inbox::detail.eq(problem.detail.clone()),
            inbox::remedy.eq(problem.remedy.clone()),
        ),
    );
    expect_one(diesel::update(pending().filter(inbox::id.eq(id.to_owned()))).set(set).execute(db)?)
}

/// Has a connection's messages that wait for the reason `code` tried now.
pub fn wake(db: &mut WriteDb, connection_id: &ConnectionId, code: &str, now: DateTime<Utc>) -> Result<()> {
    let waiting = pending()
        .filter(inbox::connection_id.eq(connection_id.to_owned()))
        .filter(inbox::code.eq(code.to_owned()));
    diesel::update(waiting).set(inbox::next_at.eq(at(now))).execute(db)?;
    Ok(())
}

/// Puts messages off, without counting it as an attempt.
pub fn defer(db: &mut WriteDb, ids: &[&str], until: DateTime<Utc>) -> Result<()> {
    for some in ids.chunks(BATCH) {
        let some = some.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        diesel::update(pending().filter(inbox::id.eq_any(some)))
            .set(inbox::next_at.eq(at(until)))
            .execute(db)?;
    }
    Ok(())
}

fn expect_one(rows: usize) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(Error::Stale("message")) }
}

/// Has messages that were given up tried again, as if they had just come: one, or all of a connection. How many.
pub fn replay(db: &mut WriteDb, which: Which<'_>, now: DateTime<Utc>) -> Result<usize> {
    let set = (
        inbox::state.eq(MessageState::Pending.as_str()),
        inbox::attempts.eq(0),
        inbox::next_at.eq(at(now)),
        inbox::pending_since.eq(at(now)),
        inbox::updated_at.eq(at(now)),
    );
    let dead = inbox::table.filter(inbox::state.eq(MessageState::Dead.as_str()));
    Ok(match which {
        Which::Message(id) => {
            diesel::update(dead.filter(inbox::id.eq(id.to_owned()))).set(set).execute(db)?
        }
        Which::AllOf(connection_id) => {
            let theirs = dead.filter(inbox::connection_id.eq(connection_id.to_owned()));
            diesel::update(theirs).set(set).execute(db)?
        }
    })
}

/// Which messages are meant.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    Message(&'a MessageId),
    AllOf(&'a ConnectionId),
}

/// Deletes some of those that have been in `state` since before `before`; how many. To be called until it is none.
pub fn forget(db: &mut WriteDb, state: MessageState, before: DateTime<Utc>) -> Result<usize> {
    let ids: Vec<MessageId> = inbox::table
        .filter(inbox::state.eq(state.as_str()).and(inbox::updated_at.lt(at(before))))
        // The words of the partial index.
        .filter(sql::<Bool>("inbox.state <> 'pending'"))
        .select(inbox::id)
        .limit(BATCH as i64)
        .load(db)?;
    // One may have been replayed since it was read.
    let still = inbox::table.filter(inbox::state.eq(state.as_str()));
    Ok(diesel::delete(still.filter(inbox::id.eq_any(ids))).execute(db)?)
}
