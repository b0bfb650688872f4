//! Errors, the last word, and the end of a session.

use chrono::{DateTime, Duration, Utc};

use crate::{
    clock::Ambient,
    connectors::quickbooks_desktop::codes::{Response, hresult, hresult_problem},
    domain::{
        problem::Problem,
        secret::Secret,
        words::{ConnectionState, SessionState},
    },
    store::{self, Db, connections, desktop, runs, sessions},
    sync::{
        run,
        status::{Status, status},
    },
};

use super::{Open, expired, read_plan, retired, settings, unknown_ticket, write_plan};

/// How long the Web Connector may be silent within a session: QuickBooks may take minutes for an answer, and a dialog
/// may be open until somebody sees it.
pub const SILENCE: Duration = Duration::hours(1);

/// How long sessions that ended are remembered, so that a late call still gets the right words.
const MEMORY: Duration = Duration::days(7);

/// Ends what a session was doing: its run fails, nothing more is asked, and the connection shows why.
pub(super) fn stop(db: &mut Db, open: &mut Open, problem: &Problem, now: DateTime<Utc>) -> store::Result<()> {
    if let Some(run_id) = open.plan.current().and_then(|list| list.run_id.clone()) {
        run::fail(db, &run_id, problem, now)?;
    }
    open.plan.stopped = true;
    open.plan.problem = Some(problem.clone());
    connections::set_problem(db, &open.session.connection_id, Some(problem), now)
}

/// What `connectionError` answers: `done`, or the path of the company file to try.
pub fn connection_error(db: &mut Db, ambient: &Ambient, ticket: &str, code: &str) -> store::Result<String> {
    let now = ambient.now();
    let Ok(mut open) = Open::of(db, ticket, now)? else { return Ok("done".into()) };
    let connection = connections::get(db, &open.session.connection_id)?;
    if hresult(code).response == Response::RetryWithPath && !open.plan.path_was_told {
        let pinned = desktop::get(db, &connection.id)?.pinned_path;
        let path = Some(settings(&connection)?.path().to_owned()).filter(|path| !path.is_empty()).or(pinned);
        if let Some(path) = path.filter(|path| !path.is_empty()) {
            open.plan.path_was_told = true;
            open.save(db, now)?;
            return Ok(path);
        }
    }
    stop(db, &mut open, &hresult_problem(code), now)?;
    open.save(db, now)?;
    Ok("done".into())
}

/// What `getLastError` answers: never empty, for the Web Connector shows an empty one as an unknown error.
pub fn last_error(db: &mut Db, ticket: &str) -> store::Result<String> {
    let hash = Secret::new(ticket).hash();
    let Some(session) = sessions::by_ticket(db, &hash.0)? else { return Ok(unknown_ticket().sentence()) };
    let plan = read_plan(&session)?;
    let done = plan.current().is_none();
    Ok(match (session.state, plan.problem) {
        (SessionState::Retired, _) => retired().sentence(),
        (SessionState::Expired, _) => expired().sentence(),
        (_, Some(problem)) => problem.sentence(),
        (_, None) if !done => "The lists have not been read to their end yet. Run the update again.".into(),
        (_, None) => match lacking(db, &session.connection_id, session.last_seen_at)? {
            Some((_, status)) => format!("{} {}", status.detail, status.remedy),
            None => "There is nothing more to do: the lists are up to date.".into(),
        },
    })
}

/// What keeps lists that were read to their end from being up to date, with a word for it: a hold, or rows that may be
/// missing.
fn lacking(
    db: &mut Db,
    connection_id: &str,
    now: DateTime<Utc>,
) -> store::Result<Option<(&'static str, Status)>> {
    let connection = connections::get(db, connection_id)?;
    let status = status(db, &connection, now)?;
    Ok(match status.state {
        ConnectionState::Held => Some(("Held", status)),
        ConnectionState::Incomplete => Some(("Incomplete", status)),
        _ => None,
    })
}

/// Ends a session; the text is shown in the Web Connector's status column.
pub fn close(db: &mut Db, ambient: &Ambient, ticket: &str) -> store::Result<String> {
    let now = ambient.now();
    let Ok(mut open) = Open::of(db, ticket, now)? else { return Ok("OK".into()) };
    let done = open.plan.current().is_none();
    run::abandon(db, &open.session.connection_id, now)?;
    open.session.plan = write_plan(&open.plan)?;
    sessions::end(db, &open.session, SessionState::Closed, now)?;
    Ok(match (open.plan.problem, done) {
        (Some(problem), _) => problem.detail,
        (None, false) => "Stopped before the lists were read to their end.".into(),
        (None, true) => {
            let mut done = Vec::new();
            for list in &open.plan.lists {
                let Some(run_id) = &list.run_id else { continue };
                let counts = runs::get(db, run_id)?.counts;
                done.push(format!(
                    "{}: {} new, {} changed",
                    list.list.plural(),
                    counts.created,
                    counts.updated
                ));
            }
            let counts = if done.is_empty() { String::new() } else { format!(" ({})", done.join("; ")) };
            match lacking(db, &open.session.connection_id, now)? {
                None => format!("OK{counts}"),
                Some((word, status)) => format!("{word}{counts}. {}", status.detail),
            }
        }
    })
}

/// Ends the sessions whose Web Connector has gone, and forgets old ones. How many were ended.
pub fn expire_silent(db: &mut Db, ambient: &Ambient) -> store::Result<usize> {
    let now = ambient.now();
    let silent = sessions::silent_since(db, now - SILENCE)?;
    let mut ended = 0;
    for session in silent {
        connections::lock(db, &session.connection_id)?;
        // It may have called while this waited.
        let session = sessions::expect(db, &session.ticket_hash)?;
        if session.state != SessionState::Open || session.last_seen_at >= now - SILENCE {
            continue;
        }
        // One whose answer is still streaming in is not silent.
        let running = runs::running_of(db, &session.connection_id)?;
        if running.iter().any(|run| run.updated_at > now - SILENCE) {
            continue;
        }
        run::abandon(db, &session.connection_id, now)?;
        sessions::end(db, &session, SessionState::Expired, now)?;
        ended += 1;
    }
    sessions::forget_ended(db, now - MEMORY)?;
    Ok(ended)
}
