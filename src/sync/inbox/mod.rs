//! The inbox of webhooks: what is told is kept before it is acknowledged, and given its meaning after that.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`accept`](Inbox) | many messages, one commit |
//! | [`fetch`](Fetch) | one record, asked of its source |
//! | [`work`](Desk) | one connection's messages, in order, under a lease |
//! | `meaning` | what each event does, in the transaction in which its message is done |
//! | `pages` | a whole list that comes in pages |
//! | `hints` | records that are fetched, once for all messages that name them |
//! | `retry` | when to try again, and when to give up |
//!
//! The lease is a row, so several gateways never work on one connection's inbox at once; each transaction holds that
//! row, changes its message, and has its effect: so the effect happens exactly once. A paused connection's messages are
//! dealt with all the same: what is told is not asked for.

mod accept;
mod fetch;
mod hints;
mod meaning;
mod pages;
mod retry;
mod work;

pub use accept::{Accepted, Inbox, NotAccepted};
pub use fetch::Fetch;
pub use work::Desk;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    domain::words::{Kind, MessageState},
    store::{self, Db, inbox, runs},
};

/// How long those that were given up are kept.
pub const DEAD_KEPT: TimeDelta = TimeDelta::days(30);

/// Ends whole lists whose pages have stopped coming; nobody is marked absent. How many.
pub fn end_silent_lists(db: &mut Db, now: DateTime<Utc>) -> store::Result<usize> {
    let silent = runs::silent_since(db, Kind::Push, now - pages::PATIENCE)?;
    for run in &silent {
        match super::run::fail(db, &run.id, &pages::stopped(), now) {
            // It came further, or ended, just now.
            Ok(()) | Err(store::Error::Stale(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(silent.len())
}

/// Forgets some of the messages that were done before `now - kept`, and some that were given up long ago. To be called
/// until none is left; how many.
pub fn forget(db: &mut Db, now: DateTime<Utc>, kept: TimeDelta) -> store::Result<usize> {
    let done = inbox::forget(db, MessageState::Done, now - kept)?;
    let dead = inbox::forget(db, MessageState::Dead, now - kept.max(DEAD_KEPT))?;
    Ok(done + dead)
}
