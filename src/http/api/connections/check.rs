//! The connectivity test. The Web Connector calls us, never the other way: the answer says so.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        Gateway,
        api::{
            auth::Caller,
            schema::{Conflicts, Refusals},
        },
        extract::ApiPath,
        problem::ApiError,
    },
    store::connections::Connection,
    sync::check::{self, Check},
};

use super::{desktop::check_kind, visible};

/// Whether the source can be reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestResult {
    pub ok: bool,
    /// One of `dns`, `tcp`, `tls`, `timeout`, `credentials`, `address_not_allowed`, `permission`, `rate_limit`,
    /// `version`, `not_found`, `server`; null where it is ok.
    pub cause: Option<&'static str>,
    pub detail: String,
    /// What to do; null where it is ok.
    pub remedy: Option<String>,
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When the Web Connector should call next; null where it has never called.
    pub expected_at: Option<DateTime<Utc>>,
}

impl TestResult {
    /// What `check` has found of a connection.
    pub fn new(connection: &Connection, check: Check) -> Self {
        Self {
            ok: check.ok,
            cause: check.cause,
            detail: check.detail,
            remedy: Some(check.remedy).filter(|remedy| !remedy.is_empty()),
            last_seen_at: connection.last_seen_at,
            expected_at: check.expected_at,
        }
    }
}

/// Tests a connection
///
/// The gateway cannot call a Web Connector: the answer tells what its last calls have shown.
#[utoipa::path(post, path = "/v1/connections/{id}/test", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The result, good or bad", body = TestResult), Refusals, Conflicts))]
pub(super) async fn test_connection(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<TestResult>, ApiError> {
    let now = gateway.ambient.now();
    let read = gateway.store.read(move |db| {
        let connection = visible(db, &scope, &id)?;
        check_kind(&connection)?;
        Ok::<_, ApiError>(TestResult::new(&connection, check::check(&connection, now)))
    });
    read.await.map(Json)
}
