//! Changes on their way into the feed. They are gathered while a transaction works, and written as the last thing before
//! its commit: each company has one counter, whose row is held from then on, so that positions become visible in their
//! order and without gaps. An identity column would give numbers out long before the commit, and a reader that has seen
//! 7 never comes back for 6. Nobody has to remember to write them, and the counter is held as short as can be.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
};

use crate::{
    domain::{
        ids::{CompanyId, RecordId},
        words::ChangeKind,
    },
    store::{
        Db, Result, WriteDb,
        db::Backend,
        db::per_backend,
        dsl::*,
        gathered::{Changes, Entry},
        schema::{changes, feed_positions, records},
        values::Stamp,
    },
};

/// Rows up to which PostgreSQL takes one INSERT; more are copied.
const BATCH: usize = 500;

/// Rows of one COPY: a large list does not stand twice in memory.
const COPY: usize = 5000;

/// Adds changes to the feed: at the end of the transaction.
pub(in crate::store) fn append(db: &mut WriteDb, new: Changes) {
    if !new.entries.is_empty() {
        db.changes.push(new);
    }
}

/// Writes what was gathered, as the last thing before the commit. The companies whose feeds have grown.
pub(in crate::store) fn write(db: &mut WriteDb) -> Result<Vec<CompanyId>> {
    let gathered = mem::take(&mut db.changes);
    // In the order of their IDs, as everybody takes them: two transactions of several companies would wait in a circle.
    let mut companies: BTreeMap<&CompanyId, Vec<&Changes>> = BTreeMap::new();
    for changes in &gathered {
        companies.entry(&changes.company_id).or_default().push(changes);
    }
    for (company_id, changes) in &companies {
        let count: usize = changes.iter().map(|changes| changes.entries.len()).sum();
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let last = take(db, company_id, count)?;
        let versions = versions(db, changes)?;
        let entries = changes.iter().flat_map(|changes| {
            let at = Stamp::from(changes.at);
            changes.entries.iter().map(move |entry| (*changes, at, entry))
        });
        let mut rows = (last - count + 1..).zip(entries).map(|(position, (common, at, entry))| {
            let version = entry.record_id.as_deref().and_then(|id| versions.get(id)).copied();
            Row { version: version.or(entry.version), ..Row::of(position, at, common, entry) }
        });
        insert(db, &mut rows)?;
    }
    Ok(companies.into_keys().cloned().collect())
}

/// Moves a company's counter on by `count`, and holds it until the commit; where it stands now.
fn take(db: &mut WriteDb, company_id: &CompanyId, count: i64) -> Result<i64> {
    db.order.feed(company_id);
    Ok(per_backend!(db, |connection| diesel::insert_into(feed_positions::table)
        .values((
            feed_positions::company_id.eq(company_id),
            feed_positions::last.eq(count),
            feed_positions::forgotten.eq(0i64)
        ))
        .on_conflict(feed_positions::company_id)
        .do_update()
        .set(feed_positions::last.eq(feed_positions::last + count))
        .returning(feed_positions::last)
        .returned(connection))?)
}

/// The present versions of the records whose links changed. PostgreSQL does not keep others from writing a record while it
/// is being linked: what was read before may be older than what the feed has told. Under the counter it is not.
fn versions(db: &mut Db, changes: &[&Changes]) -> Result<HashMap<RecordId, i32>> {
    let mut versions = HashMap::new();
    if let Backend::Postgres(mut connection) = db.backend() {
        let links = changes.iter().flat_map(|changes| &changes.entries);
        let links = links.filter(|entry| matches!(entry.kind, ChangeKind::Linked | ChangeKind::Unlinked));
        let linked: Vec<&str> = links.filter_map(|entry| entry.record_id.as_deref()).collect();
        for some in linked.chunks(BATCH) {
            let rows =
                records::table.filter(records::id.eq_any(some)).select((records::id, records::version));
            versions.extend(rows.load::<(RecordId, i32)>(&mut connection)?);
        }
    }
    Ok(versions)
}

#[derive(Insertable)]
#[diesel(table_name = changes, treat_none_as_default_value = false)]
struct Row<'a> {
    company_id: &'a str,
    position: i64,
    at: Stamp,
    kind: &'static str,
    list: &'static str,
    record_id: Option<&'a str>,
    external_id: Option<&'a str>,
    connection_id: Option<&'a str>,
    version: Option<i32>,
    app_id: Option<&'a str>,
    profile_id: Option<&'a str>,
    run_id: Option<&'a str>,
    actor_kind: Option<&'static str>,
    actor_id: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(position: i64, at: Stamp, common: &'a Changes, entry: &'a Entry) -> Self {
        Self {
            company_id: &common.company_id,
            position,
            at,
            kind: entry.kind.as_str(),
            list: common.list.as_str(),
            record_id: entry.record_id.as_deref(),
            external_id: entry.external_id.as_deref(),
            connection_id: common.connection_id.as_deref(),
            version: entry.version,
            app_id: common.app_id.as_deref(),
            profile_id: entry.profile_id.as_deref(),
            run_id: common.run_id.as_deref(),
            actor_kind: common.actor.as_ref().map(|actor| actor.kind.as_str()),
            actor_id: common.actor.as_ref().and_then(|actor| actor.id.as_deref()),
        }
    }
}

fn insert<'a>(db: &mut WriteDb, rows: &mut impl Iterator<Item = Row<'a>>) -> Result<()> {
    match db.backend() {
        Backend::Postgres(connection) => loop {
            let some: Vec<Row<'_>> = rows.take(COPY).collect();
            match some.len() {
                0 => return Ok(()),
                few if few <= BATCH => {
                    diesel::insert_into(changes::table).values(&some).execute(connection)?;
                }
                _ => {
                    diesel::copy_from(changes::table).from_insertable(some).execute(connection)?;
                }
            }
        },
        // A statement for one row is prepared once and kept; one for many is built and parsed each time.
        Backend::Sqlite(connection) => {
            for row in rows {
                diesel::insert_into(changes::table).values(&row).execute(connection)?;
            }
            Ok(())
        }
    }
}
