//! A whole list that comes in pages: page 1 begins it, each next one follows, the last one judges who is absent.
//!
//! Messages overtake each other: a page that is ahead waits for those before it. Pages carry no name of the list they
//! belong to, so a page belongs to the list whose page 1 came last before it. Only where no other list was under way
//! may pages come before their page 1, by a few minutes.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Ambient,
    domain::{
        hold::Gone,
        problem::Problem,
        record::Record,
        words::{List, Mode, RunState},
    },
    store::{
        self, Db, Result,
        connections::Connection,
        inbox::{self, Message},
        lists,
        runs::{self, Counts, Run},
    },
    sync::{ingest, reconcile, run},
};

use super::meaning::Outcome;

/// How long a list waits for its next page, and a page for those before it.
pub(super) const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// How much earlier than its page 1 a page may come.
const EARLY: TimeDelta = TimeDelta::minutes(5);

/// When a page that waits is looked at again, should it not be woken by the one before it.
const LOOK: TimeDelta = TimeDelta::seconds(30);

/// Why it waits: the page before it wakes it.
const WAITS: &str = "waits_for_page";

/// One page as it was told.
pub(super) struct Page<'a> {
    pub list: List,
    pub number: u32,
    pub last: bool,
    pub records: &'a [Record],
}

/// How far a list has come: kept with its run.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    page: u32,
    /// Pages that were received before are of an earlier list.
    from: DateTime<Utc>,
}

/// Takes a page in its turn.
pub(super) fn take(
    db: &mut Db,
    ambient: &Ambient,
    connection: &Connection,
    message: &Message,
    page: &Page<'_>,
) -> Result<Outcome> {
    let now = ambient.now();
    lists::lock(db, &connection.id, page.list)?;
    let reading = reading(db, &connection.id, page.list)?;
    if page.number <= 1 {
        // Whoever begins anew has given up the list before: what is left of it must not be taken for this one's.
        let from = if reading.is_some() { message.received_at } else { message.received_at - EARLY };
        let run = run::start(db, ambient, connection, page.list, Mode::Full)?;
        return add(db, ambient, &run, page, Progress { page: 1, from });
    }
    match reading {
        Some((_, progress)) if message.received_at < progress.from => Ok(Outcome::Dead(superseded(page))),
        // Sent twice under two names: what it says is seen, whichever of the two was meant.
        Some((run, progress)) if page.number <= progress.page => {
            stage(db, ambient, &run, page)?;
            Ok(Outcome::Done)
        }
        Some((run, progress)) if page.number == progress.page + 1 => {
            add(db, ambient, &run, page, Progress { page: page.number, ..progress })
        }
        _ if now - message.pending_since > PATIENCE => Ok(Outcome::Dead(missing(page))),
        _ => Ok(Outcome::Later { at: now + LOOK, problem: waits(page) }),
    }
}

/// The list that is under way.
fn reading(db: &mut Db, connection_id: &str, list: List) -> Result<Option<(Run, Progress)>> {
    let running = runs::in_state(db, connection_id, list, RunState::Running)?;
    let Some(run) = running.filter(|run| run.mode == Mode::Full) else { return Ok(None) };
    let progress = run.progress.as_deref().map(serde_json::from_str).transpose();
    let corrupt = |error: serde_json::Error| store::Error::Corrupt {
        what: "progress of a run",
        why: error.to_string(),
    };
    Ok(progress.map_err(corrupt)?.map(|progress| (run, progress)))
}

fn add(db: &mut Db, ambient: &Ambient, run: &Run, page: &Page<'_>, progress: Progress) -> Result<Outcome> {
    stage(db, ambient, run, page)?;
    let progress = serde_json::to_string(&progress)
        .map_err(|error| store::Error::Corrupt { what: "progress of a run", why: error.to_string() })?;
    runs::set_progress(db, &run.id, Some(&progress))?;
    if page.last {
        reconcile::finish(db, run, &Gone::NotSeen, None, ambient.now())?;
    } else {
        inbox::wake(db, &run.connection_id, WAITS, ambient.now())?;
    }
    Ok(Outcome::Done)
}

fn stage(db: &mut Db, ambient: &Ambient, run: &Run, page: &Page<'_>) -> Result<()> {
    for some in page.records.chunks(ingest::BATCH) {
        ingest::batch(db, ambient, run, some, None)?;
    }
    // An empty page is a sign of life as well.
    runs::advance(db, &run.id, Counts::default(), None, ambient.now())
}

fn waits(page: &Page<'_>) -> Problem {
    Problem::new(
        WAITS,
        format!("Page {} of the {} came before the pages in front of it.", page.number, page.list.plural()),
        "Nothing: it waits up to an hour for them.",
    )
}

fn missing(page: &Page<'_>) -> Problem {
    Problem::new(
        "page_missing",
        format!(
            "Page {} of the {} was kept for an hour, and the pages in front of it did not come.",
            page.number,
            page.list.plural()
        ),
        "Let the sender send the whole list again, from page 1. Nobody was marked absent.",
    )
}

fn superseded(page: &Page<'_>) -> Problem {
    Problem::new(
        "list_superseded",
        format!(
            "Page {} of the {} belongs to a whole list that was given up: a newer one has begun.",
            page.number,
            page.list.plural()
        ),
        "Nothing: the newer list says who is there. If it never ends, let the sender send it again, page 1 first.",
    )
}

/// Why a list ended whose pages have stopped coming.
pub(super) fn stopped() -> Problem {
    Problem::new(
        "list_incomplete",
        "The pages of the whole list stopped coming, so nobody was marked absent; what had arrived is kept.",
        "Let the sender send the whole list again, from page 1.",
    )
}
