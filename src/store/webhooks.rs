//! Connections whose webhooks were heard of: who works on each one's inbox, and what its setting up needs.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::domain::ids::ConnectionId;

use super::{
    Db, Error, Result, WriteDb, companies,
    db::per_backend,
    dsl::*,
    order::Lock,
    schema::{connections, hooks},
    values::{MaybeTime, at},
};

/// What is known of a connection's webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookState {
    pub last_received_at: Option<DateTime<Utc>>,
    /// The code that an administrator types in at the vendor, and when it came.
    pub verification: Option<(String, DateTime<Utc>)>,
    /// Whether the source is to have callbacks of ours.
    pub subscribed: bool,
    /// When these were last seen to be there; `None` where something has changed since.
    pub checked_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = hooks)]
struct Row {
    connection_id: ConnectionId,
    #[diesel(deserialize_as = MaybeTime)]
    last_received_at: Option<DateTime<Utc>>,
    verification_code: Option<String>,
    #[diesel(deserialize_as = MaybeTime)]
    verification_at: Option<DateTime<Utc>>,
    subscribed: bool,
    #[diesel(deserialize_as = MaybeTime)]
    checked_at: Option<DateTime<Utc>>,
}

impl From<Row> for WebhookState {
    fn from(row: Row) -> Self {
        Self {
            last_received_at: row.last_received_at,
            verification: row.verification_code.zip(row.verification_at),
            subscribed: row.subscribed,
            checked_at: row.checked_at,
        }
    }
}

pub fn get(db: &mut Db, connection_id: &ConnectionId) -> Result<WebhookState> {
    let row = hooks::table.find(connection_id).select(Row::as_select()).first(db).optional()?;
    Ok(row.map(WebhookState::from).unwrap_or_default())
}

/// Those of several connections, by their IDs; one of which nothing was heard is not among them.
pub fn of(db: &mut Db, connection_ids: &[&str]) -> Result<HashMap<ConnectionId, WebhookState>> {
    let rows = hooks::table.filter(hooks::connection_id.eq_any(connection_ids)).select(Row::as_select());
    let rows: Vec<Row> = rows.load(db)?;
    Ok(rows.into_iter().map(|row| (row.connection_id.clone(), row.into())).collect())
}

/// Makes the row of a connection that has none.
fn insert(db: &mut WriteDb, connection_id: &ConnectionId) -> Result<()> {
    db.order.take(connection_id, Lock::Inbox);
    per_backend!(db, |connection| diesel::insert_into(hooks::table)
        .values((hooks::connection_id.eq(connection_id), hooks::subscribed.eq(false), hooks::lease.eq(0i64)))
        .on_conflict_do_nothing()
        .execute(connection))?;
    Ok(())
}

/// Makes the row of a connection that is there and has none; also of one that is deleted and whose rows are still going:
/// who has just made its row refers to it, and would wait for whoever lets it go while that one waits for the reference.
///
/// # Errors
/// [`Error::NotFound`] where the connection has gone just now.
pub(super) fn ensure(db: &mut WriteDb, connection_id: &ConnectionId) -> Result<()> {
    let there = connections::table.find(connection_id).select(connections::id);
    if there.first::<ConnectionId>(db).optional()?.is_none() {
        return Ok(());
    }
    match insert(db, connection_id) {
        Err(Error::Referred(_)) => Err(Error::NotFound("connection")),
        done => done,
    }
}

/// Notes that callbacks are wanted, and when they were seen to be there.
///
/// # Errors
/// [`Error::Referred`] where the connection is gone.
pub fn subscribe(
    db: &mut WriteDb,
    connection_id: &ConnectionId,
    checked_at: Option<DateTime<Utc>>,
) -> Result<()> {
    insert(db, connection_id)?;
    let set = (hooks::subscribed.eq(true), hooks::checked_at.eq(checked_at.map(at)));
    diesel::update(hooks::table.find(connection_id)).set(set).execute(db)?;
    Ok(())
}

/// Notes that callbacks are wanted no more. Whether they were.
pub fn unsubscribe(db: &mut WriteDb, connection_id: &ConnectionId) -> Result<bool> {
    db.order.take(connection_id, Lock::Inbox);
    let wanted = hooks::table.find(connection_id).filter(hooks::subscribed.eq(true));
    let set = (hooks::subscribed.eq(false), hooks::checked_at.eq(None::<NaiveDateTime>));
    Ok(diesel::update(wanted).set(set).execute(db)? > 0)
}

/// Notes when callbacks were seen to be there. Whether they are still wanted.
pub fn checked(db: &mut WriteDb, connection_id: &ConnectionId, when: DateTime<Utc>) -> Result<bool> {
    db.order.take(connection_id, Lock::Inbox);
    let wanted = hooks::table.find(connection_id).filter(hooks::subscribed.eq(true));
    Ok(diesel::update(wanted).set(hooks::checked_at.eq(at(when))).execute(db)? > 0)
}

/// Has the callbacks looked at with the next poll.
pub fn recheck(db: &mut WriteDb, connection_id: &ConnectionId) -> Result<()> {
    db.order.take(connection_id, Lock::Inbox);
    let row = hooks::table.find(connection_id);
    diesel::update(row).set(hooks::checked_at.eq(None::<NaiveDateTime>)).execute(db)?;
    Ok(())
}

/// Takes the lease of a connection's inbox until `until`; its number, or `None` while another gateway has it.
///
/// # Errors
/// [`Error::Referred`] where the connection is gone.
pub fn claim(
    db: &mut WriteDb,
    connection_id: &ConnectionId,
    holder: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<i64>> {
    insert(db, connection_id)?;
    // One statement: of two gateways the second finds the row as the first has left it.
    let free = hooks::table
        .find(connection_id)
        .filter(hooks::leased_until.is_null().or(hooks::leased_until.le(at(now)).assume_not_null()));
    let set =
        (hooks::lease.eq(hooks::lease + 1), hooks::leased_by.eq(holder), hooks::leased_until.eq(at(until)));
    let lease: Option<i64> = diesel::update(free).set(set).returning(hooks::lease).returned(db).optional()?;
    match lease {
        // Looked at under the row's lock, for which whoever shuts the inbox waits.
        Some(_) if companies::closing_connections(db)?.iter().any(|id| id == connection_id) => {
            shut(db, connection_id)?;
            Ok(None)
        }
        lease => Ok(lease),
    }
}

/// Whoever works on the inbox loses the lease.
pub(super) fn shut(db: &mut WriteDb, connection_id: &ConnectionId) -> Result<()> {
    db.order.take(connection_id, Lock::Inbox);
    let set = (
        hooks::lease.eq(hooks::lease + 1),
        hooks::leased_by.eq(None::<String>),
        hooks::leased_until.eq(None::<NaiveDateTime>),
    );
    diesel::update(hooks::table.find(connection_id)).set(set).execute(db)?;
    Ok(())
}

/// Keeps the lease until `until`, and its row until the transaction ends: nobody else can take it before then.
///
/// # Errors
/// [`Error::Stale`] where another gateway has taken it.
pub fn hold(db: &mut WriteDb, connection_id: &ConnectionId, lease: i64, until: DateTime<Utc>) -> Result<()> {
    db.order.take(connection_id, Lock::Inbox);
    let held = hooks::table
        .find(connection_id)
        .filter(hooks::lease.eq(lease).and(hooks::leased_until.is_not_null()));
    match diesel::update(held).set(hooks::leased_until.eq(at(until))).execute(db)? {
        0 => Err(Error::Stale("inbox")),
        _ => Ok(()),
    }
}

/// Gives the lease back after a turn: others come first now. One that was lost is not touched.
pub fn release(db: &mut WriteDb, connection_id: &ConnectionId, lease: i64, now: DateTime<Utc>) -> Result<()> {
    db.order.take(connection_id, Lock::Inbox);
    let held = hooks::table.find(connection_id).filter(hooks::lease.eq(lease));
    let free = (
        hooks::leased_by.eq(None::<String>),
        hooks::leased_until.eq(None::<NaiveDateTime>),
        hooks::served_at.eq(at(now)),
    );
    diesel::update(held).set(free).execute(db)?;
    Ok(())
}

/// Notes when the newest message came.
pub fn received(db: &mut WriteDb, connection_id: &ConnectionId, newest: DateTime<Utc>) -> Result<()> {
    db.order.take(connection_id, Lock::Inbox);
    diesel::update(hooks::table.find(connection_id))
        .set(hooks::last_received_at.eq(at(newest)))
        .execute(db)?;
    Ok(())
}

/// Keeps the code with which an administrator proves to the vendor that the address is ours, unless a newer one is there.
pub fn set_verification(
    db: &mut WriteDb,
    connection_id: &ConnectionId,
    code: &str,
    when: DateTime<Utc>,
) -> Result<()> {
    db.order.take(connection_id, Lock::Inbox);
    let set = (hooks::verification_code.eq(code), hooks::verification_at.eq(at(when)));
    let older = hooks::verification_at.is_null().or(hooks::verification_at.le(at(when)).assume_not_null());
    diesel::update(hooks::table.find(connection_id).filter(older)).set(set).execute(db)?;
    Ok(())
}

/// Frees the leases of a gateway that has gone; how many there were.
pub fn free(db: &mut WriteDb, by: &str) -> Result<usize> {
    let set = (hooks::leased_by.eq(None::<String>), hooks::leased_until.eq(None::<NaiveDateTime>));
    Ok(diesel::update(hooks::table.filter(hooks::leased_by.eq(by))).set(set).execute(db)?)
}
