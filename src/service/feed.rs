//! The change feed of a company, as the caller may see it (promise 10).

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        access::{Attempt, Grant, action},
        cursor::Cursor,
        words::{ChangeKind, List},
    },
    store::{
        Db,
        changes::{self, Filter},
    },
    sync::feed::{self, Start},
};

use super::{Result, actor_names::ActorNames, find, schema};

/// Something that has happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedChange {
    /// Its place in the company's feed, from 1 up and without gaps.
    pub position: i64,
    /// For people: positions are the order, and a later one may have an earlier time.
    pub at: DateTime<Utc>,
    #[schema(schema_with = schema::change_kinds)]
    pub kind: ChangeKind,
    #[schema(schema_with = schema::lists)]
    pub list: List,
    /// The record; null for what happened to a profile. So are the next three.
    pub record_id: Option<String>,
    pub external_id: Option<String>,
    pub connection_id: Option<String>,
    /// The record's version after it: a record that was read later has this one or a higher one.
    pub version: Option<i32>,
    /// Whose link or profile it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// The app's ID of the profile, shown to that app and to admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// Who did it, where a person or an app did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// One page of a feed.
#[derive(Debug)]
pub struct FeedPage {
    pub changes: Vec<FeedChange>,
    pub next: Cursor,
    /// Whether more changes follow already.
    pub more: bool,
}

/// The company whose changes are read, which of them, and how many at most.
#[derive(Debug, Clone)]
pub struct FeedQuery {
    /// The company's ID or name; it may be left out if the caller sees only one.
    pub company: Option<String>,
    pub filter: Filter,
    pub most: usize,
}

/// Reads one page of a company's changes. `start` is `None` if the cursor that was sent is not valid: only those who
/// may read the feed are told so.
///
/// # Errors
/// `company_not_found`, `company_needed`; `bad_cursor`, `cursor_expired`.
pub fn read(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    query: &FeedQuery,
    start: Option<&Start>,
) -> Result<FeedPage> {
    let company_id = find::one_company(db, attempt, query.company.as_deref())?;
    let grant = attempt.at(&company_id, "company")?;
    let part = feed::read(db, &company_id, start.ok_or(feed::Error::BadCursor)?, &query.filter, query.most)?;
    let acted = part.changes.iter().filter_map(|it| Some((it.actor.as_ref()?, it.app_id.as_deref())));
    let names = ActorNames::read(db, acted)?;
    let changes = part.changes.into_iter().map(|change| shown(&grant, &names, change)).collect();
    Ok(FeedPage { changes, next: part.next, more: part.more })
}

/// Hides the IDs of other apps.
fn shown(grant: &Grant<action::Read>, names: &ActorNames, change: changes::Change) -> FeedChange {
    let own = grant.app_if_any().map(|app| app.id.as_str());
    let shows = grant.sees_all_apps() || (own.is_some() && change.app_id.as_deref() == own);
    FeedChange {
        actor: change.actor.map(|actor| names.text(&actor, change.app_id.as_deref())),
        position: change.position,
        at: change.at,
        kind: change.kind,
        list: change.list,
        record_id: change.record_id.map(Into::into),
        external_id: change.external_id,
        connection_id: change.connection_id.map(Into::into),
        version: change.version,
        app_id: change.app_id.map(Into::into),
        profile_id: change.profile_id.filter(|_| shows),
        run_id: change.run_id.map(Into::into),
    }
}
