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

/// Marks absent those whom the hold names and who were not seen again since.
///
/// # Errors
/// [`Error::Stale`] where the run is not held (any more).
pub fn approve(db: &mut Db, run_id: &str, by: &str, now: DateTime<Utc>) -> Result<Run> {
    let run = held(db, run_id)?;
    let mut marked = 0;
    loop {
        // Those marked are no longer among the present ones: each page is the first.
        let page = records::held_absences(db, run_id, None, PageLimit::SCAN)?;
        marked += page.rows.len() as u64;
        records::mark_absent(db, &place(&run, now), &page.rows)?;
        if !page.more {
            break;
        }
    }
    decide(db, run_id, RunState::Complete, "approved", by, marked, now)
}

/// Leaves everybody as they are.
///
/// # Errors
/// [`Error::Stale`] where the run is not held (any more).
pub fn reject(db: &mut Db, run_id: &str, by: &str, now: DateTime<Utc>) -> Result<Run> {
    held(db, run_id)?;
    decide(db, run_id, RunState::Failed, "rejected", by, 0, now)
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
    marked: u64,
    now: DateTime<Utc>,
) -> Result<Run> {
    let decision = Decision { decision: decision.into(), at: now, by: by.into() };
    runs::decide(db, run_id, state, &decision, marked)?;
    runs::get(db, run_id)
}
