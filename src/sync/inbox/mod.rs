//! The inbox of webhooks: a message is kept before it is acknowledged, and applied after that.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`accept`](Inbox) | keeps the messages that arrive at the same time with one commit |
//! | `apply` | what each event does, in the transaction that marks its message as done |
//! | [`fetch`](Fetch) | how one record is fetched from its source |
//! | `fetch_requests` | records that messages name: each is fetched once for all messages that name it |
//! | `newest` | an older message about a record overwrites nothing newer |
//! | `outcome` | how a message ends: done, later, given up |
//! | `pace` | holds the processor back while messages come in |
//! | `pages` | a whole list that comes in pages |
//! | [`processor`](InboxProcessor) | works off the messages of one connection, in order, under a lease |
//! | [`replay`] | tries again what was given up |
//! | `retry` | when a message is tried again, and when it is given up |
//! | `sealed` | messages that nobody understood, kept sealed for a newer version |
//! | `texts` | what people read about whole lists, and about messages that nobody understood |
//! | [`webhook_credentials`](WebhookCredentials) | the settings and secrets that verify a connection's messages |
//!
//! The lease is a row, so several gateways never work on one connection's inbox at once; each transaction holds that
//! row, changes its message, and has its effect: so the effect happens exactly once. A paused connection's messages are
//! dealt with all the same: what is told is not asked for.

mod accept;
mod apply;
mod fetch;
mod fetch_requests;
mod newest;
mod outcome;
mod pace;
mod pages;
mod processor;
pub mod replay;
mod retry;
mod sealed;
mod texts;
mod webhook_credentials;

pub use accept::{Accepted, Inbox, NotAccepted};
pub use fetch::Fetch;
pub use pace::Traffic;
pub use processor::{InboxProcessor, Lease, SLOTS, Slot, TURN};
pub use replay::ReplayError;
pub use sealed::SEALED_KEPT;
pub use webhook_credentials::WebhookCredentials;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    connectors::{self, Moves},
    domain::words::{MessageState, RunState},
    store::{self, WriteDb, inbox, message_times, runs},
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
    let gone = message_times::forget_removed(db, now - kept.max(DEAD_KEPT) * 2)?;
    let over = store::sealed::forget(db, now)?;
    Ok(done + dead + gone + over)
}
