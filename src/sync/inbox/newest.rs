//! The newest word about each record counts, whatever the order in which messages, repetitions and replays come.
//!
//! Each record remembers when it was last told of, one that is gone as well; a whole list has told of everybody. What is
//! older than that is left out, and its message says so.

use std::{borrow::Cow, collections::HashSet};

use crate::{
    clock::Ambient,
    domain::{event::Moment, ids::ConnectionId, patch::Patch, problem::Problem, record::Record, words::List},
    store::{Db, Result, WriteDb, connections::Connection, locks::Locked, message_times, records},
    sync::{ingest, reconcile},
};

use super::outcome::{Outcome, place};

/// These records are as told.
pub(super) fn upserted(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    lock: &Locked<List>,
    records: &[Record],
    moment: Moment,
) -> Result<Outcome> {
    let place = place(connection, lock, ambient.now());
    let mut counted = 0;
    for some in records.chunks(ingest::BATCH) {
        let fresh = fresh(db, lock, some, moment)?;
        ingest::told(db, ambient, &place, &fresh)?;
        counted += fresh.len();
    }
    Ok(Outcome::Done(left_out(lock.what(), records.len(), counted)))
}

/// Some members of these records are as told.
pub(super) fn merged(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    lock: &Locked<List>,
    patches: &[Patch],
    moment: Moment,
) -> Result<Outcome> {
    let (list, mut counted) = (lock.what(), 0);
    for some in patches.chunks(ingest::BATCH) {
        let ids: Vec<&str> = some.iter().map(|patch| patch.record.external_id.as_str()).collect();
        let before = records::find_all(db, &connection.id, list, &ids)?;
        let merged = |patch: &Patch| patch.onto(list, before.get(&patch.record.external_id));
        let whole: Vec<Record> = some.iter().map(merged).collect();
        let fresh = fresh(db, lock, &whole, moment)?;
        ingest::told(db, ambient, &place(connection, lock, ambient.now()), &fresh)?;
        counted += fresh.len();
    }
    Ok(Outcome::Done(left_out(list, patches.len(), counted)))
}

/// These are gone.
pub(super) fn removed(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    lock: &Locked<List>,
    external_ids: &[String],
    moment: Moment,
) -> Result<Outcome> {
    let list = lock.what();
    let ids: Vec<&str> = external_ids.iter().map(String::as_str).collect();
    let older = older(db, &connection.id, list, &ids, moment)?;
    let gone: Vec<String> = external_ids.iter().filter(|id| !older.contains(*id)).cloned().collect();
    reconcile::removed(db, ambient, connection, lock, &gone)?;
    let ids: Vec<&str> = gone.iter().map(String::as_str).collect();
    message_times::note(db, lock, &ids, moment, true)?;
    Ok(Outcome::Done(left_out(list, external_ids.len(), gone.len())))
}

/// Those of `records` of which nothing newer was told; it is noted that they were told of.
pub(super) fn fresh<'a>(
    db: &mut WriteDb,
    lock: &Locked<List>,
    records: &'a [Record],
    moment: Moment,
) -> Result<Cow<'a, [Record]>> {
    let ids: Vec<&str> = records.iter().map(|record| record.external_id.as_str()).collect();
    let older = older(db, lock.connection_id(), lock.what(), &ids, moment)?;
    let is_fresh = |record: &&Record| !older.contains(&record.external_id);
    let fresh = match older.is_empty() {
        true => Cow::Borrowed(records),
        false => Cow::Owned(records.iter().filter(is_fresh).cloned().collect()),
    };
    let ids: Vec<&str> = fresh.iter().map(|record| record.external_id.as_str()).collect();
    message_times::note(db, lock, &ids, moment, false)?;
    Ok(fresh)
}

/// Those about whom `moment` is older than what was told.
fn older(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    external_ids: &[&str],
    moment: Moment,
) -> Result<HashSet<String>> {
    if message_times::whole_list(db, connection_id, list)?.is_some_and(|newest| newest > moment) {
        return Ok(external_ids.iter().map(|id| (*id).to_owned()).collect());
    }
    message_times::newer(db, connection_id, list, external_ids, moment)
}

/// What a message is told that was dealt with, but not in all it says.
pub(super) fn left_out(list: List, all: usize, counted: usize) -> Option<Problem> {
    let left = all.saturating_sub(counted);
    (left > 0).then(|| {
        Problem::new(
            "older",
            format!("Of {all} {}, {left} stay as something newer told them.", list.plural()),
            "Nothing. Should this message count, let the sender send it anew with the present time as `timestamp`.",
        )
    })
}
