//! Sessions with the Web Connector: rows, so that any gateway serves any call and a restart goes on.

use chrono::{DateTime, Utc};

use crate::domain::words::SessionState;

use super::{
    Db, Error, Result, WriteDb,
    dsl::*,
    schema::qbwc_sessions,
    values::{Time, at},
};

/// One session, from `authenticate` to `closeConnection`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = qbwc_sessions)]
pub struct Session {
    /// The hash of the ticket: the ticket itself is not kept.
    pub ticket_hash: Vec<u8>,
    pub connection_id: String,
    pub state: SessionState,
    /// Counts the writes: a call that read an older one does not overwrite a newer.
    pub revision: i64,
    /// What is to be asked and what was last said, as JSON.
    pub plan: String,
    #[diesel(deserialize_as = Time)]
    pub last_seen_at: DateTime<Utc>,
}

/// Opens a session.
///
/// # Errors
/// [`Error::Duplicate`] where the connection has an open one: [`retire`] it first.
pub fn open(
    db: &mut WriteDb,
    ticket_hash: &[u8],
    connection_id: &str,
    plan: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(qbwc_sessions::table)
        .values((
            qbwc_sessions::ticket_hash.eq(ticket_hash),
            qbwc_sessions::connection_id.eq(connection_id),
            qbwc_sessions::state.eq(SessionState::Open.as_str()),
            qbwc_sessions::revision.eq(0i64),
            qbwc_sessions::plan.eq(plan),
            qbwc_sessions::created_at.eq(at(now)),
            qbwc_sessions::last_seen_at.eq(at(now)),
        ))
        .execute(db)?;
    Ok(())
}

/// The session of a ticket, whatever its state.
pub fn by_ticket(db: &mut Db, ticket_hash: &[u8]) -> Result<Option<Session>> {
    Ok(qbwc_sessions::table.find(ticket_hash).select(Session::as_select()).first(db).optional()?)
}

/// Writes what a call made of an open session.
///
/// # Errors
/// [`Error::Stale`] where another call wrote it, or it was closed, since it was read.
pub fn save(db: &mut WriteDb, session: &Session, now: DateTime<Utc>) -> Result<()> {
    let as_read = qbwc_sessions::table
        .find(session.ticket_hash.clone())
        .filter(qbwc_sessions::revision.eq(session.revision))
        .filter(qbwc_sessions::state.eq(SessionState::Open.as_str()));
    let set = (
        qbwc_sessions::plan.eq(&session.plan),
        qbwc_sessions::revision.eq(session.revision + 1),
        qbwc_sessions::last_seen_at.eq(at(now)),
    );
    match diesel::update(as_read).set(set).execute(db)? {
        0 => Err(Error::Stale("session")),
        _ => Ok(()),
    }
}

/// Ends a session, with the plan as it was left. One that has ended already stays as it was.
pub fn end(db: &mut WriteDb, session: &Session, state: SessionState, now: DateTime<Utc>) -> Result<()> {
    let open = qbwc_sessions::table
        .find(session.ticket_hash.clone())
        .filter(qbwc_sessions::state.eq(SessionState::Open.as_str()));
    let set = (
        qbwc_sessions::state.eq(state.as_str()),
        qbwc_sessions::plan.eq(&session.plan),
        qbwc_sessions::revision.eq(qbwc_sessions::revision + 1),
        qbwc_sessions::ended_at.eq(at(now)),
    );
    diesel::update(open).set(set).execute(db)?;
    Ok(())
}

/// Retires the connection's open session, if it has one.
pub fn retire(db: &mut WriteDb, connection_id: &str, now: DateTime<Utc>) -> Result<()> {
    let open = qbwc_sessions::table
        .filter(qbwc_sessions::connection_id.eq(connection_id))
        .filter(qbwc_sessions::state.eq(SessionState::Open.as_str()));
    let set = (
        qbwc_sessions::state.eq(SessionState::Retired.as_str()),
        qbwc_sessions::revision.eq(qbwc_sessions::revision + 1),
        qbwc_sessions::ended_at.eq(at(now)),
    );
    diesel::update(open).set(set).execute(db)?;
    Ok(())
}

/// Keeps something in the plan of a session that was retired.
pub fn annotate(db: &mut WriteDb, ticket_hash: &[u8], plan: &str) -> Result<()> {
    let retired = qbwc_sessions::table
        .find(ticket_hash)
        .filter(qbwc_sessions::state.eq(SessionState::Retired.as_str()));
    diesel::update(retired).set(qbwc_sessions::plan.eq(plan)).execute(db)?;
    Ok(())
}

/// Open sessions that were not heard of since `before`, in the order of their connections: that of their locks.
pub fn silent_since(db: &mut Db, before: DateTime<Utc>) -> Result<Vec<Session>> {
    Ok(qbwc_sessions::table
        .filter(qbwc_sessions::state.eq(SessionState::Open.as_str()))
        .filter(qbwc_sessions::last_seen_at.lt(at(before)))
        .order(qbwc_sessions::connection_id)
        .select(Session::as_select())
        .load(db)?)
}

/// Forgets some of the sessions that ended before `before`, the oldest first: those that are left have their turn next
/// time.
pub fn forget_ended(db: &mut WriteDb, before: DateTime<Utc>) -> Result<usize> {
    let oldest: Vec<Vec<u8>> = qbwc_sessions::table
        .filter(qbwc_sessions::ended_at.lt(at(before)))
        .order(qbwc_sessions::ended_at)
        .limit(500)
        .select(qbwc_sessions::ticket_hash)
        .load(db)?;
    Ok(diesel::delete(qbwc_sessions::table.filter(qbwc_sessions::ticket_hash.eq_any(oldest))).execute(db)?)
}

/// # Errors
/// [`Error::NotFound`] where the ticket names no session.
pub fn expect(db: &mut Db, ticket_hash: &[u8]) -> Result<Session> {
    by_ticket(db, ticket_hash)?.ok_or(Error::NotFound("session"))
}
