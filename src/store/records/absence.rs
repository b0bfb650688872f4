//! Who is no longer in the source's list: counted, named by a hold, marked.

use crate::{
    domain::words::{ChangeKind, List, RunState},
    store::{
        Db, Page, PageLimit, Result, WriteDb, changes,
        db::per_backend,
        dsl::*,
        gathered::Entry,
        locks::Locked,
        schema::{records, run_absences, runs},
        values::{at, uncount},
    },
};

use super::{
    LOOKUP,
    stage::{Place, made_at},
};

/// A record that is present: what absence is judged by.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = records)]
pub struct Present {
    pub external_id: String,
    pub id: String,
    pub version: i32,
}

/// The list's present records in the order of their external IDs.
pub fn present(
    db: &mut Db,
    connection_id: &str,
    list: List,
    after: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Present>> {
    let mut query = records::table
        .filter(records::connection_id.eq(connection_id.to_owned()).and(records::list.eq(list.as_str())))
        .filter(records::absent_at.is_null())
        .select(Present::as_select())
        .order(records::external_id)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(records::external_id.gt(after.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// How many of the list's records are present.
pub fn count_present(db: &mut Db, connection_id: &str, list: List) -> Result<u64> {
    let all =
        records::table.filter(records::connection_id.eq(connection_id).and(records::list.eq(list.as_str())));
    let known: i64 = all.count().get_result(db)?;
    let absent: i64 = all.filter(records::absent_at.is_not_null()).count().get_result(db)?;
    Ok(uncount(known - absent))
}

/// Marks records absent. Their links stay.
pub fn mark_absent(db: &mut WriteDb, place: &Place<'_>, gone: &[Present]) -> Result<()> {
    for some in gone.chunks(LOOKUP) {
        let ids: Vec<&str> = some.iter().map(|record| record.id.as_str()).collect();
        diesel::update(records::table.filter(records::id.eq_any(ids)))
            .set((records::absent_at.eq(at(place.now)), records::updated_at.eq(at(place.now))))
            .execute(db)?;
    }
    let entry = |record: &Present| {
        Entry::of_record(ChangeKind::Absent, &record.id, &record.external_id, record.version)
    };
    changes::append(db, made_at(place, gone.iter().map(entry).collect()));
    Ok(())
}

/// Names records as those whose absence a run found.
pub fn name_absences(db: &mut WriteDb, run_id: &str, gone: &[Present]) -> Result<()> {
    for some in gone.chunks(LOOKUP) {
        let rows: Vec<_> = some
            .iter()
            .map(|record| (run_absences::run_id.eq(run_id), run_absences::record_id.eq(&record.id)))
            .collect();
        per_backend!(db, |connection| diesel::insert_into(run_absences::table)
            .values(&rows)
            .execute(connection))?;
    }
    Ok(())
}

/// Takes records that were seen again off the hold of their list, and off the approved ones that still mark: they must
/// not be marked.
pub fn clear_absences(db: &mut WriteDb, lock: &Locked<List>, record_ids: &[&str]) -> Result<()> {
    let (connection_id, list) = (lock.connection_id(), lock.what());
    let waiting: Vec<String> = runs::table
        .filter(runs::connection_id.eq(connection_id).and(runs::list.eq(list.as_str())))
        .filter(runs::state.eq(RunState::Held.as_str()).or(runs::to_mark.is_not_null()))
        .select(runs::id)
        .load(db)?;
    if waiting.is_empty() {
        return Ok(());
    }
    for some in record_ids.chunks(LOOKUP) {
        let named = run_absences::table.filter(run_absences::run_id.eq_any(waiting.clone()));
        diesel::delete(named.filter(run_absences::record_id.eq_any(some.to_vec()))).execute(db)?;
    }
    Ok(())
}

/// Whether the hold of its list names a record: a person is asked already whether it is gone.
pub fn is_held(db: &mut Db, connection_id: &str, list: List, record_id: &str) -> Result<bool> {
    let named = run_absences::table
        .inner_join(runs::table.on(runs::id.eq(run_absences::run_id)))
        .filter(runs::connection_id.eq(connection_id).and(runs::list.eq(list.as_str())))
        .filter(runs::state.eq(RunState::Held.as_str()).and(run_absences::record_id.eq(record_id)));
    Ok(diesel::select(diesel::dsl::exists(named)).get_result(db)?)
}

/// The records that a held run names and that are still present, in the order of their IDs.
pub fn held_absences(
    db: &mut Db,
    run_id: &str,
    after: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Present>> {
    let mut query = run_absences::table
        .inner_join(records::table)
        .filter(run_absences::run_id.eq(run_id.to_owned()).and(records::absent_at.is_null()))
        .select(Present::as_select())
        .order(run_absences::record_id)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(run_absences::record_id.gt(after.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}
