//! Forgets what has happened long ago, some rows at a time: each call is a small transaction of its own, to be called
//! until it has nothing left to do.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::dsl::exists;

use super::{
    Db, Result, WriteDb,
    dsl::*,
    schema::{changes, companies, connections, feed_positions, links, record_versions, run_absences, runs},
    values::at,
};
use crate::domain::{
    ids::{CompanyId, ConnectionId, RecordId, RunId},
    words::{ChangeKind, RunState},
};

/// Rows of one transaction: what is taken in meanwhile waits for no more than these.
const BATCH: i64 = 500;

/// Forgets a company's changes from before `before`, but for those that made a link that is still there: they stay in
/// their record's history, and the feed begins after them all the same. Of a company that is gone all go. How many
/// positions were dealt with.
pub fn changes(db: &mut WriteDb, company_id: &CompanyId, before: DateTime<Utc>) -> Result<usize> {
    let feed = feed_positions::table.find(company_id).select(feed_positions::forgotten);
    // Another gateway has dealt with all of it.
    let Some(forgotten) = feed.first::<i64>(db).optional()? else { return Ok(0) };
    let theirs = || changes::table.filter(changes::company_id.eq(company_id));
    if companies::table.find(company_id).count().get_result::<i64>(db)? == 0 {
        let some: Vec<i64> = theirs().select(changes::position).limit(BATCH).load(db)?;
        if some.is_empty() {
            diesel::delete(feed_positions::table.find(company_id)).execute(db)?;
        }
        return Ok(diesel::delete(theirs().filter(changes::position.eq_any(some))).execute(db)?);
    }
    let next: Vec<(i64, NaiveDateTime)> = theirs()
        .filter(changes::position.gt(forgotten))
        .order(changes::position)
        .limit(BATCH)
        .select((changes::position, changes::at))
        .load(db)?;
    // By position, up to the first that is young enough: a later one may have an earlier time.
    let old: Vec<i64> =
        next.into_iter().take_while(|(_, when)| *when < at(before)).map(|(position, _)| position).collect();
    let Some(last) = old.last().copied() else { return Ok(0) };
    let link = links::table
        .filter(links::record_id.nullable().eq(changes::record_id))
        .filter(links::app_id.nullable().eq(changes::app_id));
    let made_links: Vec<i64> = theirs()
        .filter(changes::position.gt(forgotten).and(changes::position.le(last)))
        .filter(changes::kind.eq(ChangeKind::Linked.as_str()).and(exists(link)))
        .select(changes::position)
        .load(db)?;
    let looked_at = old.len();
    let gone: Vec<i64> = old.into_iter().filter(|position| !made_links.contains(position)).collect();
    diesel::delete(theirs().filter(changes::position.eq_any(gone))).execute(db)?;
    // Another gateway may have come further. From here on no cursor before it is taken.
    db.order.feed(company_id);
    let behind = feed_positions::table.find(company_id).filter(feed_positions::forgotten.lt(last));
    diesel::update(behind).set(feed_positions::forgotten.eq(last)).execute(db)?;
    Ok(looked_at)
}

/// The companies that have a feed, those that are gone as well, in the order of their IDs.
pub fn feeds(db: &mut Db) -> Result<Vec<CompanyId>> {
    Ok(feed_positions::table.order(feed_positions::company_id).select(feed_positions::company_id).load(db)?)
}

/// Forgets what was kept of records' links beyond the beginning of the feed: the records go.
pub(super) fn kept_changes(db: &mut WriteDb, company_id: &CompanyId, record_ids: &[RecordId]) -> Result<()> {
    let forgotten: Option<i64> =
        feed_positions::table.find(company_id).select(feed_positions::forgotten).first(db).optional()?;
    let theirs = changes::table.filter(changes::company_id.eq(company_id));
    let theirs = theirs.filter(changes::record_id.eq_any(record_ids.iter().map(RecordId::as_str)));
    diesel::delete(theirs.filter(changes::position.le(forgotten.unwrap_or(0)))).execute(db)?;
    Ok(())
}

/// Forgets contents of records that were superseded before `before`; how many.
pub fn versions(db: &mut WriteDb, before: DateTime<Utc>) -> Result<usize> {
    let old: Vec<(RecordId, i32)> = record_versions::table
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
pub fn runs(db: &mut WriteDb, connection_id: &ConnectionId, before: DateTime<Utc>) -> Result<usize> {
    let kept = last_of_lists(db, connection_id)?;
    let ended = [RunState::Complete, RunState::Failed].map(RunState::as_str);
    let oldest: Vec<(RunId, Option<NaiveDateTime>)> = runs::table
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
fn absences(db: &mut WriteDb, run_id: &RunId) -> Result<usize> {
    let some: Vec<RecordId> = run_absences::table
        .filter(run_absences::run_id.eq(run_id))
        .select(run_absences::record_id)
        .limit(BATCH)
        .load(db)?;
    let theirs = run_absences::table.filter(run_absences::run_id.eq(run_id));
    Ok(diesel::delete(theirs.filter(run_absences::record_id.eq_any(some))).execute(db)?)
}

/// The runs that tell how each list of a connection stands.
fn last_of_lists(db: &mut Db, connection_id: &ConnectionId) -> Result<Vec<RunId>> {
    use diesel::dsl::max;
    let theirs = || runs::table.filter(runs::connection_id.eq(connection_id.to_owned())).group_by(runs::list);
    let last: Vec<Option<RunId>> = theirs().select(max(runs::id)).load(db)?;
    let complete = theirs().filter(runs::state.eq(RunState::Complete.as_str()));
    let complete: Vec<Option<RunId>> = complete.select(max(runs::id)).load(db)?;
    let judged: Vec<Option<RunId>> =
        theirs().filter(runs::reconciled.eq(true)).select(max(runs::id)).load(db)?;
    Ok([last, complete, judged].into_iter().flatten().flatten().collect())
}

/// The connections that have runs, in the order of their IDs.
pub fn connections(db: &mut Db) -> Result<Vec<ConnectionId>> {
    Ok(connections::table.order(connections::id).select(connections::id).load(db)?)
}
