//! The connectivity test. The Web Connector calls us, never the other way: the answer says so.

use axum::{Json, extract::State};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    connectors::quickbooks_desktop::Settings,
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
};

use super::{
    desktop::{check_kind, settings},
    poll::{CHECK_WEB_CONNECTOR, time},
    visible,
};

/// Calls that a Web Connector may miss before it counts as gone.
const MISSED: i32 = 3;

/// Whether the source can be reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestResult {
    ok: bool,
    /// One of `dns`, `tcp`, `tls`, `timeout`, `credentials`, `address_not_allowed`, `permission`, `rate_limit`,
    /// `version`, `not_found`, `server`; null where it is ok.
    cause: Option<&'static str>,
    detail: String,
    /// What to do; null where it is ok.
    remedy: Option<String>,
    last_seen_at: Option<DateTime<Utc>>,
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
        Ok::<_, ApiError>(judge(&connection, &settings(&connection)?, now))
    });
    read.await.map(Json)
}

/// What the last calls have shown.
fn judge(connection: &Connection, settings: &Settings, now: DateTime<Utc>) -> TestResult {
    let every = TimeDelta::minutes(settings.run_every_minutes.into());
    let (cause, detail, remedy) = match (&connection.problem, connection.last_seen_at) {
        (Some((problem, _)), _) => {
            (Some(cause(&problem.code)), problem.detail.clone(), Some(problem.remedy.clone()))
        }
        (None, None) => (
            Some("timeout"),
            "The Web Connector has never called. The gateway cannot call it.".to_owned(),
            Some(format!(
                "Download the .qwc file and open it on the machine that runs QuickBooks. {CHECK_WEB_CONNECTOR}"
            )),
        ),
        (None, Some(seen)) if now - seen > every * MISSED => (
            Some("timeout"),
            format!(
                "The Web Connector was last seen at {}, although it is to call every {} minutes. The gateway \
                 cannot call it.",
                time(seen),
                settings.run_every_minutes
            ),
            Some(CHECK_WEB_CONNECTOR.to_owned()),
        ),
        (None, Some(seen)) => (None, format!("The Web Connector was last seen at {}.", time(seen)), None),
    };
    TestResult { ok: cause.is_none(), cause, detail, remedy, last_seen_at: connection.last_seen_at }
}

/// The cause of a test that a connection's problem stands for: its code is the connector's.
fn cause(code: &str) -> &'static str {
    match code {
        // HRESULTs: no permission for the company file; access refused.
        "quickbooks_8004041a" | "quickbooks_80040420" => "permission",
        "quickbooks_too_old" => "version",
        // Another company file than the connection's is open.
        "other_company_file" | "quickbooks_8004040a" => "not_found",
        _ => "server",
    }
}
