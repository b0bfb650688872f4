//! How records are written: only what changed, with what it was before and an entry in the change feed, in one
//! transaction under the list's lock.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::{
    sql_types::{Array, Text},
    upsert::excluded,
};

use crate::{
    domain::{
        ids::{CompanyId, ConnectionId, RecordId, RunId},
        record::{ContentHash, Record},
        words::{ChangeKind, List},
    },
    store::{
        Db, Error, Result, WriteDb, changes,
        db::Backend,
        db::per_backend,
        details,
        dsl::*,
        gathered::{Changes, Entry},
        locks::Locked,
        schema::{record_versions, records},
        values::{Stamp, at},
    },
};

use super::{LOOKUP, Staged, linked_names, record_columns, search};

/// Rows of one upsert: 32 columns each; larger batches were measured to gain nothing.
const BATCH: usize = 200;

/// Where, when and by which run records are written; a message of a webhook has none.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub company_id: &'a CompanyId,
    /// The lock of their list.
    pub lock: &'a Locked<List>,
    pub run_id: Option<&'a RunId>,
    pub now: DateTime<Utc>,
}

/// What is known of a record before a batch is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub id: RecordId,
    pub content_hash: Vec<u8>,
    pub version: i32,
    pub absent: bool,
    pub full_name: Option<String>,
}

/// What is made of a record for lists and searches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    pub sort_name: String,
    pub search_text: String,
}

impl Texts {
    pub fn of(record: &Record) -> Self {
        Self { sort_name: record.sort_name(), search_text: record.search_text() }
    }
}

/// One record to be written, new or in place of what was there.
#[derive(Debug)]
pub struct Write<'a> {
    pub id: RecordId,
    pub record: &'a Record,
    pub content_hash: ContentHash,
    /// Where they were made beforehand.
    pub texts: Option<Texts>,
    /// The version that it becomes; above 1 its present content is kept as the version before.
    pub version: i32,
    pub kind: ChangeKind,
}

/// Those of `external_ids` that are staged, by external ID.
pub fn known(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    external_ids: &[&str],
) -> Result<HashMap<String, Known>> {
    let mut found = HashMap::with_capacity(external_ids.len());
    // An array is one value to PostgreSQL, however long it is.
    let at_once = match db.backend() {
        Backend::Postgres(_) => external_ids.len().max(1),
        Backend::Sqlite(_) => LOOKUP,
    };
    for some in external_ids.chunks(at_once) {
        let rows = match db.backend() {
            Backend::Postgres(mut connection) => diesel::sql_query(KNOWN_ON_POSTGRES)
                .bind::<Array<Text>, _>(some)
                .bind::<Text, _>(connection_id)
                .bind::<Text, _>(list.as_str())
                .load_sql::<KnownRow>(&mut connection)?,
            Backend::Sqlite(mut connection) => records::table
                .filter(records::connection_id.eq(connection_id).and(records::list.eq(list.as_str())))
                .filter(records::external_id.eq_any(some))
                .select(KnownRow::as_select())
                .load(&mut connection)?,
        };
        for row in rows {
            let known = Known {
                id: row.id,
                content_hash: row.content_hash,
                version: row.version,
                absent: row.absent_at.is_some(),
                full_name: row.full_name,
            };
            found.insert(row.external_id, known);
        }
    }
    Ok(found)
}

/// One index look-up for each ID. Without statistics, as in a first load, the planner takes `= ANY` for a filter on the
/// whole list; `OFFSET 0` keeps it from turning this into that.
const KNOWN_ON_POSTGRES: &str = "SELECT found.* FROM unnest($1) AS wanted (external_id) CROSS JOIN LATERAL (
        SELECT external_id, id, content_hash, version, absent_at, full_name FROM records
        WHERE connection_id = $2 AND list = $3 AND external_id = wanted.external_id OFFSET 0
    ) AS found";

#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = records)]
struct KnownRow {
    external_id: String,
    id: RecordId,
    content_hash: Vec<u8>,
    version: i32,
    absent_at: Option<NaiveDateTime>,
    full_name: Option<String>,
}

macro_rules! new_row {
    ($($column:ident: $type:ty),+ $(,)?) => {
        #[derive(Insertable)]
        #[diesel(table_name = records, treat_none_as_default_value = false)]
        struct NewRow<'a> {
            id: &'a str,
            company_id: &'a str,
            connection_id: &'a str,
            list: &'static str,
            external_id: &'a str,
            content_hash: &'a [u8],
            version: i32,
            sort_name: String,
            search_text: String,
            $($column: &'a $type,)+
            details: Option<String>,
            absent_at: Option<NaiveDateTime>,
            created_at: Stamp,
            updated_at: Stamp,
        }

        impl<'a> NewRow<'a> {
            fn of(place: &Place<'a>, now: Stamp, write: &'a Write<'a>) -> Result<Self> {
                let record = write.record;
                let Texts { sort_name, search_text } =
                    write.texts.clone().unwrap_or_else(|| Texts::of(record));
                Ok(Self {
                    id: &write.id,
                    company_id: place.company_id,
                    connection_id: place.lock.connection_id(),
                    list: place.lock.what().as_str(),
                    external_id: &record.external_id,
                    content_hash: &write.content_hash,
                    version: write.version,
                    sort_name,
                    search_text,
                    $($column: &record.$column,)+
                    details: details::to_column(&record.details())?,
                    absent_at: None,
                    created_at: now,
                    updated_at: now,
                })
            }
        }

        /// Writes rows, in place of those that are there.
        fn overwrite(db: &mut WriteDb, rows: Vec<NewRow<'_>>) -> Result<()> {
            per_backend!(db, |connection| diesel::insert_into(records::table)
                .values(rows)
                .on_conflict((records::connection_id, records::list, records::external_id))
                .do_update()
                .set((
                    records::content_hash.eq(excluded(records::content_hash)),
                    records::version.eq(excluded(records::version)),
                    records::sort_name.eq(excluded(records::sort_name)),
                    records::search_text.eq(excluded(records::search_text)),
                    $(records::$column.eq(excluded(records::$column)),)+
                    records::details.eq(excluded(records::details)),
                    records::absent_at.eq(excluded(records::absent_at)),
                    records::updated_at.eq(excluded(records::updated_at)),
                ))
                .execute(connection))?;
            Ok(())
        }
    };
}
record_columns!(new_row!);

fn rows<'a>(place: &Place<'a>, now: Stamp, writes: &[&'a Write<'a>]) -> Result<Vec<NewRow<'a>>> {
    writes.iter().map(|write| NewRow::of(place, now, write)).collect()
}

/// Writes records, the content they supersede, and their changes. The external IDs must differ.
pub fn upsert(db: &mut WriteDb, place: &Place<'_>, writes: &[Write<'_>]) -> Result<()> {
    keep_versions(db, place, writes)?;
    let (new, known): (Vec<&Write<'_>>, Vec<_>) =
        writes.iter().partition(|write| write.kind == ChangeKind::Created);
    let now = Stamp::from(at(place.now));
    match db.backend() {
        // Nobody else adds to the list while it is locked, so new rows cannot be there already.
        Backend::Postgres(connection) if !new.is_empty() => {
            diesel::copy_from(records::table).from_insertable(rows(place, now, &new)?).execute(connection)?;
        }
        Backend::Postgres(_) => {}
        // A statement for one row is prepared once and kept; one for many is built and parsed each time.
        Backend::Sqlite(connection) => {
            for row in rows(place, now, &new)? {
                diesel::insert_into(records::table).values(row).execute(connection)?;
            }
        }
    }
    for some in known.chunks(BATCH) {
        overwrite(db, rows(place, now, some)?)?;
    }
    let rewritten: Vec<&str> = known.iter().map(|write| write.id.as_str()).collect();
    linked_names::follow(db, &rewritten)?;
    let written: Vec<&str> = writes.iter().map(|write| write.id.as_str()).collect();
    search::queue(db, place.lock, &written)?;
    let entry =
        |write: &Write<'_>| Entry::of_record(write.kind, &write.id, &write.record.external_id, write.version);
    changes::append(db, made_at(place, writes.iter().map(entry).collect()));
    Ok(())
}

/// Copies what is about to be superseded.
fn keep_versions(db: &mut WriteDb, place: &Place<'_>, writes: &[Write<'_>]) -> Result<()> {
    let becoming: HashMap<&str, i32> = writes
        .iter()
        .filter(|write| write.kind != ChangeKind::Created)
        .map(|write| (write.id.as_str(), write.version))
        .collect();
    let ids: Vec<&str> = becoming.keys().copied().collect();
    for some in ids.chunks(BATCH) {
        let before: Vec<Staged> =
            records::table.filter(records::id.eq_any(some.to_vec())).select(Staged::as_select()).load(db)?;
        let mut kept = Vec::with_capacity(before.len());
        for staged in before {
            // One that only came back keeps its content and its version.
            if becoming.get(staged.id.as_str()) == Some(&staged.version) {
                continue;
            }
            let content = serde_json::to_string(&staged.record)
                .map_err(|error| Error::Corrupt { what: "record", why: error.to_string() })?;
            kept.push((
                record_versions::record_id.eq(staged.id),
                record_versions::version.eq(staged.version),
                record_versions::content.eq(content),
                record_versions::superseded_at.eq(at(place.now)),
            ));
        }
        if !kept.is_empty() {
            per_backend!(db, |connection| diesel::insert_into(record_versions::table)
                .values(&kept)
                .execute(connection))?;
        }
    }
    Ok(())
}

/// Changes of records, made where and when `place` says.
pub(super) fn made_at(place: &Place<'_>, entries: Vec<Entry>) -> Changes {
    Changes {
        connection_id: Some(place.lock.connection_id().to_owned()),
        run_id: place.run_id.cloned(),
        entries,
        ..Changes::new(place.company_id, place.lock.what(), at(place.now))
    }
}
