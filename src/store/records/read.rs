//! How records are read by what names them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::{
    domain::{
        ids::{CompanyId, ConnectionId, RecordId, RunId},
        record::Record,
        words::List,
    },
    store::{
        Db, Error, Page, PageLimit, Result, connections,
        dsl::*,
        schema::{record_versions, records, run_absences},
        values::utc,
    },
};

use super::{LOOKUP, Staged};

pub fn get(db: &mut Db, list: List, id: &RecordId) -> Result<Staged> {
    let row = records::table
        .find(id)
        .filter(records::list.eq(list.as_str()))
        .filter(records::connection_id.ne_all(connections::deleted()))
        .select(Staged::as_select())
        .first(db)
        .optional()?;
    row.ok_or(Error::NotFound(list.as_str()))
}

/// The IDs of up to `most` records of these companies (all where none are given) whose IDs begin so. `beginning` is a prefix
/// of this list and hex digits.
pub fn beginning(
    db: &mut Db,
    list: List,
    among: Option<&[CompanyId]>,
    beginning: &str,
    most: u16,
) -> Result<Vec<RecordId>> {
    // Every digit of an ID sorts before `g`, so that the key's index finds them on both databases.
    let mut query = records::table
        .filter(records::id.ge(beginning.to_owned()).and(records::id.lt(format!("{beginning}g"))))
        .filter(records::list.eq(list.as_str()))
        .filter(records::connection_id.ne_all(connections::deleted()))
        .select(records::id)
        .order(records::id)
        .limit(i64::from(most))
        .into_boxed();
    if let Some(among) = among {
        query = query.filter(records::company_id.eq_any(among.to_vec()));
    }
    Ok(query.load(db)?)
}

/// By the source's own ID.
pub fn find(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    external_id: &str,
) -> Result<Option<Staged>> {
    Ok(records::table
        .filter(records::connection_id.eq(connection_id).and(records::list.eq(list.as_str())))
        .filter(records::external_id.eq(external_id))
        .select(Staged::as_select())
        .first(db)
        .optional()?)
}

/// Those of `external_ids` that are staged, by the source's own IDs.
pub fn find_all(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    external_ids: &[&str],
) -> Result<HashMap<String, Record>> {
    let mut found = HashMap::with_capacity(external_ids.len());
    for some in external_ids.chunks(LOOKUP) {
        let staged: Vec<Staged> = records::table
            .filter(records::connection_id.eq(connection_id).and(records::list.eq(list.as_str())))
            .filter(records::external_id.eq_any(some))
            .select(Staged::as_select())
            .load(db)?;
        found.extend(staged.into_iter().map(|it| (it.record.external_id.clone(), it.record)));
    }
    Ok(found)
}

/// The contents that were superseded, oldest first, with when each was.
pub fn versions(db: &mut Db, record_id: &RecordId) -> Result<Vec<(i32, Record, DateTime<Utc>)>> {
    let rows: Vec<(i32, String, NaiveDateTime)> = record_versions::table
        .filter(record_versions::record_id.eq(record_id))
        .order(record_versions::version)
        .select((record_versions::version, record_versions::content, record_versions::superseded_at))
        .load(db)?;
    rows.into_iter()
        .map(|(version, content, superseded_at)| {
            let record = serde_json::from_str(&content)
                .map_err(|error| Error::Corrupt { what: "version of a record", why: error.to_string() })?;
            Ok((version, record, utc(superseded_at)))
        })
        .collect()
}

/// The records that a run names as absent, in the order of their IDs.
pub fn of_absences(
    db: &mut Db,
    run_id: &RunId,
    after: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Staged>> {
    let mut query = run_absences::table
        .inner_join(records::table)
        .filter(run_absences::run_id.eq(run_id.to_owned()))
        .select(Staged::as_select())
        .order(run_absences::record_id)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(run_absences::record_id.gt(after.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// The names of records.
pub fn names(db: &mut Db, ids: &[&str]) -> Result<Vec<(RecordId, String)>> {
    Ok(records::table
        .filter(records::id.eq_any(ids.to_vec()))
        .select((records::id, records::name))
        .load(db)?)
}
