//! What the Sync Users page shows besides lists: linked pairs with both names, how many there are of each, and who linked
//! or unlinked whom.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        access::{Attempt, action},
        ids::{CompanyId, LinkId},
        words::{ChangeKind, List},
    },
    store::{
        Db, changes,
        pairs::{self, Side},
        profiles, records,
    },
};

use super::{
    Result,
    actor_names::ActorNames,
    connections, find,
    links::Link,
    page::{self, PageBody},
    schema,
};

/// How far is counted.
const MOST: u16 = 10_001;

/// A link, and the record at its end.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pair {
    #[serde(flatten)]
    pub link: Link,
    pub record_name: String,
    /// The source's own ID of the record.
    pub external_id: String,
    /// Whether the source says that the record is active.
    pub active: bool,
    pub absent_since: Option<DateTime<Utc>>,
}

/// Which pairs of a connection are wanted, and which page of them.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PairsQuery {
    #[param(schema_with = schema::lists)]
    pub list: List,
    /// Anywhere in the names, e-mails and IDs of both ends; case and accents do not matter.
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

/// Whose pairs are counted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CountsQuery {
    #[param(schema_with = schema::lists)]
    pub list: List,
    /// An app's ID or name: whoever may act for several says so.
    pub app: Option<String>,
}

/// Which changes of links are wanted, and which page of them.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinkChangesQuery {
    #[param(schema_with = schema::lists)]
    pub list: List,
    /// An app's ID or name: whoever may act for several says so.
    pub app: Option<String>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    pub cursor: Option<String>,
}

/// How many there are; each is counted to 10,001, which means more than 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Profiles of the app that are not linked within the connection.
    pub profiles: usize,
    /// Active records that the app has not linked.
    pub records: usize,
    /// Linked pairs.
    pub linked: usize,
}

/// A link that was made or taken apart.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkChange {
    /// Its place in the company's feed: `POST /v1/changes/{position}/undo` names it.
    pub position: i64,
    pub at: DateTime<Utc>,
    /// `linked` or `unlinked`.
    #[schema(schema_with = schema::change_kinds)]
    pub kind: ChangeKind,
    pub record_id: Option<String>,
    /// Null where the record is gone.
    pub record_name: Option<String>,
    pub profile_id: Option<String>,
    /// Null where the profile is gone.
    pub profile_name: Option<String>,
    pub actor: Option<String>,
}

/// A page of a connection's pairs, newest first.
///
/// # Errors
/// `connection_not_found`, `app_needed`; what [`page`] refuses.
pub fn list(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    connection: &str,
    query: &PairsQuery,
) -> Result<PageBody<Pair>> {
    let (limit, before) = page::read::<LinkId>(query.limit, query.cursor.as_deref())?;
    let search = page::search(query.q.clone())?;
    let (_, side) = side(db, attempt, connection, query.list)?;
    let page = pairs::page(db, &side, search.as_deref(), before.as_ref(), limit)?;
    let next = page.rows.last().filter(|_| page.more).map(|(link, _)| link.id.clone());
    let (links, staged): (Vec<_>, Vec<_>) = page.rows.into_iter().unzip();
    let links = Link::all(db, links)?;
    PageBody::new(
        links.into_iter().zip(staged).map(|(link, staged)| Pair::new(link, staged)).collect(),
        next.as_ref(),
    )
}

/// How many there are of what the page of a connection lists.
///
/// # Errors
/// `connection_not_found`, `app_needed`.
pub fn counts(db: &mut Db, attempt: &Attempt<action::Read>, connection: &str, list: List) -> Result<Counts> {
    let (company_id, side) = side(db, attempt, connection, list)?;
    let unlinked = profiles::Filter {
        company_id: Some(company_id),
        linked: Some(false),
        connection_id: Some(side.connection_id.clone()),
        search: None,
    };
    Ok(Counts {
        profiles: profiles::count(db, &side.app_id, list, &unlinked, MOST)?,
        records: pairs::count_unlinked(db, &side, MOST)?,
        linked: pairs::count(db, &side, MOST)?,
    })
}

/// A page of what was linked and unlinked, newest first.
///
/// # Errors
/// `connection_not_found`, `app_needed`; what [`page`] refuses.
pub fn changes(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    connection: &str,
    query: &LinkChangesQuery,
) -> Result<PageBody<LinkChange>> {
    let (limit, before) = page::read::<i64>(query.limit, query.cursor.as_deref())?;
    let (company_id, side) = side(db, attempt, connection, query.list)?;
    let page = changes::of_links(db, &company_id, &side, before, limit)?;
    let next = page.rows.last().filter(|_| page.more).map(|change| change.position);
    PageBody::new(told(db, &side, page.rows)?, next.as_ref())
}

/// The change at this place, if it is one of these.
///
/// # Errors
/// As [`changes()`].
pub fn change_at(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    connection: &str,
    list: List,
    position: i64,
) -> Result<Option<LinkChange>> {
    let (company_id, side) = side(db, attempt, connection, list)?;
    let change = match changes::get(db, &company_id, position) {
        Err(crate::store::Error::NotFound(_)) => return Ok(None),
        found => found?,
    };
    let of_these = change.app_id.as_ref() == Some(&side.app_id)
        && change.connection_id.as_ref() == Some(&side.connection_id)
        && change.list == list
        && matches!(change.kind, ChangeKind::Linked | ChangeKind::Unlinked);
    Ok(if of_these { told(db, &side, vec![change])?.pop() } else { None })
}

/// The place of the last change of a record's link.
///
/// # Errors
/// `{list}_not_found`; `app_needed`.
pub fn last_change(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    list: List,
    record: &str,
) -> Result<Option<i64>> {
    let (grant, staged) = find::record(db, attempt, list, record)?;
    let side = Side { app_id: grant.app()?.id.clone(), connection_id: staged.connection_id.clone(), list };
    Ok(changes::last_of_link(db, &side, &staged.id)?)
}

fn side(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    connection: &str,
    list: List,
) -> Result<(CompanyId, Side)> {
    let (grant, connection) = connections::found(db, attempt, connection)?;
    let app_id = grant.app()?.id.clone();
    Ok((connection.company_id, Side { app_id, connection_id: connection.id, list }))
}

/// Changes with the names of both ends as they are now.
fn told(db: &mut Db, side: &Side, rows: Vec<changes::Change>) -> Result<Vec<LinkChange>> {
    let acted = rows.iter().filter_map(|row| Some((row.actor.as_ref()?, row.app_id.as_deref())));
    let actors = ActorNames::read(db, acted)?;
    let ids: Vec<&str> = rows.iter().filter_map(|row| row.record_id.as_deref()).collect();
    let records: HashMap<_, _> = records::names(db, &ids)?.into_iter().collect();
    let ids: Vec<&str> = rows.iter().filter_map(|row| row.profile_id.as_deref()).collect();
    let profiles: HashMap<_, _> = profiles::names(db, &side.app_id, side.list, &ids)?.into_iter().collect();
    let told = |row: changes::Change| LinkChange {
        position: row.position,
        at: row.at,
        kind: row.kind,
        record_name: row.record_id.as_ref().and_then(|id| records.get(id)).cloned(),
        profile_name: row.profile_id.as_ref().and_then(|id| profiles.get(id)).cloned(),
        actor: row.actor.map(|actor| actors.text(&actor, row.app_id.as_deref())),
        record_id: row.record_id.map(Into::into),
        profile_id: row.profile_id,
    };
    Ok(rows.into_iter().map(told).collect())
}

/// A record and its link, if the app has linked it.
///
/// # Errors
/// `{list}_not_found`; `app_needed`.
pub fn of_record(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    list: List,
    record: &str,
) -> Result<Option<Pair>> {
    let (grant, staged) = find::record(db, attempt, list, record)?;
    let link = crate::store::links::of_record(db, &grant.app()?.id, &staged.id)?;
    let link = Link::all(db, link.into_iter().collect())?.pop();
    Ok(link.map(|link| Pair::new(link, staged)))
}

impl Pair {
    fn new(link: Link, staged: records::Staged) -> Self {
        Self {
            link,
            record_name: staged.record.name,
            external_id: staged.record.external_id,
            active: staged.record.active,
            absent_since: staged.absent_at,
        }
    }
}
