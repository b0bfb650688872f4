//! Work that one gateway at a time does for all: when each kind of it is due, and who does it.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{
    Error, Result, WriteDb,
    db::per_backend,
    dsl::*,
    schema::duties,
    values::{MaybeTime, Time, at},
};

/// The right to do one kind of work, until it runs out or another takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub name: &'static str,
    number: i64,
    by: String,
}

/// Leases are renewed every few seconds: one that holds for longer was taken by a clock that was ahead.
const LONGEST_LEASE: TimeDelta = TimeDelta::hours(1);

/// Who wants to do what.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    pub name: &'static str,
    pub by: &'a str,
    /// How often it is done: what is due later than that was planned by a clock that was ahead.
    pub every: TimeDelta,
    /// Whether it is to be done before it is due.
    pub early: bool,
    pub now: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = duties)]
struct Due {
    #[diesel(deserialize_as = Time)]
    next_at: DateTime<Utc>,
    #[diesel(deserialize_as = MaybeTime)]
    leased_until: Option<DateTime<Utc>>,
}

/// Takes the lease of a kind of work that is due and that nobody does.
pub fn claim(db: &mut WriteDb, claim: Claim<'_>) -> Result<Option<Lease>> {
    let now = at(claim.now);
    let row = duties::table.find(claim.name).select(Due::as_select()).first(db).optional()?;
    if let Some(Due { next_at, leased_until }) = row {
        // A tenth early will do: whose turn it is looks only once a period.
        let (from, to) = (claim.now + claim.every / 10, claim.now + claim.every);
        let planned = next_at > from && next_at <= to;
        let leased =
            leased_until.is_some_and(|until| until > claim.now && until <= claim.now + LONGEST_LEASE);
        if leased || (planned && !claim.early) {
            return Ok(None);
        }
    } else {
        insert(db, claim.name, claim.now)?;
    }
    // Of two gateways the second finds the row as the first has left it.
    let free = duties::leased_until
        .is_null()
        .or(duties::leased_until.le(now).assume_not_null())
        .or(duties::leased_until.gt(at(claim.now + LONGEST_LEASE)).assume_not_null());
    let set = (
        duties::lease.eq(duties::lease + 1),
        duties::leased_by.eq(claim.by),
        duties::leased_until.eq(at(claim.until)),
    );
    let number = diesel::update(duties::table.find(claim.name).filter(free))
        .set(set)
        .returning(duties::lease)
        .returned(db)
        .optional()?;
    Ok(number.map(|number| Lease { name: claim.name, number, by: claim.by.to_owned() }))
}

fn insert(db: &mut WriteDb, name: &str, now: DateTime<Utc>) -> Result<()> {
    let row = (duties::name.eq(name), duties::next_at.eq(at(now)), duties::lease.eq(0i64));
    per_backend!(db, |connection| diesel::insert_into(duties::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(connection))?;
    Ok(())
}

type Held<'a> = diesel::dsl::Filter<
    diesel::dsl::Find<duties::table, &'a str>,
    diesel::dsl::And<diesel::dsl::Eq<duties::lease, i64>, diesel::dsl::Eq<duties::leased_by, &'a str>>,
>;

fn held(lease: &Lease) -> Held<'_> {
    duties::table
        .find(lease.name)
        .filter(duties::lease.eq(lease.number).and(duties::leased_by.eq(&*lease.by)))
}

/// Keeps a lease until `until`.
///
/// # Errors
/// [`Error::Stale`] where it was lost.
pub fn renew(db: &mut WriteDb, lease: &Lease, until: DateTime<Utc>) -> Result<()> {
    let rows = diesel::update(held(lease)).set(duties::leased_until.eq(at(until))).execute(db)?;
    if rows == 0 { Err(Error::Stale("lease")) } else { Ok(()) }
}

/// Gives a lease back, with when the work is due again. One that was lost is not touched.
pub fn settle(db: &mut WriteDb, lease: &Lease, next_at: DateTime<Utc>) -> Result<()> {
    let set = (
        duties::next_at.eq(at(next_at)),
        duties::leased_by.eq(None::<String>),
        duties::leased_until.eq(None::<NaiveDateTime>),
    );
    diesel::update(held(lease)).set(set).execute(db)?;
    Ok(())
}

/// Frees the leases of a gateway that has gone; how many there were.
pub fn free(db: &mut WriteDb, by: &str) -> Result<usize> {
    let set = (duties::leased_by.eq(None::<String>), duties::leased_until.eq(None::<NaiveDateTime>));
    Ok(diesel::update(duties::table.filter(duties::leased_by.eq(by))).set(set).execute(db)?)
}
