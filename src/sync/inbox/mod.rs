//! The inbox of webhooks: what is told is kept before it is acknowledged, and given its meaning after that.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`accept`](Inbox) | many messages, one commit |
//! | [`fetch`](Fetch) | one record, asked of its source |
//! | [`work`](Desk) | one connection's messages, in order, under a lease |
//! | `meaning` | what each event does, in the transaction in which its message is done |
//! | `newest` | the newest word about each record counts |
//! | `pages` | a whole list that comes in pages |
//! | `sealed` | what nobody understood, kept for a newer version |
//! | `texts` | what people are told of whole lists |
//! | `hints` | records that are fetched, once for all messages that name them |
//! | `retry` | when to try again, and when to give up |
//! | [`replay`] | trying again what was given up |
//!
//! The lease is a row, so several gateways never work on one connection's inbox at once; each transaction holds that
//! row, changes its message, and has its effect: so the effect happens exactly once. A paused connection's messages are
//! dealt with all the same: what is told is not asked for.

mod accept;
mod fetch;
mod hints;
mod meaning;
mod newest;
mod pages;
pub mod replay;
mod retry;
mod sealed;
mod texts;
mod work;

pub use accept::{Accepted, Inbox, NotAccepted};
pub use fetch::Fetch;
pub use replay::ReplayError;
pub use sealed::SEALED_KEPT;
pub use work::{Desk, Lease, PLACES, Place, TURN};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    connectors::{self, Moves},
    domain::words::{MessageState, RunState},
    store::{self, WriteDb, inbox, runs, told},
};

/// How long those that were given up are kept.
pub const DEAD_KEPT: TimeDelta = TimeDelta::days(30);

/// Ends whole lists whose pages have stopped coming; nobody is marked absent. How many.
pub fn end_silent_lists(db: &mut WriteDb, now: DateTime<Utc>) -> store::Result<usize> {
    let mut ended = 0;
    let mut silent = Vec::new();
    for spec in connectors::specs().filter(|spec| spec.moves == Moves::Pushes) {
        silent.extend(runs::silent_since(db, spec.kind, now - pages::MIXED_PATIENCE)?);
    }
    // The order in which everybody locks lists is not that of their names.
    silent.sort_by(|a, b| (&a.connection_id, a.list).cmp(&(&b.connection_id, b.list)));
    for run in silent {
        store::locks::of(&run.connection_id).list(db, run.list)?;
        // As it is now: it may have come further, or ended, since it was read.
        let run = runs::get(db, &run.id)?;
        if run.state == RunState::Running
            && let Some(why) = pages::silent(&run, now)?
        {
            super::run::fail(db, &run.id, &why, now)?;
            ended += 1;
        }
    }
    Ok(ended)
}

/// Forgets some of the messages that were done before `now - kept`, some that were given up long ago, and some of whom
/// it was told long ago that they are gone, and what was sealed for long enough. To be called until none is left; how many.
pub fn forget(db: &mut WriteDb, now: DateTime<Utc>, kept: TimeDelta) -> store::Result<usize> {
    let done = inbox::forget(db, MessageState::Done, now - kept)?;
    let dead = inbox::forget(db, MessageState::Dead, now - kept.max(DEAD_KEPT))?;
    // Longer than any message that could bring them back.
    let gone = told::forget_removed(db, now - kept.max(DEAD_KEPT) * 2)?;
    let over = store::sealed::forget(db, now)?;
    Ok(done + dead + gone + over)
}
