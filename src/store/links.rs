//! Links: profile ↔ record. Two unique indexes keep them one to one.

use chrono::{DateTime, Utc};

use crate::domain::{
    access::Actor,
    ids::{AppId, CompanyId, ConnectionId, LinkId, ProfileKey, RecordId},
    words::{ActorKind, ChangeKind, List},
};

use super::{
    Db, Error, Page, PageLimit, Result, WriteDb,
    among::among,
    changes, companies, connections,
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
    pub id: LinkId,
    pub app_id: AppId,
    pub profile_key: ProfileKey,
    pub profile_id: String,
    pub profile_name: String,
    pub record_id: RecordId,
    pub connection_id: ConnectionId,
    pub company_id: CompanyId,
    pub list: List,
    pub linked_by: Actor,
    pub linked_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = links)]
#[doc(hidden)]
pub struct Row {
    id: LinkId,
    app_id: AppId,
    profile_key: ProfileKey,
    #[diesel(select_expression = profiles::profile_id)]
    profile_id: String,
    #[diesel(select_expression = profiles::name)]
    profile_name: String,
    record_id: RecordId,
    connection_id: ConnectionId,
    company_id: CompanyId,
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
    id: &LinkId,
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
fn hold_name(db: &mut WriteDb, record_id: &RecordId) -> Result<String> {
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
    (app_id, profile_id): (&AppId, &str),
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
pub fn of_record(db: &mut Db, app_id: &AppId, record_id: &RecordId) -> Result<Option<Link>> {
    Ok(links::table
        .inner_join(profiles::table)
        .filter(links::record_id.eq(record_id).and(links::app_id.eq(app_id)))
        .select(Link::as_select())
        .first(db)
        .optional()?)
}

/// A profile's link within a connection.
pub fn of_profile(
    db: &mut Db,
    profile_key: &ProfileKey,
    connection_id: &ConnectionId,
) -> Result<Option<Link>> {
    Ok(links::table
        .inner_join(profiles::table)
        .filter(links::profile_key.eq(profile_key).and(links::connection_id.eq(connection_id)))
        .select(Link::as_select())
        .first(db)
        .optional()?)
}

/// The links of these records that are an app's.
pub fn of_records(db: &mut Db, app_id: &AppId, record_ids: &[&str]) -> Result<Vec<Link>> {
    let of_app = links::table.inner_join(profiles::table).filter(links::app_id.eq(app_id)).order(links::id);
    // Each page that is read ends with this: the statements are such as are prepared once.
    Ok(match db.backend() {
        Backend::Postgres(mut connection) => of_app
            .filter(links::record_id.eq_any(record_ids))
            .select(Link::as_select())
            .load(&mut connection)?,
        Backend::Sqlite(mut connection) => of_app
            .filter(among(links::record_id, record_ids))
            .select(Link::as_select())
            .load(&mut connection)?,
    })
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
    company_id: &CompanyId,
    app_id: Option<&AppId>,
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
