//! What a record was, and what happened to it (promise 6).

use axum::{Extension, Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::words::{ChangeKind, List},
    http::{
        Gateway,
        api::{
            auth::ForApp,
            page::{self, PageBody},
            schema::{self, Refusals},
        },
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    store::{changes, records},
    sync::scope::Scope,
};

use super::body::Content;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// An app's ID or name: an admin's token acts for that app.
    #[expect(dead_code, reason = "read by `ForApp`")]
    app: Option<String>,
    /// Changes of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    cursor: Option<String>,
}

/// The contents of a record, and a page of its changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct History {
    /// Oldest first; the last one is current.
    versions: Vec<Version>,
    /// Newest first. Links of other apps are shown to an admin's token only.
    changes: Vec<Change>,
    /// What to send as `cursor` to get earlier changes; null at the end.
    next_cursor: Option<String>,
}

/// A content that a record has or had.
#[derive(Debug, Serialize, ToSchema)]
pub struct Version {
    version: i32,
    /// Null for the current one.
    superseded_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    content: Content,
}

/// Something that happened to a record or its links.
#[derive(Debug, Serialize, ToSchema)]
pub struct Change {
    /// Its place in the company's feed: `POST /v1/changes/{position}/undo` names it.
    position: i64,
    at: DateTime<Utc>,
    #[schema(schema_with = schema::change_kinds)]
    kind: ChangeKind,
    /// The record's version after it.
    version: Option<i32>,
    run_id: Option<String>,
    /// Whose link it was.
    app_id: Option<String>,
    /// The app's ID on the other end of the link.
    profile_id: Option<String>,
    /// Who did it, where a person or an app did.
    actor: Option<String>,
}

impl From<changes::Change> for Change {
    fn from(change: changes::Change) -> Self {
        Self {
            position: change.position,
            at: change.at,
            kind: change.kind,
            version: change.version,
            run_id: change.run_id,
            app_id: change.app_id,
            profile_id: change.profile_id,
            actor: change.actor,
        }
    }
}

/// Shows what happened to a record
///
/// Its contents, the superseded ones as well, and its changes.
#[utoipa::path(get, path = "/{id}/history", params(("id" = String, Path), HistoryQuery),
    responses((status = 200, description = "Its contents and a page of its changes", body = History), Refusals))]
pub(super) async fn record_history(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    Extension(list): Extension<List>,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<HistoryQuery>,
) -> Result<Json<History>, ApiError> {
    let (limit, before) = page::read::<i64>(query.limit, query.cursor.as_deref())?;
    let read = gateway.store.read(move |db| {
        let staged = scope.record(db, list, &id)?;
        let mut versions: Vec<Version> = records::versions(db, &id)?
            .into_iter()
            .map(|(version, record, superseded_at)| Version {
                version,
                superseded_at: Some(superseded_at),
                content: record.into(),
            })
            .collect();
        versions.push(Version {
            version: staged.version,
            superseded_at: None,
            content: staged.record.into(),
        });
        let page = changes::of_record(db, &id, before, limit)?;
        let next = page.rows.last().filter(|_| page.more).map(|change| change.position);
        let shown = page.rows.into_iter().filter(|change| shows(&scope, change));
        let PageBody { data, next_cursor } = PageBody::new(shown.map(Change::from).collect(), next.as_ref())?;
        Ok::<_, ApiError>(History { versions, changes: data, next_cursor })
    });
    read.await.map(Json)
}

/// An app's IDs are no other app's business.
fn shows(scope: &Scope, change: &changes::Change) -> bool {
    scope.app.admin || change.app_id.as_ref().is_none_or(|app| *app == scope.app.id)
}
