//! Polling: one connection that is due, from its lease to its next time.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `due` | which lists are read, and how |
//! | `leased_connection` | a connection whose lease is held: it writes nothing after the lease was lost |
//! | `read` | one list, step by step |
//! | `settle` | what people are told, and when the next poll is due |
//!
//! The lease is taken in the database, so several gateways never poll one connection at once. A run that its reader
//! left, because it was killed or has to wait, goes on from the progress that was staged with its last step.

mod due;
mod leased_connection;
mod read;
mod settle;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;

use crate::{
    clock::Ambient,
    connectors::{
        Source,
        outbound::{NotSent, PollSlot},
        source::{Failure, Schedule},
    },
    domain::{
        problem::Problem,
        schedule::span,
        words::{Cause, List, Mode, RunState},
    },
    store::{
        self, WriteDb,
        connections::{self, Connection},
        polls::{self, Lease},
        runs::{self, Run},
    },
};

use super::{run, source_access::SourceAccess, subscribe};
use due::{Due, due};
use leased_connection::LeasedConnection;
use read::{ReadError, read};
use settle::{Ending, Outcome, settle};

/// How long a connection waits where its host has all the polls that it may have.
const CROWDED: Duration = Duration::from_secs(5);

/// Asks for a run of each list of a polled connection, now.
pub fn request(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    lists: &[List],
    mode: Mode,
) -> store::Result<Vec<Run>> {
    // The poll's row before those of the lists: in this order everybody locks them.
    polls::hurry(db, &connection.id, ambient.now())?;
    lists.iter().map(|list| run::request(db, ambient, connection, *list, mode)).collect()
}

/// Takes up to `most` connections that are due. `by` names this gateway.
///
/// # Errors
/// What the database says.
pub async fn claim(sources: &SourceAccess, by: &str, most: u16) -> store::Result<Vec<Lease>> {
    let (by, now) = (by.to_owned(), sources.ambient.now());
    let until = now + span(sources.lease_for);
    sources.store.write_soft(move |db| polls::claim(db, &by, most, now, until)).await
}

/// Polls a connection whose lease was claimed, and gives the lease back. Whoever calls it renews the lease meanwhile, where
/// it may last.
pub async fn poll(sources: &SourceAccess, lease: Lease) {
    match poll_at(sources, &lease, sources.outbound.poll_slots.take(), u16::MAX).await {
        Ok(()) => {}
        Err(store::Error::Stale(_)) => tracing::info!("another gateway has taken over the poll"),
        Err(error) => tracing::error!(%error, "the poll could not be noted"),
    }
}

/// [`poll()`] at a slot that was taken, where `at_once` polls may be busy.
///
/// # Errors
/// [`store::Error::Stale`] where the lease was lost; what keeps the poll from being noted.
pub async fn poll_at(
    sources: &SourceAccess,
    lease: &Lease,
    slot: Arc<PollSlot>,
    at_once: u16,
) -> store::Result<()> {
    // One connection's panic is that connection's failure: the others go on, and it rests like any that fails.
    match AssertUnwindSafe(work(sources, lease, slot, at_once)).catch_unwind().await {
        Ok(worked) => worked,
        Err(_) => unopened(sources, lease, panicked()).await,
    }
}

fn panicked() -> Failure {
    Failure::Source {
        cause: Cause::Server,
        problem: Problem::new(
            "panicked",
            "Rollcall itself failed in the middle of the poll. What had arrived is kept, and nobody was marked absent.",
            "It is tried again with growing pauses. Report it, with what the gateway's log says.",
        ),
        retry_after: None,
    }
}

/// Gives back a lease whose work was stopped: another gateway may go on at once.
///
/// # Errors
/// What the database says: the lease runs out by itself then.
pub async fn release(sources: &SourceAccess, lease: Lease) -> store::Result<()> {
    sources.store.write(move |db| polls::release(db, &lease)).await
}

/// Keeps a lease for another while.
///
/// # Errors
/// [`store::Error::Stale`] where it was lost.
pub async fn renew(sources: &SourceAccess, lease: &Lease) -> store::Result<()> {
    let (lease, until) = (lease.clone(), sources.ambient.now() + span(sources.lease_for));
    sources.store.write_soft(move |db| polls::renew(db, &lease, until)).await
}

async fn work(sources: &SourceAccess, lease: &Lease, slot: Arc<PollSlot>, at_once: u16) -> store::Result<()> {
    let opened = sources.open_at(&lease.connection_id, Some(lease.clone()), Some(Arc::clone(&slot))).await;
    let (connection, settings, source) = match opened {
        Ok(opened) => opened,
        Err(error) => return unopened(sources, lease, error.into()).await,
    };
    if !slot.go_to(&settings.authority(), at_once) {
        let (lease, now) = (lease.clone(), sources.ambient.now());
        return sources.store.write(move |db| polls::put_off(db, &lease, now + span(CROWDED), now)).await;
    }
    let leased = LeasedConnection::new(sources, lease, connection);
    let (lists, schedule) = (settings.lists(), settings.schedule());
    let due = {
        let (id, schedule, now) = (lease.connection_id.clone(), schedule.clone(), sources.ambient.now());
        sources.store.read(move |db| due(db, &id, lists, &schedule, now)).await?
    };
    let open = schedule.window.as_ref().is_none_or(|window| window.contains(sources.ambient.now()));
    if due.is_empty() && !open {
        return note(&leased, lists, false, source.memory(), schedule, Outcome::Resting).await;
    }
    let Some(mut outcome) = read_all(&leased, source.as_ref(), &due).await? else { return Ok(()) };
    if matches!(outcome, Outcome::Fine) {
        // While the lease is held: only one gateway does it.
        let trouble =
            subscribe::keep_up(sources, &leased.connection, settings.as_ref(), source.as_ref()).await;
        outcome = trouble.map_or(Outcome::Fine, Outcome::Warned);
    }
    note(&leased, lists, !due.is_empty(), source.memory(), schedule, outcome).await
}

/// Reads what is due, in order. What keeps one list from being read keeps the others only where it concerns them too.
/// `None` where nothing is to be noted.
async fn read_all(
    leased: &LeasedConnection,
    source: &dyn Source,
    due: &[Due],
) -> store::Result<Option<Outcome>> {
    let mut outcome = Outcome::Fine;
    for (index, one) in due.iter().enumerate() {
        let failure = match read(leased, source, one).await {
            Ok(_) => continue,
            Err(ReadError::Store(error)) => return Err(error),
            Err(ReadError::Source(failure)) => failure,
        };
        if let Failure::NotSent(NotSent::Unavailable(why)) = &failure {
            tracing::error!(why, "the poll was broken off");
        }
        let one_list = failure.concerns_one_list();
        match Outcome::of(failure) {
            // The first is told: it has kept its list out for longer.
            Some(failed) if one_list => outcome = if outcome.is_fine() { failed } else { outcome },
            Some(failed @ Outcome::Failed { .. }) => {
                let rest = due.get(index + 1..).unwrap_or_default();
                give_up(leased, rest.iter().map(|due| due.list), &failed).await?;
                return Ok(Some(failed));
            }
            other => return Ok(other),
        }
    }
    Ok(Some(outcome))
}

/// Ends the runs that were asked for and that the same failure keeps from being read.
async fn give_up(
    leased: &LeasedConnection,
    lists: impl Iterator<Item = List>,
    outcome: &Outcome,
) -> store::Result<()> {
    let Outcome::Failed { problem, .. } = outcome else { return Ok(()) };
    for list in lists {
        let (ambient, connection) = (leased.ambient.clone(), leased.connection.clone());
        let problem = problem.clone();
        let end = move |db: &mut WriteDb| match runs::in_state(db, &connection.id, list, RunState::Queued)? {
            Some(asked) => {
                let run = run::start(db, &ambient, &connection, list, asked.mode)?;
                run::fail(db, &run.id, &problem, ambient.now())
            }
            None => Ok(()),
        };
        leased.write(end).await?;
    }
    Ok(())
}

/// A source that could not even be opened: the runs that were asked for fail, and the connection says why.
async fn unopened(sources: &SourceAccess, lease: &Lease, failure: Failure) -> store::Result<()> {
    let Some(outcome) = Outcome::of(failure) else { return Ok(()) };
    let id = lease.connection_id.clone();
    let connection = sources.store.read(move |db| connections::get(db, &id)).await?;
    let leased = LeasedConnection::new(sources, lease, connection);
    give_up(&leased, List::ALL.iter().copied(), &outcome).await?;
    // It is only looked at where all went well.
    let schedule = Schedule { every: Duration::from_hours(1), full_every: Duration::ZERO, window: None };
    note(&leased, List::ALL, false, None, schedule, outcome).await
}

async fn note(
    leased: &LeasedConnection,
    lists: &'static [List],
    read: bool,
    memory: Option<String>,
    schedule: Schedule,
    outcome: Outcome,
) -> store::Result<()> {
    if let Outcome::Failed { problem, .. } = &outcome {
        tracing::warn!(code = problem.code, detail = problem.detail, "the poll failed");
    }
    let (lease, now, jitter) = (leased.lease.clone(), leased.ambient.now(), leased.ambient.fraction());
    let note = move |db: &mut WriteDb| {
        let ending = Ending { outcome: &outcome, memory, schedule: &schedule, jitter, lists, read, now };
        settle(db, &lease, &ending)
    };
    leased.store.write(note).await
}
