//! What is left of a deleted connection goes in small steps, so that nobody waits long for the database, and each step
//! may be the last before a restart: the connection's own row goes at the very end.

use chrono::{DateTime, Utc};

use crate::domain::words::{ChangeKind, List};

use super::{
    Db, Result, WriteDb, changes,
    dsl::*,
    gathered::{Changes, Entry},
    locks::{self, All, Locked},
    prune,
    schema::{
        connection_secrets, connections, desktop_files, hooks, inbox, links, polls, qbwc_sessions,
        record_versions, records, run_absences, run_seen, runs, told,
    },
    values::at,
};

/// Rows that one step deletes, at most.
pub const STEP: usize = 5000;

/// Rows of one statement.
const BATCH: usize = 500;

/// Takes a connection away from everybody at once. Its name is free again, and who polls it or works on its inbox has
/// lost the lease.
pub fn mark(db: &mut WriteDb, lock: &Locked<All>, now: DateTime<Utc>) -> Result<()> {
    let id = lock.connection_id();
    let set = (connections::deleted_at.eq(at(now)), connections::name.eq(id), connections::paused.eq(true));
    diesel::update(connections::table.find(id)).set(set).execute(db)?;
    diesel::delete(hooks::table.find(id)).execute(db)?;
    diesel::delete(polls::table.find(id)).execute(db)?;
    diesel::delete(desktop_files::table.find(id)).execute(db)?;
    diesel::delete(connection_secrets::table.filter(connection_secrets::connection_id.eq(id))).execute(db)?;
    Ok(())
}

/// The connections that were deleted and are not gone yet.
pub fn marked(db: &mut Db) -> Result<Vec<String>> {
    let marked = connections::table.filter(connections::deleted_at.is_not_null());
    Ok(marked.select(connections::id).order(connections::id).load(db)?)
}

/// Those of a company.
pub fn marked_of(db: &mut Db, company_id: &str) -> Result<Vec<String>> {
    let marked = connections::table.filter(connections::deleted_at.is_not_null());
    let theirs = marked.filter(connections::company_id.eq(company_id));
    Ok(theirs.select(connections::id).order(connections::id).load(db)?)
}

fn rows(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// Deletes up to `$left` rows of a table, by their key, and takes them off.
macro_rules! purge {
    ($db:ident, $left:ident, $table:ident, $key:ident: $type:ty, $which:expr) => {
        let keys: Vec<$type> =
            $table::table.filter($which).select($table::$key).limit(rows($left)).load($db)?;
        for some in keys.chunks(BATCH) {
            diesel::delete($table::table.filter($table::$key.eq_any(some.to_vec()))).execute($db)?;
        }
        $left -= keys.len();
    };
}

/// The same for a table whose key has two columns.
macro_rules! purge_pairs {
    ($db:ident, $left:ident, $table:ident, $first:ident: $one:ty, $second:ident: $other:ty, $which:expr) => {
        let mut keys: Vec<($one, $other)> = $table::table
            .filter($which)
            .select(($table::$first, $table::$second))
            .order(($table::$first, $table::$second))
            .limit(rows($left))
            .load($db)?;
        $left -= keys.len();
        if let Some((first, second)) = keys.pop() {
            let before = $table::$first.lt(first.clone());
            let with = $table::$first.eq(first).and($table::$second.le(second));
            diesel::delete($table::table.filter($which).filter(before.or(with))).execute($db)?;
        }
    };
}

/// A record that has gone with its connection: its ID, company, list, external ID and version.
type Gone = (String, String, List, String, i32);

/// Enters into the change feed that records of a connection are gone.
fn tell(db: &mut WriteDb, connection_id: &str, gone: &[Gone], now: DateTime<Utc>) -> Result<()> {
    for (id, company_id, list, external_id, version) in gone {
        let entry = Entry::of_record(ChangeKind::RecordRemoved, id, external_id, *version);
        let changes = Changes {
            connection_id: Some(connection_id.to_owned()),
            entries: vec![entry],
            ..Changes::new(company_id, *list, at(now))
        };
        changes::append(db, changes);
    }
    Ok(())
}

/// Deletes some of what is left of a connection that was deleted. Whether all is gone, the connection itself as well.
/// Each record that goes has an entry in the change feed.
///
/// # Errors
/// [`super::Error::NotFound`] where somebody else has done the last of it.
pub fn step(db: &mut WriteDb, id: &str, now: DateTime<Utc>) -> Result<bool> {
    // The rows of all of its locks go as well, and whoever has one of them may be waiting for the next.
    locks::of(id).every(db)?;
    let mut left = STEP;
    purge!(db, left, links, id: String, links::connection_id.eq(id));
    purge!(db, left, inbox, id: String, inbox::connection_id.eq(id));
    purge_pairs!(db, left, told, list: String, external_id: String, told::connection_id.eq(id));
    while left > 0 {
        let some: Vec<String> = records::table
            .filter(records::connection_id.eq(id))
            .select(records::id)
            .limit(rows(left.min(BATCH)))
            .load(db)?;
        if some.is_empty() {
            break;
        }
        purge_pairs!(db, left, record_versions, record_id: String, version: i32,
            record_versions::record_id.eq_any(some.clone()));
        purge_pairs!(db, left, run_absences, run_id: String, record_id: String,
            run_absences::record_id.eq_any(some.clone()));
        let ids: Vec<&str> = some.iter().take(left).map(String::as_str).collect();
        // As they are when they go: they may have been staged once more since they were looked up.
        let gone: Vec<Gone> = diesel::delete(records::table.filter(records::id.eq_any(ids)))
            .returning((
                records::id,
                records::company_id,
                records::list,
                records::external_id,
                records::version,
            ))
            .all_returned(db)?;
        left -= gone.len();
        if let Some((_, company_id, ..)) = gone.first() {
            prune::kept_changes(db, company_id, &some)?;
        }
        tell(db, id, &gone, now)?;
    }
    while left > 0 {
        let some: Vec<String> = runs::table
            .filter(runs::connection_id.eq(id))
            .select(runs::id)
            .limit(rows(left.min(BATCH)))
            .load(db)?;
        if some.is_empty() {
            break;
        }
        purge_pairs!(db, left, run_seen, run_id: String, batch: i32, run_seen::run_id.eq_any(some.clone()));
        purge!(db, left, runs, id: String, runs::id.eq_any(some.clone()));
    }
    purge!(db, left, qbwc_sessions, ticket_hash: Vec<u8>, qbwc_sessions::connection_id.eq(id));
    if left == 0 {
        return Ok(false);
    }
    // The few rows that are left go with it.
    diesel::delete(connections::table.find(id)).execute(db)?;
    Ok(true)
}
