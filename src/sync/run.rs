//! The life of a run: asked for, started, ended.

use chrono::{DateTime, Utc};

use crate::{
    clock::Ambient,
    domain::{
        access::{Actor, Origin},
        audit::Act,
        ids::{ConnectionId, RunId},
        problem::Problem,
        words::{ActorKind, AuditAction, List, Mode, RunState},
    },
    store::{
        self, Result, WriteDb, audit,
        connections::Connection,
        lists,
        locks::{self, Locked},
        runs::{self, Counts, End, NewRun, Run},
    },
};

/// Asks for a run of a list at the next occasion. One that was asked for already is widened, not doubled.
pub fn request(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    list: List,
    mode: Mode,
) -> Result<Run> {
    let lock = locks::of(&connection.id).list(db, list)?;
    let id = match runs::in_state(db, &connection.id, list, RunState::Queued)? {
        Some(queued) => {
            if mode == Mode::Full {
                runs::widen(db, &queued.id)?;
            }
            queued.id
        }
        None => insert(db, ambient, connection, &lock, mode, RunState::Queued)?,
    };
    runs::get(db, &id)
}

/// Starts a run of a list: the one that was asked for, else a new one. A run of the list that still runs is a leftover
/// of a caller that went away: it ends as failed.
pub fn start(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    list: List,
    mode: Mode,
) -> Result<Run> {
    let now = ambient.now();
    let lock = locks::of(&connection.id).list(db, list)?;
    if let Some(left) = runs::in_state(db, &connection.id, list, RunState::Running)? {
        fail(db, &left.id, &abandoned(), now)?;
    }
    let id = match runs::in_state(db, &connection.id, list, RunState::Queued)? {
        Some(queued) => {
            runs::start(db, &queued.id, mode, now)?;
            queued.id
        }
        None => insert(db, ambient, connection, &lock, mode, RunState::Running)?,
    };
    lists::started(db, &lock, now)?;
    runs::get(db, &id)
}

/// Goes on with a run whose reader went away, from its progress; without one it begins again.
pub fn resume(db: &mut WriteDb, run: &Run) -> Result<()> {
    locks::of(&run.connection_id).list(db, run.list)?;
    if run.progress.is_none() {
        runs::forget_seen(db, &run.id)?;
    }
    Ok(())
}

fn insert(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    lock: &Locked<List>,
    mode: Mode,
    state: RunState,
) -> Result<RunId> {
    let now = ambient.now();
    let id = RunId::new(now, ambient.entropy.bytes());
    let new = NewRun { id: &id, company_id: &connection.company_id, lock, mode };
    runs::insert(db, new, state, now)?;
    Ok(id)
}

/// Ends a running run without judging absence: nobody is marked.
pub fn fail(db: &mut WriteDb, run_id: &RunId, problem: &Problem, now: DateTime<Utc>) -> Result<()> {
    let run = runs::get(db, run_id)?;
    // Before the run's row, as whoever finishes it does.
    let lock = locks::of(&run.connection_id).list(db, run.list)?;
    let end = End {
        state: RunState::Failed,
        reconciled: false,
        absent: 0,
        present_before: 0,
        problem: Some(problem),
    };
    runs::end(db, run_id, &end, now)?;
    // The next run that ends well tells what this one would have told.
    lists::unjudged(db, &lock, false, problem, now)?;
    ended(db, &lock, run_id)?;
    Ok(())
}

/// Counts a run that has just ended and logs how; the run. It holds nothing of anybody's data.
pub(super) fn ended(db: &mut WriteDb, lock: &Locked<List>, run_id: &RunId) -> Result<Run> {
    let run = runs::get(db, run_id)?;
    lists::count_run(db, lock, run.state)?;
    note(db, &run);
    let Counts { received, created, updated, unchanged } = run.counts;
    tracing::info!(
        connection = run.connection_id.as_str(),
        run = run.id.as_str(),
        list = run.list.as_str(),
        mode = run.mode.as_str(),
        state = run.state.as_str(),
        received,
        created,
        updated,
        unchanged,
        absent = run.absent,
        judged = run.reconciled,
        code = run.problem.as_ref().map(|problem| problem.code.as_str()),
        "a run ended"
    );
    Ok(run)
}

/// One row of the audit for all that a run has changed, however much. One that changed nothing has none.
fn note(db: &mut WriteDb, run: &Run) {
    let Counts { created, updated, .. } = run.counts;
    if run.state != RunState::Held && created + updated + run.absent == 0 {
        return;
    }
    let act = Act::new(AuditAction::RunEnded, "run", &run.id).of(&run.company_id);
    let act = act.with("connection_id", &run.connection_id).with("list", run.list).with("state", run.state);
    let act = act.with("created", created).with("updated", updated).with("absent", run.absent);
    let staging = Actor { kind: ActorKind::Worker, id: Some("staging".into()) };
    audit::note_by(db, &staging, &Origin::at(run.ended_at.unwrap_or(run.created_at)), act);
}

/// Ends every running run of a connection whose source went away.
pub fn abandon(db: &mut WriteDb, connection_id: &ConnectionId, now: DateTime<Utc>) -> Result<()> {
    // In the order of their lists' locks.
    let mut left = runs::running_of(db, connection_id)?;
    left.sort_by_key(|run| run.list);
    for run in left {
        match fail(db, &run.id, &abandoned(), now) {
            // It ended just now.
            Ok(()) | Err(store::Error::Stale(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn abandoned() -> Problem {
    Problem::new(
        "run_abandoned",
        "The list was broken off in the middle: the source, the way to it or the gateway stopped. Nobody was marked \
         absent; what had arrived is kept.",
        "Nothing to do: the next run reads the list again. If this repeats, look at the source's own log and at the \
         gateway's.",
    )
}

/// What a run is of, as [`store::records`] wants it.
pub fn place<'a>(run: &'a Run, lock: &'a Locked<List>, now: DateTime<Utc>) -> store::records::Place<'a> {
    store::records::Place { company_id: &run.company_id, lock, run_id: Some(&run.id), now }
}
