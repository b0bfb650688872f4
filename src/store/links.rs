//! Links: profile ↔ record. Two unique indexes keep them one to one.

use chrono::{DateTime, Utc};

use crate::domain::{
    access::Actor,
    words::{ActorKind, ChangeKind, List},
};

use super::{
    Db, Error, Page, PageLimit, Result, WriteDb, changes, companies, connections,
    db::Backend,
    dsl::*,
    gathered::{Changes, Entry},
    profiles::Profile,
    records::Staged,
    schema::{links, profiles, records},
    values::{Time, at, loaded_as},
};

/// One link, with the app's ID on its other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub id: String,
    pub app_id: String,
    pub profile_key: String,
    pub profile_id: String,
    pub profile_name: String,
    pub record_id: String,
    pub connection_id: String,
    pub company_id: String,
    pub list: List,
    pub linked_by: Actor,
    pub linked_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = links)]
#[doc(hidden)]
pub struct Row {
    id: String,
    app_id: String,
    profile_key: String,
    #[diesel(select_expression = profiles::profile_id)]
    profile_id: String,
    #[diesel(select_expression = profiles::name)]
    profile_name: String,
    record_id: String,
    connection_id: String,
    company_id: String,
    list: List,
    linked_by_kind: ActorKind,
    linked_by_id: Option<String>,
    #[diesel(deserialize_as = Time)]
    linked_at: DateTime<Utc>,
}

loaded_as!(Row => Link);

impl From<Row> for Link {
    fn from(row: Row) -> Self {
        Self {
            list: row.list,
            id: row.id,
            app_id: row.app_id,
            profile_key: row.profile_key,
            profile_id: row.profile_id,
            profile_name: row.profile_name,
            record_id: row.record_id,
            connection_id: row.connection_id,
            company_id: row.company_id,
            linked_by: Actor { kind: row.linked_by_kind, id: row.linked_by_id },
            linked_at: row.linked_at,
        }
    }
}

/// Links a profile to a record, with an entry in the change feed.
///
/// # Errors
/// [`Error::Duplicate`] where the record has a profile of that app, or the profile a record of that connection.
pub fn insert(
    db: &mut WriteDb,
    id: &str,
    profile: &Profile,
    staged: &Staged,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<()> {
    companies::open(db, &staged.company_id)?;
    let sort_name = hold_name(db, &staged.id)?;
    diesel::insert_into(links::table)
        .values((
            (links::id.eq(id), links::app_id.eq(&profile.app_id), links::profile_key.eq(&profile.key)),
            (links::record_id.eq(&staged.id), links::connection_id.eq(&staged.connection_id)),
            (links::company_id.eq(&staged.company_id), links::list.eq(staged.list.as_str())),
            (links::linked_by_kind.eq(actor.kind.as_str()), links::linked_by_id.eq(&actor.id)),
            (links::linked_at.eq(at(now)), links::sort_name.eq(sort_name)),
        ))
        .execute(db)?;
    // Under the reference that was just made: it may have been deleted since the record was read.
    connections::get(db, &staged.connection_id)?;
    append(db, ChangeKind::Linked, staged, (&profile.app_id, &profile.profile_id), actor, now);
    Ok(())
}

/// A record's name as lists are sorted by it; it does not change until the transaction ends.
fn hold_name(db: &mut WriteDb, record_id: &str) -> Result<String> {
    let name = records::table.find(record_id).select(records::sort_name);
    let name = match db.backend() {
        Backend::Postgres(connection) => name.for_share().first(connection),
        Backend::Sqlite(connection) => name.first(connection),
    };
    name.optional()?.ok_or(Error::NotFound("record"))
}

/// Takes a link apart, with an entry in the change feed. Whether it was still there.
pub fn delete(
    db: &mut WriteDb,
    link: &Link,
    staged: &Staged,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<bool> {
    companies::open(db, &staged.company_id)?;
    if diesel::delete(links::table.find(&link.id)).execute(db)? == 0 {
        return Ok(false);
    }
    append(db, ChangeKind::Unlinked, staged, (&link.app_id, &link.profile_id), actor, now);
    Ok(true)
}

fn append(
    db: &mut WriteDb,
    kind: ChangeKind,
    staged: &Staged,
    (app_id, profile_id): (&str, &str),
    actor: &Actor,
    now: DateTime<Utc>,
) {
    let entry = Entry::of_record(kind, &staged.id, &staged.record.external_id, staged.version);
    let changes = Changes {
        connection_id: Some(staged.connection_id.clone()),
        app_id: Some(app_id.to_owned()),
        actor: Some(actor.clone()),
        entries: vec![Entry { profile_id: Some(profile_id.to_owned()), ..entry }],
        ..Changes::new(&staged.company_id, staged.list, at(now))
    };
    changes::append(db, changes);
}

/// An app's link of a record.
pub fn of_record(db: &mut Db, app_id: &str, record_id: &str) -> Result<Option<Link>> {
    Ok(links::table
        .inner_join(profiles::table)
        .filter(links::record_id.eq(record_id).and(links::app_id.eq(app_id)))
        .select(Link::as_select())
        .first(db)
        .optional()?)
}

/// A profile's link within a connection.
pub fn of_profile(db: &mut Db, profile_key: &str, connection_id: &str) -> Result<Option<Link>> {
    Ok(links::table
        .inner_join(profiles::table)
        .filter(links::profile_key.eq(profile_key).and(links::connection_id.eq(connection_id)))
        .select(Link::as_select())
        .first(db)
        .optional()?)
}

/// The links of these records: an app's, or all apps' where none is given.
pub fn of_records(db: &mut Db, app_id: Option<&str>, record_ids: &[&str]) -> Result<Vec<Link>> {
    let mut query = links::table
        .inner_join(profiles::table)
        .filter(links::record_id.eq_any(record_ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()))
        .select(Link::as_select())
        .order(links::id)
        .into_boxed();
    if let Some(app_id) = app_id {
        query = query.filter(links::app_id.eq(app_id.to_owned()));
    }
    Ok(query.load(db)?)
}

/// All links of these profiles.
pub fn of_profiles(db: &mut Db, profile_keys: &[&str]) -> Result<Vec<Link>> {
    Ok(links::table
        .inner_join(profiles::table)
        .filter(links::profile_key.eq_any(profile_keys.to_vec()))
        .filter(links::connection_id.ne_all(connections::deleted()))
        .select(Link::as_select())
        .order(links::id)
        .load(db)?)
}

/// A page of a company's links in the order of their IDs: an app's, or all apps' where none is given.
pub fn page(
    db: &mut Db,
    company_id: &str,
    app_id: Option<&str>,
    list: Option<List>,
    after: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Link>> {
    let mut query = links::table
        .inner_join(profiles::table)
        .filter(links::company_id.eq(company_id.to_owned()))
        .filter(links::connection_id.ne_all(connections::deleted()))
        .select(Link::as_select())
        .order(links::id)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(app_id) = app_id {
        query = query.filter(links::app_id.eq(app_id.to_owned()));
    }
    if let Some(list) = list {
        query = query.filter(links::list.eq(list.as_str()));
    }
    if let Some(after) = after {
        query = query.filter(links::id.gt(after.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}
