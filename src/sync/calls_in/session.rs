//! The calls of a session, its last word and its end.

use chrono::{DateTime, Duration, Utc};

use crate::{
    clock::Ambient,
    connectors::calls_in::Offer,
    domain::{
        ids::ConnectionId,
        secret::Secret,
        words::{ConnectionState, SessionState},
    },
    store::{self, Db, WriteDb, connections, locks, runs, sessions},
    sync::{
        run,
        status::{Status, status},
    },
};

use super::{Open, error::store_error, expired, of, retired, unknown_ticket};

/// How long a program may be silent within a session: its source may take minutes for an answer, and a dialog may be open
/// until somebody sees it.
pub(super) const SILENCE: Duration = Duration::hours(1);

/// How long sessions that ended are remembered, so that a late call still gets the right words.
const MEMORY: Duration = Duration::days(7);

/// The next request; empty where there is none, and the last error says why.
pub fn send(db: &mut WriteDb, ambient: &Ambient, offer: &Offer) -> store::Result<String> {
    let Ok(open) = Open::of(db, &offer.ticket, ambient.now())? else { return Ok(String::new()) };
    open.call(db, ambient, |connector, state, context| connector.request(state, context, offer))
}

/// The program could not open its source: the path of the file to try, or `None` to give up.
pub fn not_opened(
    db: &mut WriteDb,
    ambient: &Ambient,
    ticket: &str,
    code: &str,
) -> store::Result<Option<String>> {
    let Ok(open) = Open::of(db, ticket, ambient.now())? else { return Ok(None) };
    open.call(db, ambient, |connector, state, context| connector.not_opened(state, context, code))
}

/// What went wrong last: never empty, for a program may show an empty text as an unknown error.
pub fn last_error(db: &mut Db, ticket: &str) -> store::Result<String> {
    let hash = Secret::new(ticket).hash();
    let Some(session) = sessions::by_ticket(db, &hash.0)? else { return Ok(unknown_ticket().sentence()) };
    let connection = connections::get(db, &session.connection_id)?;
    let standing = of(&connection)?.standing(&session.plan).map_err(store_error)?;
    Ok(match (session.state, standing.problem) {
        (SessionState::Retired, _) => retired().sentence(),
        (SessionState::Expired, _) => expired(db, &session)?.sentence(),
        (_, Some(problem)) => problem.sentence(),
        (_, None) if !standing.done => {
            "The lists have not been read to their end yet. Run the update again.".into()
        }
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
    connection_id: &ConnectionId,
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

/// Ends a session; the text is shown by its program.
pub fn close(db: &mut WriteDb, ambient: &Ambient, ticket: &str) -> store::Result<String> {
    let now = ambient.now();
    let Ok(open) = Open::of(db, ticket, now)? else { return Ok("OK".into()) };
    let standing = open.connector.standing(&open.session.plan).map_err(store_error)?;
    run::abandon(db, &open.connection.id, now)?;
    sessions::end(db, &open.session, SessionState::Closed, now)?;
    match (standing.problem, standing.done) {
        (Some(problem), _) => return Ok(problem.detail),
        (None, false) => return Ok("Stopped before the lists were read to their end.".into()),
        (None, true) => {}
    }
    let mut done = Vec::new();
    for (list, run_id) in &standing.runs {
        let counts = runs::get(db, run_id)?.counts;
        done.push(format!("{}: {} new, {} changed", list.plural(), counts.created, counts.updated));
    }
    let counts = if done.is_empty() { String::new() } else { format!(" ({})", done.join("; ")) };
    Ok(match lacking(db, &open.connection.id, now)? {
        None => format!("OK{counts}"),
        Some((word, status)) => format!("{word}{counts}. {}", status.detail),
    })
}

/// Ends the sessions whose program has gone, and forgets old ones. How many were ended.
pub fn expire_silent(db: &mut WriteDb, ambient: &Ambient) -> store::Result<usize> {
    let now = ambient.now();
    let silent = sessions::silent_since(db, now - SILENCE)?;
    let mut ended = 0;
    for session in silent {
        locks::of(&session.connection_id).connection(db)?;
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
