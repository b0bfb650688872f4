//! Linking, unlinking, undoing, and the green plus (promises 4 to 6).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    clock::Ambient,
    domain::{
        access::{Attempt, action},
        ids::LinkId,
        words::List,
    },
    store::{Db, WriteDb, changes, links},
    sync::link,
};

use super::{
    Result,
    actor_names::ActorNames,
    find, input,
    page::{self, Keyset, PageBody, walk},
    profiles::Profile,
    schema,
};

/// A profile on one end, a record on the other.
#[derive(Debug, Serialize, ToSchema)]
pub struct Link {
    pub id: String,
    #[schema(schema_with = schema::lists)]
    pub list: List,
    pub app_id: String,
    pub profile_id: String,
    pub profile_name: String,
    pub record_id: String,
    pub connection_id: String,
    pub company_id: String,
    pub linked_at: DateTime<Utc>,
    pub linked_by: String,
}

impl Link {
    pub(super) fn all(db: &mut Db, links: Vec<links::Link>) -> Result<Vec<Self>> {
        let names =
            ActorNames::read(db, links.iter().map(|link| (&link.linked_by, Some(link.app_id.as_str()))))?;
        Ok(links.into_iter().map(|link| Self::new(link, &names)).collect())
    }

    fn one(db: &mut Db, link: links::Link) -> Result<Self> {
        let names = ActorNames::read(db, std::iter::once((&link.linked_by, Some(link.app_id.as_str()))))?;
        Ok(Self::new(link, &names))
    }

    fn new(link: links::Link, names: &ActorNames) -> Self {
        Self {
            linked_by: names.text(&link.linked_by, Some(&link.app_id)),
            id: link.id.into(),
            list: link.list,
            app_id: link.app_id.into(),
            profile_id: link.profile_id,
            profile_name: link.profile_name,
            record_id: link.record_id.into(),
            connection_id: link.connection_id.into(),
            company_id: link.company_id.into(),
            linked_at: link.linked_at,
        }
    }
}

/// Which links are wanted, and which page of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinksQuery {
    /// Only this company's, by ID or name.
    pub company: Option<String>,
    /// Only this list's.
    #[param(schema_with = schema::lists)]
    pub list: Option<List>,
    /// An app's ID or name: an admin sees only that app's links, else all.
    pub app: Option<String>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    pub cursor: Option<String>,
}

/// A page of links, company by company, oldest first. `app` says whether an app was named: otherwise an admin sees the
/// links of all apps.
///
/// # Errors
/// `company_not_found`; `bad_cursor` and what [`page`] refuses; `app_needed`.
pub fn list(db: &mut Db, attempt: &Attempt<action::Read>, query: &LinksQuery) -> Result<PageBody<Link>> {
    let (limit, from) = page::read::<Keyset<LinkId>>(query.limit, query.cursor.as_deref())?;
    let companies = find::company_ids(db, attempt, query.company.as_deref())?;
    let grant = attempt.throughout()?;
    let app = match grant.sees_all_apps() && query.app.is_none() {
        true => None,
        false => Some(grant.app()?.id.clone()),
    };
    let page = walk(companies, from.as_ref(), limit, |company, after, limit| {
        links::page(db, company, app.as_ref(), query.list, after.map(LinkId::as_str), limit)
    })?;
    let next = page
        .rows
        .last()
        .filter(|_| page.more)
        .map(|link| Keyset { company: link.company_id.clone(), after: link.id.clone() });
    PageBody::new(Link::all(db, page.rows)?, next.as_ref())
}

/// Links a profile to a record. The second value says whether the link is new.
///
/// # Errors
/// `{list}_not_found`, `profile_not_found`; `record_linked`, `profile_linked`, `other_company`; `app_needed`.
pub fn add(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    list: List,
    record: &str,
    profile_id: &str,
) -> Result<(Link, bool)> {
    let (grant, staged) = find::record(db, attempt, list, record)?;
    let linked = link::link(db, ambient, &grant, &staged, profile_id)?;
    Ok((Link::one(db, linked.link)?, linked.created))
}

/// The link that [`remove`] would take apart, if there is one.
///
/// # Errors
/// `{list}_not_found`, `app_needed`.
pub fn of(db: &mut Db, attempt: &Attempt<action::Link>, list: List, record: &str) -> Result<Option<Link>> {
    let (grant, staged) = find::record(db, attempt, list, record)?;
    let linked = links::of_records(db, &grant.app()?.id, &[&staged.id])?;
    Ok(Link::all(db, linked)?.pop())
}

/// Unlinks a record. `None` if there was no link.
///
/// # Errors
/// `{list}_not_found`, `app_needed`.
pub fn remove(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    list: List,
    record: &str,
) -> Result<Option<Link>> {
    let (grant, staged) = find::record(db, attempt, list, record)?;
    let link = link::unlink(db, ambient, &grant, &staged)?;
    link.map(|link| Link::one(db, link)).transpose()
}

/// A profile just made, and its link.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedProfile {
    pub profile: Profile,
    pub link: Link,
}

/// Makes a profile from a record and links it: the green plus. `profile_id` is the app's ID for it; without one, one is
/// made up.
///
/// # Errors
/// `{list}_not_found`, `invalid_profile_id`; `record_linked`, `profile_exists`; `app_needed`.
pub fn create_profile(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    list: List,
    record: &str,
    profile_id: Option<&str>,
) -> Result<CreatedProfile> {
    let (grant, staged) = find::record(db, attempt, list, record)?;
    profile_id.map(input::profile_id).transpose()?;
    let (profile, link) = link::create_profile(db, ambient, &grant, &staged, profile_id)?;
    let profile = Profile::one(db, profile)?;
    Ok(CreatedProfile { profile, link: Link::one(db, link)? })
}

/// What undoing has left.
#[derive(Debug, Serialize, ToSchema)]
pub struct Undone {
    /// The link as it is again; null where a link was taken apart.
    pub link: Option<Link>,
}

/// Whose change it is.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UndoQuery {
    /// The company whose change it is, by ID or name; may be left out where the token sees only one.
    pub company: Option<String>,
    /// An app's ID or name: whoever may act for several says so.
    pub app: Option<String>,
}

/// Undoes a link or an unlink of the app, named by the position of the change in the company's feed.
///
/// # Errors
/// `company_needed`, `change_not_found`; `not_undoable`, `cannot_be_undone`, and what [`add`] refuses.
pub fn undo(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    company: Option<&str>,
    position: i64,
) -> Result<Undone> {
    let company_id = find::one_company(db, attempt, company)?;
    let grant = attempt.at(&company_id, "company")?;
    let change = changes::get(db, &company_id, position)?;
    let record_id = change.record_id.as_ref().ok_or(link::Error::NotUndoable)?;
    let staged = crate::store::records::get(db, change.list, record_id)?;
    let link = link::undo(db, ambient, &grant, &change, &staged)?;
    Ok(Undone { link: link.map(|link| Link::one(db, link)).transpose()? })
}
