//! The decision about a hold: a person's, once.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        access::{Denied, Grant, action},
        audit::Act,
        ids::RunId,
        problem::Problem,
        words::{AuditAction, List, Mode, RunState},
    },
    store::{
        self, PageLimit, WriteDb, audit, companies, lists,
        locks::{self, Locked},
        records,
        runs::{self, Decider, Decision, Run},
    },
};

use super::run::place;

/// Why a hold was not decided.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the run is not held, or not any more")]
    NotHeld,
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Approves a hold: the decision stands at once, and the first of those whom it names and who were not seen again since
/// are marked absent. Where there are more, [`go_on`] is to be called until it says that it is done. `name` is that of who decides.
///
/// # Errors
/// [`Error::NotHeld`].
pub fn approve(
    db: &mut WriteDb,
    grant: &Grant<action::DecideHolds>,
    run_id: &RunId,
    name: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Run, Error> {
    let (run, _) = held(db, grant, run_id)?;
    let decision = Decision { decision: "approved".into(), at: now, by: by(grant, name) };
    runs::decide(db, run_id, RunState::Complete, &decision, Some(run.absent), None)?;
    go_on(db, run_id, now)?;
    let act = decided(AuditAction::HoldApproved, &run, RunState::Complete).with("absent", run.absent);
    audit::note(db, grant, act);
    Ok(runs::get(db, run_id)?)
}

/// Marks some more of those whom an approved run names, with their entries in the change feed. Whether it is done.
pub fn go_on(db: &mut WriteDb, run_id: &RunId, now: DateTime<Utc>) -> store::Result<bool> {
    let run = runs::get(db, run_id)?;
    let lock = locks::of(&run.connection_id).list(db, run.list)?;
    let run = runs::get(db, run_id)?;
    let Some(left) = run.to_mark else { return Ok(true) };
    // Those marked are no longer among the present ones: each page is the first.
    let page = records::held_absences(db, run_id, None, PageLimit::SCAN)?;
    records::mark_absent(db, &place(&run, &lock, now), &page.rows)?;
    let marked = page.rows.len() as u64;
    runs::marked(db, run_id, marked, page.more.then_some(left.saturating_sub(marked)), now)?;
    Ok(!page.more)
}

/// Leaves everybody as they are.
///
/// # Errors
/// [`Error::NotHeld`].
pub fn reject(
    db: &mut WriteDb,
    grant: &Grant<action::DecideHolds>,
    run_id: &RunId,
    name: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Run, Error> {
    let (run, lock) = held(db, grant, run_id)?;
    audit::note(db, grant, decided(AuditAction::HoldRejected, &run, RunState::Failed));
    let decision = Decision { decision: "rejected".into(), at: now, by: by(grant, name) };
    runs::decide(db, run_id, RunState::Failed, &decision, None, Some(&rejected()))?;
    if run.mode == Mode::Full {
        // Who is gone is not known again: the list that would tell is not believed.
        lists::unjudged(db, &lock, true, &not_believed(run_id), now)?;
    }
    Ok(runs::get(db, run_id)?)
}

fn held(
    db: &mut WriteDb,
    grant: &Grant<action::DecideHolds>,
    run_id: &RunId,
) -> Result<(Run, Locked<List>), Error> {
    let run = runs::get(db, run_id)?;
    grant.covers(&run.company_id, "run")?;
    let lock = locks::of(&run.connection_id).list(db, run.list)?;
    companies::open(db, &run.company_id)?;
    let run = runs::get(db, run_id)?;
    if run.state == RunState::Held { Ok((run, lock)) } else { Err(Error::NotHeld) }
}

fn decided(action: AuditAction, run: &Run, state: RunState) -> Act {
    let act = Act::new(action, "run", &run.id).of(&run.company_id).with("connection_id", &run.connection_id);
    act.with("list", run.list).turned("state", Some(run.state), Some(state))
}

fn by(grant: &Grant<action::DecideHolds>, name: Option<&str>) -> Decider {
    Decider::Party { actor: grant.actor().clone(), name: name.map(str::to_owned) }
}

/// Why a run has failed whose absences a person did not believe.
fn rejected() -> Problem {
    Problem::new(
        "rejected",
        "The absences were rejected: everybody stays as they were.",
        "Put right at the source why its list was so short; the next whole list is judged anew.",
    )
}

/// Why nobody of a list can be marked absent whose last whole reading a person did not believe.
fn not_believed(run_id: &str) -> Problem {
    Problem::new(
        "rejected",
        format!("The list that came last is not believed: a person rejected the absences of run {run_id}."),
        "Put right at the source why its list was so short; the next whole list is judged anew.",
    )
}
