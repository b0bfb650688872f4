//! When each connection is polled, and who polls it: schedules and leases.
//!
//! Only the holder of a connection's lease may send requests for it and write what they bring. Each lease has a higher
//! number than the one before, so a holder that was away for too long cannot write any more.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{
    Db, Error, Result, WriteDb,
    db::Backend,
    db::per_backend,
    dsl::*,
    order::Lock,
    schema::{connections, polls},
    values::{MaybeTime, Time, at, loaded_as},
};

/// The right to poll one connection, until it runs out or another takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub connection_id: String,
    pub number: i64,
    pub by: String,
}

/// How a connection's polling stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    pub next_at: DateTime<Utc>,
    /// Polls that failed, in a row.
    pub failures: i32,
    pub last_ok_at: Option<DateTime<Utc>>,
    /// What the connector wanted remembered.
    pub memory: Option<String>,
    /// Since when it is polled, and until when the lease holds.
    pub leased: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = polls)]
#[doc(hidden)]
pub struct Row {
    #[diesel(deserialize_as = Time)]
    next_at: DateTime<Utc>,
    failures: i32,
    #[diesel(deserialize_as = MaybeTime)]
    last_ok_at: Option<DateTime<Utc>>,
    memory: Option<String>,
    #[diesel(deserialize_as = MaybeTime)]
    leased_at: Option<DateTime<Utc>>,
    #[diesel(deserialize_as = MaybeTime)]
    leased_until: Option<DateTime<Utc>>,
}

loaded_as!(Row => Poll);

impl From<Row> for Poll {
    fn from(row: Row) -> Self {
        Self {
            next_at: row.next_at,
            failures: row.failures,
            last_ok_at: row.last_ok_at,
            memory: row.memory,
            leased: row.leased_at.zip(row.leased_until),
        }
    }
}

/// Schedules a connection that was not scheduled.
pub fn insert(db: &mut WriteDb, connection_id: &str, next_at: DateTime<Utc>) -> Result<()> {
    let row = (
        polls::connection_id.eq(connection_id),
        polls::next_at.eq(at(next_at)),
        // It is made due now.
        polls::planned_at.eq(at(next_at)),
        polls::failures.eq(0),
        polls::lease.eq(0i64),
    );
    per_backend!(db, |connection| diesel::insert_into(polls::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(connection))?;
    Ok(())
}

pub fn get(db: &mut Db, connection_id: &str) -> Result<Poll> {
    let row = polls::table.find(connection_id).select(Poll::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("poll"))
}

/// How the polling of some connections stands, by their IDs.
pub fn of(db: &mut Db, connection_ids: &[&str]) -> Result<BTreeMap<String, Poll>> {
    let polls: Vec<(String, Poll)> = polls::table
        .filter(polls::connection_id.eq_any(connection_ids))
        .select((polls::connection_id, Poll::as_select()))
        .load(db)?;
    Ok(polls.into_iter().collect())
}

/// Takes the leases of up to `most` connections that are due and that nobody polls, the longest overdue first.
pub fn claim(
    db: &mut WriteDb,
    by: &str,
    most: u16,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Lease>> {
    let now = at(now);
    let due = || {
        let running = connections::table.filter(connections::paused.eq(false)).select(connections::id);
        polls::table
            .filter(polls::next_at.le(now))
            .filter(polls::leased_until.is_null().or(polls::leased_until.le(now).assume_not_null()))
            .filter(polls::connection_id.eq_any(running))
            .order(polls::next_at)
            .limit(i64::from(most))
            .select((polls::connection_id, polls::lease))
    };
    let due: Vec<(String, i64)> = match db.backend() {
        // Another gateway that claims at this moment takes others.
        Backend::Postgres(connection) => due().for_update().skip_locked().load(connection)?,
        Backend::Sqlite(connection) => due().load(connection)?,
    };
    let ids: Vec<&str> = due.iter().map(|(id, _)| id.as_str()).collect();
    diesel::update(polls::table.filter(polls::connection_id.eq_any(ids)))
        .set((
            polls::lease.eq(polls::lease + 1),
            polls::leased_by.eq(by),
            polls::leased_at.eq(now),
            polls::leased_until.eq(at(until)),
        ))
        .execute(db)?;
    let lease = |(connection_id, before): (String, i64)| Lease {
        connection_id,
        number: before.saturating_add(1),
        by: by.to_owned(),
    };
    Ok(due.into_iter().map(lease).collect())
}

type Held<'a> = diesel::dsl::Filter<
    diesel::dsl::Find<polls::table, &'a str>,
    diesel::dsl::And<diesel::dsl::Eq<polls::lease, i64>, diesel::dsl::Eq<polls::leased_by, &'a str>>,
>;

fn held(lease: &Lease) -> Held<'_> {
    polls::table
        .find(lease.connection_id.as_str())
        .filter(polls::lease.eq(lease.number).and(polls::leased_by.eq(lease.by.as_str())))
}

fn still(rows: usize) -> Result<()> {
    if rows == 0 { Err(Error::Stale("lease")) } else { Ok(()) }
}

/// Keeps a lease until `until`, and its row locked until the transaction ends: what is written with it is written by
/// its holder.
///
/// # Errors
/// [`Error::Stale`] where it was lost.
pub fn renew(db: &mut WriteDb, lease: &Lease, until: DateTime<Utc>) -> Result<()> {
    db.order.take(&lease.connection_id, Lock::Poll);
    still(diesel::update(held(lease)).set(polls::leased_until.eq(at(until))).execute(db)?)
}

/// How a poll ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub ended_at: DateTime<Utc>,
    pub next_at: DateTime<Utc>,
    pub failures: i32,
    /// When it went well.
    pub ok_at: Option<DateTime<Utc>>,
    pub memory: Option<String>,
}

/// Gives a lease back, with when the connection is due again.
///
/// # Errors
/// [`Error::Stale`] where it was lost.
pub fn settle(db: &mut WriteDb, lease: &Lease, settled: &Settled) -> Result<()> {
    db.order.take(&lease.connection_id, Lock::Poll);
    let set = (
        (polls::next_at.eq(at(settled.next_at)), polls::planned_at.eq(at(settled.ended_at))),
        polls::failures.eq(settled.failures),
        polls::memory.eq(&settled.memory),
        polls::leased_by.eq(None::<String>),
        polls::leased_at.eq(None::<NaiveDateTime>),
        polls::leased_until.eq(None::<NaiveDateTime>),
    );
    still(diesel::update(held(lease)).set(set).execute(db)?)?;
    if let Some(ok_at) = settled.ok_at {
        let row = polls::table.find(&lease.connection_id);
        diesel::update(row).set(polls::last_ok_at.eq(at(ok_at))).execute(db)?;
    }
    Ok(())
}

/// Gives a lease back as if nothing had happened: another gateway may go on at once.
pub fn release(db: &mut WriteDb, lease: &Lease) -> Result<()> {
    db.order.take(&lease.connection_id, Lock::Poll);
    let set = (
        polls::leased_by.eq(None::<String>),
        polls::leased_at.eq(None::<NaiveDateTime>),
        polls::leased_until.eq(None::<NaiveDateTime>),
    );
    diesel::update(held(lease)).set(set).execute(db)?;
    Ok(())
}

/// Gives a lease back, and the connection is due later.
///
/// # Errors
/// [`Error::Stale`] where it was lost.
pub fn put_off(db: &mut WriteDb, lease: &Lease, next_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    db.order.take(&lease.connection_id, Lock::Poll);
    let set = (polls::next_at.eq(at(next_at)), polls::planned_at.eq(at(now)));
    still(diesel::update(held(lease)).set(set).execute(db)?)?;
    release(db, lease)
}

/// Ends its polling: whoever polls it loses the lease, and it is not due again.
pub(super) fn shut(db: &mut WriteDb, connection_id: &str, now: DateTime<Utc>) -> Result<()> {
    db.order.take(connection_id, Lock::Poll);
    let set = (
        // Who claims at this moment looks at this row once more, and not at whether the connection is paused.
        polls::next_at.eq(at(now + TimeDelta::days(36_500))),
        polls::lease.eq(polls::lease + 1),
        polls::leased_by.eq(None::<String>),
        polls::leased_at.eq(None::<NaiveDateTime>),
        polls::leased_until.eq(None::<NaiveDateTime>),
    );
    diesel::update(polls::table.find(connection_id)).set(set).execute(db)?;
    Ok(())
}

/// The names of those who hold leases now.
pub fn claimed_by(db: &mut Db) -> Result<Vec<String>> {
    let by: Vec<Option<String>> = polls::table.select(polls::leased_by).distinct().load(db)?;
    Ok(by.into_iter().flatten().collect())
}

/// Frees all leases of a gateway that has gone; how many there were.
pub fn free(db: &mut WriteDb, by: &str) -> Result<usize> {
    let set = (
        polls::leased_by.eq(None::<String>),
        polls::leased_at.eq(None::<NaiveDateTime>),
        polls::leased_until.eq(None::<NaiveDateTime>),
    );
    Ok(diesel::update(polls::table.filter(polls::leased_by.eq(by))).set(set).execute(db)?)
}

/// Makes a connection due now, if it is not due earlier.
pub fn hurry(db: &mut WriteDb, connection_id: &str, now: DateTime<Utc>) -> Result<()> {
    db.order.take(connection_id, Lock::Poll);
    let later = polls::table.find(connection_id).filter(polls::next_at.gt(at(now)));
    diesel::update(later).set((polls::next_at.eq(at(now)), polls::planned_at.eq(at(now)))).execute(db)?;
    Ok(())
}

/// Begins anew, now: after the settings or secrets of a connection have changed. Whoever polls it loses the lease.
pub fn restart(db: &mut WriteDb, connection_id: &str, now: DateTime<Utc>) -> Result<()> {
    db.order.take(connection_id, Lock::Poll);
    let set = (
        (polls::next_at.eq(at(now)), polls::planned_at.eq(at(now))),
        (polls::failures.eq(0), polls::memory.eq(None::<String>)),
        // What it was reached with has not worked yet.
        polls::last_ok_at.eq(None::<NaiveDateTime>),
        polls::lease.eq(polls::lease + 1),
        polls::leased_by.eq(None::<String>),
        polls::leased_at.eq(None::<NaiveDateTime>),
        polls::leased_until.eq(None::<NaiveDateTime>),
    );
    diesel::update(polls::table.find(connection_id)).set(set).execute(db)?;
    Ok(())
}
