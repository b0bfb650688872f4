//! The life of a run: asked for, started, ended, and decided where it was held.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        ids::{CompanyId, RunId},
        problem::Problem,
        words::{List, Mode, RunState},
    },
    store::{
        Error, Result, WriteDb,
        dsl::*,
        locks::Locked,
        schema::runs,
        values::{at, count},
    },
};

use super::{Counts, Decision, forget_seen};

/// What a new run is of.
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    pub id: &'a RunId,
    pub company_id: &'a CompanyId,
    /// The lock of its list.
    pub lock: &'a Locked<List>,
    pub mode: Mode,
}

/// Makes a run in `state`; one that has ended is made by [`insert_ended`].
///
/// # Errors
/// [`Error::Duplicate`] where one of that state is there for the list.
pub fn insert(db: &mut WriteDb, new: NewRun<'_>, state: RunState, now: DateTime<Utc>) -> Result<()> {
    let started = (state == RunState::Running).then(|| at(now));
    diesel::insert_into(runs::table)
        .values((
            (
                runs::id.eq(new.id),
                runs::company_id.eq(new.company_id),
                runs::connection_id.eq(new.lock.connection_id()),
            ),
            (
                runs::list.eq(new.lock.what().as_str()),
                runs::mode.eq(new.mode.as_str()),
                runs::state.eq(state.as_str()),
            ),
            (runs::created_at.eq(at(now)), runs::updated_at.eq(at(now)), runs::started_at.eq(started)),
            (
                runs::received.eq(0i64),
                runs::created.eq(0i64),
                runs::updated.eq(0i64),
                runs::unchanged.eq(0i64),
            ),
            (runs::absent.eq(0i64), runs::present_before.eq(0i64), runs::reconciled.eq(false)),
        ))
        .execute(db)?;
    Ok(())
}

/// Makes a run that has begun and ended at once, beside one that may be running.
///
/// # Errors
/// [`Error::Duplicate`] where it is held and another one is.
pub fn insert_ended(db: &mut WriteDb, new: NewRun<'_>, end: &End<'_>, now: DateTime<Utc>) -> Result<()> {
    insert(db, new, end.state, now)?;
    let set = (
        (runs::reconciled.eq(end.reconciled), runs::started_at.eq(at(now)), runs::ended_at.eq(at(now))),
        (runs::absent.eq(count(end.absent)), runs::present_before.eq(count(end.present_before))),
        runs::code.eq(end.problem.map(|problem| &problem.code)),
        runs::detail.eq(end.problem.map(|problem| &problem.detail)),
        runs::remedy.eq(end.problem.map(|problem| &problem.remedy)),
    );
    diesel::update(runs::table.find(new.id)).set(set).execute(db)?;
    Ok(())
}

/// Makes a queued run the running one.
///
/// # Errors
/// [`Error::Stale`] where it is no longer queued.
pub fn start(db: &mut WriteDb, id: &RunId, mode: Mode, now: DateTime<Utc>) -> Result<()> {
    let queued = runs::table.find(id).filter(runs::state.eq(RunState::Queued.as_str()));
    let set = (
        runs::state.eq(RunState::Running.as_str()),
        runs::mode.eq(mode.as_str()),
        runs::started_at.eq(at(now)),
        runs::updated_at.eq(at(now)),
    );
    match diesel::update(queued).set(set).execute(db)? {
        0 => Err(Error::Stale("run")),
        _ => Ok(()),
    }
}

/// Makes a queued run ask for the whole list.
pub fn widen(db: &mut WriteDb, id: &RunId) -> Result<()> {
    diesel::update(runs::table.find(id)).set(runs::mode.eq(Mode::Full.as_str())).execute(db)?;
    Ok(())
}

/// Adds a batch to a running run.
///
/// # Errors
/// [`Error::Stale`] where it does not run any more: its session was replaced or has expired.
pub fn advance(
    db: &mut WriteDb,
    id: &RunId,
    batch: Counts,
    high_water: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    let running = runs::table.find(id).filter(runs::state.eq(RunState::Running.as_str()));
    let set = (
        runs::received.eq(runs::received + count(batch.received)),
        runs::created.eq(runs::created + count(batch.created)),
        runs::updated.eq(runs::updated + count(batch.updated)),
        runs::unchanged.eq(runs::unchanged + count(batch.unchanged)),
        runs::updated_at.eq(at(now)),
    );
    if diesel::update(running).set(set).execute(db)? == 0 {
        return Err(Error::Stale("run"));
    }
    if let Some(high_water) = high_water {
        diesel::update(runs::table.find(id)).set(runs::high_water.eq(high_water)).execute(db)?;
    }
    Ok(())
}

/// Counts rows no longer that came twice, because their answer was sent twice. The second time nothing changed.
pub fn take_back(db: &mut WriteDb, id: &RunId, rows: u64) -> Result<()> {
    let twice =
        runs::table.find(id).filter(runs::unchanged.ge(count(rows)).and(runs::received.ge(count(rows))));
    let set =
        (runs::received.eq(runs::received - count(rows)), runs::unchanged.eq(runs::unchanged - count(rows)));
    diesel::update(twice).set(set).execute(db)?;
    Ok(())
}

/// Notes how far a running run has come: another gateway goes on from there.
pub fn set_progress(db: &mut WriteDb, id: &RunId, progress: Option<&str>) -> Result<()> {
    diesel::update(runs::table.find(id)).set(runs::progress.eq(progress)).execute(db)?;
    Ok(())
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct End<'a> {
    pub state: RunState,
    pub reconciled: bool,
    pub absent: u64,
    pub present_before: u64,
    pub problem: Option<&'a Problem>,
}

/// Ends a running run and empties its memory of what it saw.
///
/// # Errors
/// [`Error::Stale`] where it does not run any more.
pub fn end(db: &mut WriteDb, id: &RunId, end: &End<'_>, now: DateTime<Utc>) -> Result<()> {
    let running = runs::table.find(id).filter(runs::state.eq(RunState::Running.as_str()));
    let set = (
        (runs::state.eq(end.state.as_str()), runs::reconciled.eq(end.reconciled)),
        (runs::absent.eq(count(end.absent)), runs::present_before.eq(count(end.present_before))),
        (runs::updated_at.eq(at(now)), runs::ended_at.eq(at(now))),
        runs::code.eq(end.problem.map(|problem| &problem.code)),
        runs::detail.eq(end.problem.map(|problem| &problem.detail)),
        runs::remedy.eq(end.problem.map(|problem| &problem.remedy)),
    );
    if diesel::update(running).set(set).execute(db)? == 0 {
        return Err(Error::Stale("run"));
    }
    forget_seen(db, id)
}

/// Decides a hold: it becomes `state`, and `problem` takes the place of why it was held. `to_mark` absences are to be marked
/// after that.
///
/// # Errors
/// [`Error::Stale`] where it is not held (any more).
pub fn decide(
    db: &mut WriteDb,
    id: &RunId,
    state: RunState,
    decision: &Decision,
    to_mark: Option<u64>,
    problem: Option<&Problem>,
) -> Result<()> {
    let held = runs::table.find(id).filter(runs::state.eq(RunState::Held.as_str()));
    let (kind, by, name) = decision.by.columns();
    let set = (
        runs::state.eq(state.as_str()),
        runs::absent.eq(0i64),
        runs::to_mark.eq(to_mark.map(count)),
        runs::reconciled.eq(to_mark.is_some()),
        runs::code.eq(problem.map(|problem| &problem.code)),
        runs::detail.eq(problem.map(|problem| &problem.detail)),
        runs::remedy.eq(problem.map(|problem| &problem.remedy)),
        runs::decision.eq(&decision.decision),
        runs::decided_at.eq(at(decision.at)),
        (runs::decided_by_kind.eq(kind), runs::decided_by_id.eq(by), runs::decided_by_name.eq(name)),
        runs::updated_at.eq(at(decision.at)),
    );
    match diesel::update(held).set(set).execute(db)? {
        0 => Err(Error::Stale("run")),
        _ => Ok(()),
    }
}

/// Notes that an approved run has marked `absent` more; `to_mark` are left, `None` at the end.
pub fn marked(
    db: &mut WriteDb,
    id: &RunId,
    absent: u64,
    to_mark: Option<u64>,
    now: DateTime<Utc>,
) -> Result<()> {
    let set = (
        runs::absent.eq(runs::absent + count(absent)),
        runs::to_mark.eq(to_mark.map(count)),
        runs::updated_at.eq(at(now)),
    );
    diesel::update(runs::table.find(id)).set(set).execute(db)?;
    Ok(())
}
