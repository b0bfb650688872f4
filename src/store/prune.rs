//! Forgets what has happened long ago, some rows at a time: each call is a small transaction of its own, to be called
//! until it has nothing left to do.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{dsl::exists, prelude::*};

use crate::domain::words::{ChangeKind, RunState};

use super::{
    Db, Result,
    schema::{changes, connections, links, pruned, record_versions, run_absences, runs},
    values::at,
};

/// Rows of one transaction: what is taken in meanwhile waits for no more than these.
const BATCH: i64 = 500;

/// The row of [`pruned`] that tells how far the changes were looked through.
const CHANGES: &str = "changes";

/// Forgets changes from before `before`, but for those that made a link that is still there. How many were looked at.
pub fn changes(db: &mut Db, before: DateTime<Utc>) -> Result<usize> {
    let done: i64 = pruned::table.find(CHANGES).select(pruned::up_to).first(db)?;
    let next: Vec<(i64, NaiveDateTime)> = changes::table
        .filter(changes::seq.gt(done))
        .order(changes::seq)
        .limit(BATCH)
        .select((changes::seq, changes::at))
        .load(db)?;
    let old: Vec<i64> =
        next.into_iter().take_while(|(_, when)| *when < at(before)).map(|(seq, _)| seq).collect();
    let Some(last) = old.last().copied() else { return Ok(0) };
    let link = links::table
        .filter(links::record_id.eq(changes::record_id))
        .filter(links::app_id.nullable().eq(changes::app_id));
    let made_links: Vec<i64> = changes::table
        .filter(changes::seq.gt(done).and(changes::seq.le(last)))
        .filter(changes::kind.eq(ChangeKind::Linked.as_str()).and(exists(link)))
        .select(changes::seq)
        .load(db)?;
    let looked_at = old.len();
    let gone: Vec<i64> = old.into_iter().filter(|seq| !made_links.contains(seq)).collect();
    diesel::delete(changes::table.filter(changes::seq.eq_any(gone))).execute(db)?;
    // Another gateway may have come further.
    let behind = pruned::table.find(CHANGES).filter(pruned::up_to.lt(last));
    diesel::update(behind).set(pruned::up_to.eq(last)).execute(db)?;
    Ok(looked_at)
}

/// Forgets contents of records that were superseded before `before`; how many.
pub fn versions(db: &mut Db, before: DateTime<Utc>) -> Result<usize> {
    let old: Vec<(String, i32)> = record_versions::table
        .filter(record_versions::superseded_at.lt(at(before)))
        .order(record_versions::superseded_at)
        .limit(BATCH)
        .select((record_versions::record_id, record_versions::version))
        .load(db)?;
    for (record_id, version) in &old {
        diesel::delete(record_versions::table.find((record_id, version))).execute(db)?;
    }
    Ok(old.len())
}

/// Forgets a connection's runs that ended before `before`: not those that are held, nor of each list the last, the last
/// that is complete, and the last whose absences were judged. How many rows went.
pub fn runs(db: &mut Db, connection_id: &str, before: DateTime<Utc>) -> Result<usize> {
    let kept = last_of_lists(db, connection_id)?;
    let ended = [RunState::Complete, RunState::Failed].map(RunState::as_str);
    let oldest: Vec<(String, Option<NaiveDateTime>)> = runs::table
        .filter(runs::connection_id.eq(connection_id).and(runs::state.eq_any(ended)))
        .filter(runs::id.ne_all(kept))
        .order(runs::id)
        .limit(BATCH)
        .select((runs::id, runs::ended_at))
        .load(db)?;
    let is_old = |ended: &Option<NaiveDateTime>| ended.is_some_and(|ended| ended < at(before));
    let mut gone = 0;
    for (id, _) in oldest.into_iter().filter(|(_, ended)| is_old(ended)) {
        gone += absences(db, &id)?;
        if gone >= BATCH as usize {
            return Ok(gone);
        }
        gone += diesel::delete(runs::table.find(&id)).execute(db)?;
    }
    Ok(gone)
}

/// Forgets some of the names of a run's absences; how many.
fn absences(db: &mut Db, run_id: &str) -> Result<usize> {
    let some: Vec<String> = run_absences::table
        .filter(run_absences::run_id.eq(run_id))
        .select(run_absences::record_id)
        .limit(BATCH)
        .load(db)?;
    let theirs = run_absences::table.filter(run_absences::run_id.eq(run_id));
    Ok(diesel::delete(theirs.filter(run_absences::record_id.eq_any(some))).execute(db)?)
}

/// The runs that tell how each list of a connection stands.
fn last_of_lists(db: &mut Db, connection_id: &str) -> Result<Vec<String>> {
    use diesel::dsl::max;
    let theirs = || runs::table.filter(runs::connection_id.eq(connection_id.to_owned())).group_by(runs::list);
    let last: Vec<Option<String>> = theirs().select(max(runs::id)).load(db)?;
    let complete = theirs().filter(runs::state.eq(RunState::Complete.as_str()));
    let complete: Vec<Option<String>> = complete.select(max(runs::id)).load(db)?;
    let judged: Vec<Option<String>> =
        theirs().filter(runs::reconciled.eq(true)).select(max(runs::id)).load(db)?;
    Ok([last, complete, judged].into_iter().flatten().flatten().collect())
}

/// The connections that have runs, in the order of their IDs.
pub fn connections(db: &mut Db) -> Result<Vec<String>> {
    Ok(connections::table.order(connections::id).select(connections::id).load(db)?)
}
