//! Profiles: the apps' own people and customers.

mod write;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    clock::Ambient,
    domain::{
        access::{Acts, Attempt, Denied, Grant, action},
        ids::ProfileKey,
        words::List,
    },
    store::{Db, WriteDb, companies, links, profiles},
    sync::profile,
};

use super::{
    Refusal, Result,
    actor_names::ActorNames,
    find,
    page::{self, PageBody},
    schema::{self, Address},
};

pub use write::{Change, Input, MOST, Written, change, exists, put, put_all};

/// An app's own user or customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Profile {
    #[schema(schema_with = schema::lists)]
    pub list: List,
    /// The app's ID.
    pub profile_id: String,
    pub company_id: String,
    pub name: String,
    pub email: Option<String>,
    /// Where a customer is; always null for an employee.
    pub address: Option<Address>,
    /// What a customer is about; always null for an employee.
    pub description: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// At most one a connection.
    pub links: Vec<ProfileLink>,
}

/// A link as seen from the profile.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProfileLink {
    pub record_id: String,
    pub connection_id: String,
    pub linked_at: DateTime<Utc>,
    pub linked_by: String,
}

impl Profile {
    /// Adds their links to profiles, with one query.
    fn all(db: &mut Db, rows: Vec<profiles::Profile>) -> Result<Vec<Self>> {
        let keys: Vec<&str> = rows.iter().map(|profile| profile.key.as_str()).collect();
        let found = links::of_profiles(db, &keys)?;
        let names =
            ActorNames::read(db, found.iter().map(|link| (&link.linked_by, Some(link.app_id.as_str()))))?;
        let mut links: HashMap<ProfileKey, Vec<ProfileLink>> = HashMap::new();
        for link in found {
            let (key, link) = (link.profile_key.clone(), ProfileLink::new(link, &names));
            links.entry(key).or_default().push(link);
        }
        // A batch may name one profile twice.
        let own = |profile: &profiles::Profile| links.get(&profile.key).cloned().unwrap_or_default();
        Ok(rows.into_iter().map(|profile| Self::new(own(&profile), profile)).collect())
    }

    /// With its links.
    pub(super) fn one(db: &mut Db, profile: profiles::Profile) -> Result<Self> {
        let links = links::of_profiles(db, &[&profile.key])?;
        let names =
            ActorNames::read(db, links.iter().map(|link| (&link.linked_by, Some(link.app_id.as_str()))))?;
        let links = links.into_iter().map(|link| ProfileLink::new(link, &names)).collect();
        Ok(Self::new(links, profile))
    }

    fn new(links: Vec<ProfileLink>, profile: profiles::Profile) -> Self {
        Self {
            list: profile.list,
            profile_id: profile.profile_id,
            company_id: profile.company_id.into(),
            name: profile.name,
            email: profile.email,
            address: profile.details.address.map(Address::from),
            description: profile.details.description,
            created_at: profile.created_at,
            updated_at: profile.updated_at,
            links,
        }
    }
}

impl ProfileLink {
    fn new(link: links::Link, names: &ActorNames) -> Self {
        Self {
            linked_by: names.text(&link.linked_by, Some(&link.app_id)),
            record_id: link.record_id.into(),
            connection_id: link.connection_id.into(),
            linked_at: link.linked_at,
        }
    }
}

/// Which profiles are wanted, and which page of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProfilesQuery {
    /// Only this company's, by ID or name.
    pub company: Option<String>,
    /// Only those with a link, or only those without.
    pub linked: Option<bool>,
    /// With `linked`, the only connection whose links count: by ID, name, or `Company/Connection`.
    pub connection: Option<String>,
    /// Anywhere in the name, e-mail and ID; case and accents do not matter.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// An app's ID or name: whoever may act for several says so.
    pub app: Option<String>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    pub cursor: Option<String>,
}

/// A page of the app's profiles, by name.
///
/// # Errors
/// `company_not_found`, `connection_not_found`; `app_needed`; what [`page`] refuses.
pub fn list(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    list: List,
    query: &ProfilesQuery,
) -> Result<PageBody<Profile>> {
    let (limit, after) = page::read::<(String, ProfileKey)>(query.limit, query.cursor.as_deref())?;
    let search = page::search(query.q.clone())?;
    let company = query.company.as_deref().map(|name| find::company(db, attempt, name)).transpose()?;
    let connection =
        query.connection.as_deref().map(|name| find::connection(db, attempt, name)).transpose()?;
    let grant = attempt.throughout()?;
    let filter = profiles::Filter {
        company_id: company.map(|company| company.id),
        linked: query.linked,
        connection_id: connection.map(|connection| connection.id),
        search,
    };
    let page = profiles::page(db, &grant.app()?.id, list, &filter, after, limit)?;
    let last = page.rows.last().filter(|_| page.more);
    let next = last.map(|profile| (profile.sort_name.clone(), profile.key.clone()));
    PageBody::new(Profile::all(db, page.rows)?, next.as_ref())
}

/// A profile of the app, with its links.
///
/// # Errors
/// `profile_not_found`, `app_needed`.
pub fn show(db: &mut Db, attempt: &Attempt<action::Read>, list: List, profile_id: &str) -> Result<Profile> {
    let (_, profile) = found(db, attempt, list, profile_id)?;
    Profile::one(db, profile)
}

/// Removes a profile that is not linked.
///
/// # Errors
/// `profile_not_found`; `profile_linked` with its records; `app_needed`; `company_closing`.
pub fn remove(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    list: List,
    profile_id: &str,
) -> Result<Profile> {
    let (grant, profile) = found(db, attempt, list, profile_id)?;
    companies::open(db, &profile.company_id)?;
    let shown = Profile::new(Vec::new(), profile.clone());
    profile::delete(db, ambient, &grant, &profile)?;
    Ok(shown)
}

/// Removes a profile because its company goes.
///
/// # Errors
/// As [`remove`].
pub fn remove_with_company(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    list: List,
    profile_id: &str,
) -> Result<()> {
    let (grant, profile) = found(db, attempt, list, profile_id)?;
    Ok(profile::delete(db, ambient, &grant, &profile)?)
}

/// A profile of the app for which it is asked, and the grant to do the action on it.
fn found<A: Acts>(
    db: &mut Db,
    attempt: &Attempt<A>,
    list: List,
    profile_id: &str,
) -> Result<(Grant<A>, profiles::Profile)> {
    let app = attempt.app().ok_or(Denied::AppNeeded)?;
    let profile = profiles::find(db, &app.id, list, profile_id)?;
    let profile = profile.ok_or_else(|| Refusal::not_there("profile"))?;
    Ok((attempt.at(&profile.company_id, "profile")?, profile))
}
