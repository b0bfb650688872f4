//! The history of a record: its versions and changes (promise 6).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        access::{Attempt, Grant, action},
        words::{ChangeKind, List},
    },
    service::{
        Result,
        actor_names::ActorNames,
        find,
        page::{self, PageBody},
        schema,
    },
    store::{Db, changes, records},
};

use super::view::Content;

/// Which page of a history.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// An app's ID or name: whoever may act for several says so.
    pub app: Option<String>,
    /// Changes of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    pub cursor: Option<String>,
}

/// The contents of a record, and a page of its changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct History {
    /// Oldest first; the last one is current.
    pub versions: Vec<Version>,
    /// Newest first. Links of other apps are shown to an admin's token only.
    pub changes: Vec<Change>,
    /// What to send as `cursor` to get earlier changes; null at the end.
    pub next_cursor: Option<String>,
}

/// A content that a record has or had.
#[derive(Debug, Serialize, ToSchema)]
pub struct Version {
    pub version: i32,
    /// Null for the current one.
    pub superseded_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    pub content: Content,
}

/// Something that happened to a record or its links.
#[derive(Debug, Serialize, ToSchema)]
pub struct Change {
    /// Its place in the company's feed: `POST /v1/changes/{position}/undo` names it.
    pub position: i64,
    pub at: DateTime<Utc>,
    #[schema(schema_with = schema::change_kinds)]
    pub kind: ChangeKind,
    /// The record's version after it.
    pub version: Option<i32>,
    pub run_id: Option<String>,
    /// Whose link it was.
    pub app_id: Option<String>,
    /// The app's ID on the other end of the link.
    pub profile_id: Option<String>,
    /// Who did it, where a person or an app did.
    pub actor: Option<String>,
}

/// The history of a record: all versions of its content, and a page of its changes.
///
/// # Errors
/// `{list}_not_found`.
pub fn history(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    list: List,
    id: &str,
    query: &HistoryQuery,
) -> Result<History> {
    let (limit, before) = page::read::<i64>(query.limit, query.cursor.as_deref())?;
    let (grant, staged) = find::record(db, attempt, list, id)?;
    let mut versions: Vec<Version> = records::versions(db, &staged.id)?
        .into_iter()
        .map(|(version, record, superseded_at)| Version {
            version,
            superseded_at: Some(superseded_at),
            content: record.into(),
        })
        .collect();
    let page = changes::of_record(db, &staged.id, before, limit)?;
    versions.push(Version { version: staged.version, superseded_at: None, content: staged.record.into() });
    let next = page.rows.last().filter(|_| page.more).map(|change| change.position);
    let shown = page.rows.into_iter().filter(|change| shows(&grant, change)).collect();
    let PageBody { data, next_cursor } = PageBody::new(in_words(db, shown)?, next.as_ref())?;
    Ok(History { versions, changes: data, next_cursor })
}

/// Hides the IDs of other apps.
fn shows(grant: &Grant<action::Read>, change: &changes::Change) -> bool {
    let own = grant.app_if_any().map(|app| app.id.as_str());
    grant.sees_all_apps() || change.app_id.as_deref().is_none_or(|app| Some(app) == own)
}

fn in_words(db: &mut Db, rows: Vec<changes::Change>) -> Result<Vec<Change>> {
    let acted = rows.iter().filter_map(|row| Some((row.actor.as_ref()?, row.app_id.as_deref())));
    let names = ActorNames::read(db, acted)?;
    let word = |row: changes::Change| Change {
        actor: row.actor.map(|actor| names.text(&actor, row.app_id.as_deref())),
        position: row.position,
        at: row.at,
        kind: row.kind,
        version: row.version,
        run_id: row.run_id.map(Into::into),
        app_id: row.app_id.map(Into::into),
        profile_id: row.profile_id,
    };
    Ok(rows.into_iter().map(word).collect())
}
