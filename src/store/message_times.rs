//! When the records of a connection that is pushed to were last told of: an older message overwrites nothing newer.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{dsl::sql, sql_types::Bool, upsert::excluded};

use crate::domain::{event::Moment, ids::ConnectionId, words::List};

use super::{
    Db, Result, WriteDb,
    db::Backend,
    dsl::*,
    locks::Locked,
    schema::{lists, told},
    values::{at, utc},
};

/// Rows of one statement.
const BATCH: usize = 500;

/// Those of `external_ids` of which something newer was told.
pub fn newer(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    external_ids: &[&str],
    than: Moment,
) -> Result<HashSet<String>> {
    let mut newer = HashSet::new();
    for some in external_ids.chunks(BATCH) {
        let ids: Vec<String> = told::table
            .filter(told::connection_id.eq(connection_id).and(told::list.eq(list.as_str())))
            .filter(told::external_id.eq_any(some))
            .filter(told::told_at.ge(at(than.at)))
            .filter(told::told_at.gt(at(than.at)).or(told::received_at.gt(at(than.received_at))))
            .select(told::external_id)
            .load(db)?;
        newer.extend(ids);
    }
    Ok(newer)
}

#[derive(Insertable)]
#[diesel(table_name = told)]
struct Row<'a> {
    connection_id: &'a str,
    list: &'static str,
    external_id: &'a str,
    told_at: NaiveDateTime,
    received_at: NaiveDateTime,
    removed: bool,
}

/// Notes that these were told of, in place of what was noted. The IDs must differ.
pub fn note(
    db: &mut WriteDb,
    lock: &Locked<List>,
    external_ids: &[&str],
    moment: Moment,
    removed: bool,
) -> Result<()> {
    let row = |external_id| Row {
        connection_id: lock.connection_id(),
        list: lock.what().as_str(),
        external_id,
        told_at: at(moment.at),
        received_at: at(moment.received_at),
        removed,
    };
    let key = (told::connection_id, told::list, told::external_id);
    let set = (
        told::told_at.eq(excluded(told::told_at)),
        told::received_at.eq(excluded(told::received_at)),
        told::removed.eq(excluded(told::removed)),
    );
    match db.backend() {
        Backend::Postgres(connection) => {
            for some in external_ids.chunks(BATCH) {
                let rows: Vec<Row<'_>> = some.iter().copied().map(row).collect();
                let insert = diesel::insert_into(told::table).values(&rows).on_conflict(key);
                insert.do_update().set(set).execute(connection)?;
            }
        }
        // A statement for one row is prepared once and kept; one for many is built and parsed each time.
        Backend::Sqlite(connection) => {
            for row in external_ids.iter().copied().map(row) {
                let insert = diesel::insert_into(told::table).values(&row).on_conflict(key);
                insert.do_update().set(set).execute(connection)?;
            }
        }
    }
    Ok(())
}

/// Some of those that were told to be there after `moment`, in the order of their IDs.
pub fn present_since(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    moment: Moment,
    after: Option<&str>,
) -> Result<Vec<String>> {
    let mut query = told::table
        .filter(told::connection_id.eq(connection_id.to_owned()).and(told::list.eq(list.as_str())))
        .filter(told::told_at.ge(at(moment.at)))
        .filter(told::told_at.gt(at(moment.at)).or(told::received_at.gt(at(moment.received_at))))
        .filter(diesel::dsl::not(told::removed))
        .select(told::external_id)
        .order(told::external_id)
        .limit(BATCH as i64)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(told::external_id.gt(after.to_owned()));
    }
    Ok(query.load(db)?)
}

/// When the newest whole list was told.
pub fn whole_list(db: &mut Db, connection_id: &ConnectionId, list: List) -> Result<Option<Moment>> {
    let row: Option<(Option<NaiveDateTime>, Option<NaiveDateTime>)> = lists::table
        .find((connection_id, list.as_str()))
        .select((lists::told_at, lists::told_received_at))
        .first(db)
        .optional()?;
    let moment = row.and_then(|(told_at, received_at)| told_at.zip(received_at));
    Ok(moment.map(|(told_at, received_at)| Moment { at: utc(told_at), received_at: utc(received_at) }))
}

/// Notes when the newest whole list was told.
pub fn note_whole_list(db: &mut WriteDb, lock: &Locked<List>, moment: Moment) -> Result<()> {
    let row = lists::table.find((lock.connection_id(), lock.what().as_str()));
    let set = (lists::told_at.eq(at(moment.at)), lists::told_received_at.eq(at(moment.received_at)));
    diesel::update(row).set(set).execute(db)?;
    Ok(())
}

/// Forgets some of those that were told to be gone before `before`; how many. To be called until it is none.
pub fn forget_removed(db: &mut WriteDb, before: DateTime<Utc>) -> Result<usize> {
    // The words of the partial index: neither engine takes one for a bound value.
    let removed = || told::table.filter(sql::<Bool>("told.removed"));
    let keys: Vec<(ConnectionId, String, String)> = removed()
        .filter(told::received_at.lt(at(before)))
        .select((told::connection_id, told::list, told::external_id))
        .limit(BATCH as i64)
        .load(db)?;
    let mut forgotten = 0;
    for (connection_id, list, external_id) in keys {
        let row = told::table.find((connection_id, list, external_id));
        // It may have been told of again since it was read.
        let still = row.filter(told::removed.and(told::received_at.lt(at(before))));
        forgotten += diesel::delete(still).execute(db)?;
    }
    Ok(forgotten)
}
