//! The connectivity test. The Web Connector calls us, never the other way: the answer says so.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::words::Cause,
    http::{
        Gateway,
        api::{
            schema::{self, Conflicts, Refusals},
            scoped::Caller,
        },
        extract::ApiPath,
        problem::ApiError,
    },
    store::connections::Connection,
    sync::check::{self, Check},
};

use super::visible;

/// Whether the source can be reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestResult {
    pub ok: bool,
    /// One of `dns`, `tcp`, `tls`, `timeout`, `credentials`, `address_not_allowed`, `permission`, `rate_limit`,
    /// `version`, `not_found`, `server`; null where it is ok.
    #[schema(schema_with = schema::causes)]
    pub cause: Option<Cause>,
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
/// A source that is polled is called now: a few requests, an answer within five seconds. The gateway cannot call a Web
/// Connector, nor a system that pushes: there the answer tells what was heard last.
#[utoipa::path(post, path = "/v1/connections/{id}/test", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The result, good or bad", body = TestResult), Refusals, Conflicts))]
pub(super) async fn test_connection(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<TestResult>, ApiError> {
    let connection = gateway.store.read(move |db| visible(db, &scope, &id)).await?;
    let check = check::test(&gateway.reach, &connection).await?;
    // One that works now is polled now.
    gateway.wake.notify_one();
    Ok(Json(TestResult::new(&connection, check)))
}
