//! «Get Users»: at once where the source is polled; the Web Connector calls us, and the answer says so.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    connectors::quickbooks_desktop::Settings,
    domain::words::{Kind, List, Mode},
    http::{
        Gateway,
        api::{
            runs::Run,
            schema::{self, BadBodies, Conflicts, Refusals},
            scoped::Caller,
        },
        extract::{ApiJson, ApiPath},
        problem::ApiError,
    },
    store::{self, connections::Connection},
    sync::{ask, check},
};

use super::{desktop::settings, visible};

/// What to do where a Web Connector does not call.
const CHECK_WEB_CONNECTOR: &str = "On the machine that runs QuickBooks, look at the Web Connector: it must be \
    running, the application ticked, Auto-Run on, and its password entered. Update Selected tries at once.";

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PollDraft {
    /// `delta` where it is left out.
    #[schema(schema_with = schema::modes)]
    #[serde(default = "delta")]
    mode: Mode,
}

fn delta() -> Mode {
    Mode::Delta
}

/// What was asked for: the run of the employees, and all runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Poll {
    #[serde(flatten)]
    run: Run,
    /// One a list.
    runs: Vec<Run>,
    /// When to expect them.
    detail: String,
    last_seen_at: Option<DateTime<Utc>>,
    /// When they should start: now, or when the Web Connector should call; null where it has never called.
    expected_at: Option<DateTime<Utc>>,
}

/// Asks for the lists
///
/// A source that is polled is read at once: the runs tell how far it has come. For QuickBooks Desktop they are queued
/// until the Web Connector calls; the answer says when that should be. A list that is queued already is not queued
/// twice; `full` widens it.
#[utoipa::path(post, path = "/v1/connections/{id}/poll", tag = "connections", params(("id" = String, Path)),
    request_body = Option<PollDraft>,
    responses((status = 202, description = "The runs are queued", body = Poll), Refusals, Conflicts, BadBodies))]
pub(super) async fn poll_connection(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiPath(id): ApiPath<String>,
    body: Option<ApiJson<PollDraft>>,
) -> Result<(StatusCode, Json<Poll>), ApiError> {
    let mode = body.map_or(Mode::Delta, |ApiJson(body)| body.mode);
    let now = gateway.ambient.now();
    let ambient = gateway.ambient.clone();
    let asked = gateway.store.write(move |db| {
        let connection = visible(db, &scope, &id)?;
        let runs = ask::ask(db, &ambient, &connection, mode)?;
        let employees = runs.iter().find(|run| run.list == List::Employee).cloned();
        let desktop = connection.kind == Kind::QuickbooksDesktop;
        let expected_at = if desktop { check::check(&connection, now).expected_at } else { Some(now) };
        let told = match desktop {
            true => told(&connection, &settings(&connection)?, expected_at, now),
            false => told_now(&connection),
        };
        Ok::<_, ApiError>(Poll {
            run: employees.ok_or(store::Error::NotFound("run"))?.into(),
            runs: runs.into_iter().map(Run::from).collect(),
            detail: told,
            last_seen_at: connection.last_seen_at,
            expected_at,
        })
    });
    let asked = asked.await?;
    gateway.wake.notify_one();
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

/// When the lists of a source that is polled are read.
fn told_now(connection: &Connection) -> String {
    match connection.paused {
        true => "Queued. The connection is paused: nothing runs until it is resumed.".into(),
        false => "Queued: it is read now. GET /v1/runs/{id} tells how far it has come.".into(),
    }
}

/// When something that is queued now will run, said honestly.
fn told(
    connection: &Connection,
    settings: &Settings,
    expected_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> String {
    let mut told = "Queued until the Web Connector calls.".to_owned();
    match (connection.last_seen_at, expected_at) {
        (Some(seen), Some(expected)) if expected >= now => {
            told += &format!(" It was last seen at {}, and is expected at {}.", time(seen), time(expected));
        }
        (Some(seen), Some(expected)) => {
            told += &format!(
                " It was last seen at {}, and was expected at {}: it is late. {CHECK_WEB_CONNECTOR}",
                time(seen),
                time(expected)
            );
        }
        // One that has a problem was heard after all, though never let in.
        _ if connection.problem.is_some() => {}
        _ => {
            told += " It has never called: download the .qwc file, open it on the machine that runs QuickBooks, \
                     and type the connection's password into the Web Connector.";
        }
    }
    if !settings.window.is_empty() {
        told += &format!(" It is synchronised only in the hours {}.", settings.window);
    }
    if connection.paused {
        told += " The connection is paused: nothing runs until it is resumed.";
    }
    if let Some((problem, _)) = &connection.problem {
        told += &format!(" Something stands in the way: {}", problem.sentence());
    }
    told
}

/// To the second: for people.
fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
