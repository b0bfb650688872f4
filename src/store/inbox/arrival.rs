//! The order in which messages of a connection arrived, which is what counts of two that say no time themselves. The
//! clocks of two gateways may be seconds apart, and one that is set right goes back: so the latest time that was given
//! is kept in the database, and each message gets a later one.

use chrono::{DateTime, NaiveDateTime, TimeDelta};

use crate::store::{
    Result, WriteDb,
    db::{Backend, per_backend},
    dsl::*,
    schema::{connections, inbox_clocks},
    values::Stamp,
};

use super::new_message::NewRow;

/// Gives rows, which stand together by their connections, times that are later than all that were given before. Among
/// each other they keep theirs.
///
/// # Errors
/// [`crate::store::Error::Referred`] where a connection is gone.
pub(super) fn give(db: &mut WriteDb, rows: &mut [NewRow<'_>]) -> Result<()> {
    for theirs in rows.chunk_by_mut(|one, next| one.connection_id == next.connection_id) {
        let times = theirs.iter().map(|row| row.received_at.time);
        let (Some(first), Some(last)) = (times.clone().min(), times.max()) else { continue };
        let connection_id = theirs.first().map_or("", |row| row.connection_id);
        let latest = hold(db, connection_id)?;
        let later = latest.map_or(TimeDelta::zero(), |latest| behind(latest, first));
        if !later.is_zero() {
            for row in theirs {
                row.received_at = Stamp::from(row.received_at.time + later);
            }
        }
        note(db, connection_id, last + later)?;
    }
    Ok(())
}

/// By how much a message that came at `first` must be put off to be later than `latest`.
fn behind(latest: NaiveDateTime, first: NaiveDateTime) -> TimeDelta {
    (latest + TimeDelta::microseconds(1) - first).max(TimeDelta::zero())
}

/// The latest time that was given. Nobody else gives one until the transaction ends.
fn hold(db: &mut WriteDb, connection_id: &str) -> Result<Option<NaiveDateTime>> {
    let latest = inbox_clocks::table.find(connection_id).select(inbox_clocks::latest);
    Ok(match db.backend() {
        Backend::Sqlite(connection) => latest.first(connection).optional()?,
        Backend::Postgres(connection) => {
            // Before its clock, as whoever deletes the connection goes.
            let there = connections::table.find(connection_id).select(connections::id);
            there.for_key_share().first::<String>(connection).optional()?;
            // What is not there cannot be held.
            diesel::insert_into(inbox_clocks::table)
                .values((
                    inbox_clocks::connection_id.eq(connection_id),
                    inbox_clocks::latest.eq(DateTime::UNIX_EPOCH.naive_utc()),
                ))
                .on_conflict_do_nothing()
                .execute(connection)?;
            latest.for_no_key_update().first(connection).optional()?
        }
    })
}

fn note(db: &mut WriteDb, connection_id: &str, latest: NaiveDateTime) -> Result<()> {
    per_backend!(db, |connection| diesel::insert_into(inbox_clocks::table)
        .values((inbox_clocks::connection_id.eq(connection_id), inbox_clocks::latest.eq(latest)))
        .on_conflict(inbox_clocks::connection_id)
        .do_update()
        .set(inbox_clocks::latest.eq(latest))
        .execute(connection))?;
    Ok(())
}
