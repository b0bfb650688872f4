//! Clocks: the database server's own; and times that a clock noted while it was ahead. When that one is set right they lie
//! in the future, and what waits for them would wait for days.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::{dsl::sql, sql_types::Timestamp};

use crate::domain::{
    schedule::SKEW,
    words::{MessageState, SessionState},
};

use super::{
    Db, Result, WriteDb,
    db::Backend,
    dsl::*,
    schema::{connections, hooks, inbox, polls, qbwc_sessions, rate_limits},
    values::{at, utc},
};

/// Leases are renewed every few seconds, and vendors are believed for a day.
const LONGEST_LEASE: TimeDelta = TimeDelta::hours(1);
const LONGEST_CLOSED: TimeDelta = TimeDelta::hours(25);

/// The time of the database server; `None` where the database is a file, and its clock this computer's.
pub fn of_server(db: &mut Db) -> Result<Option<DateTime<Utc>>> {
    let Backend::Postgres(mut connection) = db.backend() else { return Ok(None) };
    let now = diesel::select(sql::<Timestamp>("clock_timestamp() AT TIME ZONE 'UTC'"));
    let now: NaiveDateTime = now.get_result(&mut connection)?;
    Ok(Some(utc(now)))
}

/// Makes due now what was put off by a clock that was ahead. How many rows that were; none in the ordinary course.
pub fn set_right(db: &mut WriteDb, now: DateTime<Utc>) -> Result<usize> {
    let ahead = at(now + SKEW);
    let mut rows = 0;
    // In the order in which others lock them: hooks, connections, polls.
    rows += diesel::update(hooks::table.filter(hooks::checked_at.gt(ahead).assume_not_null()))
        .set(hooks::checked_at.eq(None::<NaiveDateTime>))
        .execute(db)?;
    rows += diesel::update(
        hooks::table.filter(hooks::leased_until.gt(at(now + LONGEST_LEASE)).assume_not_null()),
    )
    .set(hooks::leased_until.eq(None::<NaiveDateTime>))
    .execute(db)?;
    rows += diesel::update(connections::table.filter(connections::last_seen_at.gt(ahead).assume_not_null()))
        .set(connections::last_seen_at.eq(at(now)))
        .execute(db)?;
    rows += diesel::update(polls::table.filter(polls::planned_at.gt(ahead).assume_not_null()))
        .set((polls::next_at.eq(at(now)), polls::planned_at.eq(at(now))))
        .execute(db)?;
    rows += diesel::update(
        polls::table.filter(polls::leased_until.gt(at(now + LONGEST_LEASE)).assume_not_null()),
    )
    .set(polls::leased_until.eq(at(now)))
    .execute(db)?;
    rows += diesel::update(
        rate_limits::table.filter(rate_limits::closed_until.gt(at(now + LONGEST_CLOSED)).assume_not_null()),
    )
    .set(rate_limits::closed_until.eq(None::<NaiveDateTime>))
    .execute(db)?;
    let waiting =
        inbox::table.filter(inbox::state.eq(MessageState::Pending.as_str()).and(inbox::updated_at.gt(ahead)));
    rows += diesel::update(waiting)
        .set((inbox::next_at.eq(at(now)), inbox::updated_at.eq(at(now)), inbox::pending_since.eq(at(now))))
        .execute(db)?;
    let open = qbwc_sessions::table.filter(
        qbwc_sessions::state.eq(SessionState::Open.as_str()).and(qbwc_sessions::last_seen_at.gt(ahead)),
    );
    rows += diesel::update(open).set(qbwc_sessions::last_seen_at.eq(at(now))).execute(db)?;
    Ok(rows)
}
