//! The decision about a hold: a person's, once.

use chrono::{DateTime, Utc};

use crate::{
    domain::words::RunState,
    store::{
        Db, Error, PageLimit, Result, lists, records,
        runs::{self, Decision, Run},
    },
};

use super::run::place;

/// Approves a hold: the decision stands at once, and the first of those whom it names and who were not seen again since
/// are marked absent. Where there are more, [`go_on`] is to be called until it says that it is done.
///
/// # Errors
/// [`Error::Stale`] where the run is not held (any more).
pub fn approve(db: &mut Db, run_id: &str, by: &str, now: DateTime<Utc>) -> Result<Run> {
    let run = held(db, run_id)?;
    decide(db, run_id, RunState::Complete, "approved", by, Some(run.absent), now)?;
    go_on(db, run_id, now)?;
    runs::get(db, run_id)
}

/// Marks some more of those whom an approved run names, with their entries in the change feed. Whether it is done.
pub fn go_on(db: &mut Db, run_id: &str, now: DateTime<Utc>) -> Result<bool> {
    let run = runs::get(db, run_id)?;
    lists::lock(db, &run.connection_id, run.list)?;
    let run = runs::get(db, run_id)?;
    let Some(left) = run.to_mark else { return Ok(true) };
    // Those marked are no longer among the present ones: each page is the first.
    let page = records::held_absences(db, run_id, None, PageLimit::SCAN)?;
    records::mark_absent(db, &place(&run, now), &page.rows)?;
    let marked = page.rows.len() as u64;
    runs::marked(db, run_id, marked, page.more.then_some(left.saturating_sub(marked)), now)?;
    Ok(!page.more)
}

/// Leaves everybody as they are.
///
/// # Errors
/// [`Error::Stale`] where the run is not held (any more).
pub fn reject(db: &mut Db, run_id: &str, by: &str, now: DateTime<Utc>) -> Result<Run> {
    held(db, run_id)?;
    decide(db, run_id, RunState::Failed, "rejected", by, None, now)?;
    runs::get(db, run_id)
}

fn held(db: &mut Db, run_id: &str) -> Result<Run> {
    let run = runs::get(db, run_id)?;
    lists::lock(db, &run.connection_id, run.list)?;
    let run = runs::get(db, run_id)?;
    if run.state == RunState::Held { Ok(run) } else { Err(Error::Stale("run")) }
}

fn decide(
    db: &mut Db,
    run_id: &str,
    state: RunState,
    decision: &str,
    by: &str,
    to_mark: Option<u64>,
    now: DateTime<Utc>,
) -> Result<()> {
    let decision = Decision { decision: decision.into(), at: now, by: by.into() };
    runs::decide(db, run_id, state, &decision, to_mark)
}
