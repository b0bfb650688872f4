//! «Get Users»: at once where the source is polled; the Web Connector calls us, and the answer says so.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    connectors::{self, calls_in::CallsIn},
    domain::words::{List, Mode},
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

use super::visible;

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
        let calls_in = connectors::of(connection.kind).ok().and_then(|connector| connector.calls_in());
        let (expected_at, told) = match calls_in {
            Some(calls_in) => {
                let expected_at = check::check(&connection, now).expected_at;
                (expected_at, told(&connection, calls_in, expected_at, now))
            }
            None => (Some(now), told_now(&connection)),
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
    calls_in: &dyn CallsIn,
    expected_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> String {
    let words = calls_in.queued();
    let mut told = words.queued.to_owned();
    match (connection.last_seen_at, expected_at) {
        (Some(seen), Some(expected)) if expected >= now => {
            told += &format!(" It was last seen at {}, and is expected at {}.", time(seen), time(expected));
        }
        (Some(seen), Some(expected)) => {
            told += &format!(
                " It was last seen at {}, and was expected at {}: it is late. {}",
                time(seen),
                time(expected),
                words.late
            );
        }
        // One that has a problem was heard after all, though never let in.
        _ if connection.problem.is_some() => {}
        _ => {
            told += &format!(" {}", words.never);
        }
    }
    let window = calls_in.window(&connection.settings);
    if !window.is_empty() {
        told += &format!(" It is synchronised only in the hours {window}.");
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
