//! Profiles: the apps' own people and customers.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};

use crate::domain::{
    access::Actor,
    details::Details,
    fold::fold,
    ids::{AppId, CompanyId, ConnectionId, ProfileKey},
    words::{ChangeKind, List},
};

use super::{
    Db, Error, Page, PageLimit, Result, WriteDb, apps, changes, companies, connections,
    db::AnyBackend,
    details,
    dsl::*,
    gathered::{Changes, Entry},
    schema::{links, profiles},
    values::{Time, at, contains},
};

/// An app's own user or customer.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = profiles)]
pub struct Profile {
    /// The row's own ID.
    #[diesel(column_name = id)]
    pub key: ProfileKey,
    pub app_id: AppId,
    pub list: List,
    /// The app's ID.
    pub profile_id: String,
    pub company_id: CompanyId,
    pub name: String,
    pub email: Option<String>,
    /// Of a customer's only.
    #[diesel(deserialize_as = details::Column)]
    pub details: Details,
    #[diesel(deserialize_as = Time)]
    pub created_at: DateTime<Utc>,
    #[diesel(deserialize_as = Time)]
    pub updated_at: DateTime<Utc>,
    pub sort_name: String,
}

fn search_text(profile_id: &str, name: &str, email: Option<&str>) -> String {
    [fold(name), fold(email.unwrap_or("")), fold(profile_id)].join("\n")
}

/// Adds a profile, with an entry in the change feed.
///
/// # Errors
/// [`Error::Duplicate`] where the app has a profile of that ID in that list; [`Error::Closing`].
pub fn insert(db: &mut WriteDb, profile: &Profile, actor: &Actor) -> Result<()> {
    companies::open(db, &profile.company_id)?;
    diesel::insert_into(profiles::table)
        .values((
            (profiles::id.eq(&profile.key), profiles::app_id.eq(&profile.app_id)),
            (profiles::list.eq(profile.list.as_str()), profiles::profile_id.eq(&profile.profile_id)),
            profiles::company_id.eq(&profile.company_id),
            (profiles::name.eq(&profile.name), profiles::email.eq(&profile.email)),
            profiles::details.eq(details::to_column(&profile.details)?),
            profiles::sort_name.eq(fold(&profile.name)),
            profiles::search_text.eq(search_text(
                &profile.profile_id,
                &profile.name,
                profile.email.as_deref(),
            )),
            (
                profiles::created_at.eq(at(profile.created_at)),
                profiles::updated_at.eq(at(profile.updated_at)),
            ),
        ))
        .execute(db)?;
    append(db, ChangeKind::ProfileCreated, profile, actor, profile.created_at);
    // The app's row is held from here on: its companies do not change until the commit.
    apps::check_sees(db, &profile.app_id, &profile.company_id)
}

fn append(db: &mut WriteDb, kind: ChangeKind, profile: &Profile, actor: &Actor, now: DateTime<Utc>) {
    let changes = Changes {
        app_id: Some(profile.app_id.clone()),
        actor: Some(actor.clone()),
        entries: vec![Entry::of_profile(kind, &profile.profile_id)],
        ..Changes::new(&profile.company_id, profile.list, at(now))
    };
    changes::append(db, changes);
}

/// Writes a profile's name, e-mail, address and description, with an entry in the change feed.
///
/// # Errors
/// [`Error::Stale`] where it was deleted meanwhile; [`Error::Closing`].
pub fn update(db: &mut WriteDb, profile: &Profile, actor: &Actor) -> Result<()> {
    companies::open(db, &profile.company_id)?;
    let updated = diesel::update(profiles::table.find(&profile.key))
        .set((
            profiles::name.eq(&profile.name),
            profiles::email.eq(&profile.email),
            profiles::details.eq(details::to_column(&profile.details)?),
            profiles::sort_name.eq(fold(&profile.name)),
            profiles::search_text.eq(search_text(
                &profile.profile_id,
                &profile.name,
                profile.email.as_deref(),
            )),
            profiles::updated_at.eq(at(profile.updated_at)),
        ))
        .execute(db)?;
    if updated == 0 {
        return Err(Error::Stale("profile"));
    }
    append(db, ChangeKind::ProfileUpdated, profile, actor, profile.updated_at);
    Ok(())
}

/// By the app's own ID.
pub fn find(db: &mut Db, app_id: &AppId, list: List, profile_id: &str) -> Result<Option<Profile>> {
    Ok(profiles::table
        .filter(profiles::app_id.eq(app_id).and(profiles::list.eq(list.as_str())))
        .filter(profiles::profile_id.eq(profile_id))
        .select(Profile::as_select())
        .first(db)
        .optional()?)
}

/// Deletes a profile, with an entry in the change feed.
///
/// # Errors
/// [`Error::Referred`] while it is linked.
pub fn delete(db: &mut WriteDb, profile: &Profile, actor: &Actor, now: DateTime<Utc>) -> Result<()> {
    let key = &profile.key;
    // What is left of links whose connection was deleted.
    let dead = links::table.filter(links::connection_id.eq_any(connections::deleted()));
    diesel::delete(dead.filter(links::profile_key.eq(key))).execute(db)?;
    if diesel::delete(profiles::table.find(key)).execute(db)? == 0 {
        return Err(Error::NotFound("profile"));
    }
    append(db, ChangeKind::ProfileRemoved, profile, actor, now);
    Ok(())
}

/// Which profiles of an app are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub company_id: Option<CompanyId>,
    pub linked: Option<bool>,
    /// The only connection whose links count for `linked`.
    pub connection_id: Option<ConnectionId>,
    /// Found anywhere in the name, e-mail and ID, case and accents aside.
    pub search: Option<String>,
}

/// A page of an app's profiles by name; `after` is the sort name and the key of the last row of the page before.
pub fn page(
    db: &mut Db,
    app_id: &AppId,
    list: List,
    filter: &Filter,
    after: Option<(String, ProfileKey)>,
    limit: PageLimit,
) -> Result<Page<Profile>> {
    let mut query = filtered(app_id, list, filter)
        .select(Profile::as_select())
        .order((profiles::sort_name, profiles::id))
        .limit(limit.and_one());
    if let Some((name, key)) = after {
        query = query
            .filter(profiles::sort_name.ge(name.clone()))
            .filter(profiles::sort_name.gt(name).or(profiles::id.gt(key)));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// How many of an app's profiles there are, counted to `most`.
pub fn count(db: &mut Db, app_id: &AppId, list: List, filter: &Filter, most: u16) -> Result<usize> {
    let keys: Vec<ProfileKey> =
        filtered(app_id, list, filter).select(profiles::id).limit(most.into()).load(db)?;
    Ok(keys.len())
}

fn filtered(app_id: &AppId, list: List, filter: &Filter) -> profiles::BoxedQuery<'static, AnyBackend> {
    let mut query = profiles::table
        .filter(profiles::app_id.eq(app_id.to_owned()).and(profiles::list.eq(list.as_str())))
        .into_boxed::<AnyBackend>();
    if let Some(company_id) = &filter.company_id {
        query = query.filter(profiles::company_id.eq(company_id.clone()));
    }
    if let Some(search) = &filter.search {
        query = query.filter(profiles::search_text.like(contains(&fold(search))).escape('\\'));
    }
    if let Some(linked) = filter.linked {
        let link = links::table.filter(links::profile_key.eq(profiles::id));
        let elsewhere = link.filter(links::connection_id.ne_all(connections::deleted()));
        query = match (&filter.connection_id, linked) {
            (Some(id), true) => query.filter(exists(link.filter(links::connection_id.eq(id.clone())))),
            (Some(id), false) => query.filter(not(exists(link.filter(links::connection_id.eq(id.clone()))))),
            (None, true) => query.filter(exists(elsewhere)),
            (None, false) => query.filter(not(exists(elsewhere))),
        };
    }
    query
}

/// The names of an app's profiles, by the app's own IDs.
pub fn names(db: &mut Db, app_id: &AppId, list: List, ids: &[&str]) -> Result<Vec<(String, String)>> {
    Ok(profiles::table
        .filter(profiles::app_id.eq(app_id).and(profiles::list.eq(list.as_str())))
        .filter(profiles::profile_id.eq_any(ids.to_vec()))
        .select((profiles::profile_id, profiles::name))
        .load(db)?)
}
