//! «Get Users»: requests the lists of a connection.

use axum::{Json, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{access::action, words::Mode},
    http::{
        api::{
            auth::Caller,
            runs::Run,
            schema::{self, BadBodies, Conflicts, Refusals},
        },
        extract::{ApiJson, ApiPath},
        problem::ApiError,
    },
    service::{
        connections::{self, PollRequest},
        interface::Interface,
    },
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PollDraft {
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
pub(super) struct Poll {
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

impl From<PollRequest> for Poll {
    fn from(asked: PollRequest) -> Self {
        Self {
            run: asked.employees.into(),
            runs: asked.runs.into_iter().map(Run::from).collect(),
            detail: asked.detail.at(Interface::Api).to_owned(),
            last_seen_at: asked.last_seen_at,
            expected_at: asked.expected_at,
        }
    }
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
    caller: Caller<action::Poll>,
    ApiPath(id): ApiPath<String>,
    body: Option<ApiJson<PollDraft>>,
) -> Result<(StatusCode, Json<Poll>), ApiError> {
    let mode = body.map_or(Mode::Delta, |ApiJson(body)| body.mode);
    let gateway = caller.gateway.clone();
    let ambient = gateway.ambient.clone();
    let asked = caller.write(move |db, attempt| connections::poll(db, &ambient, attempt, &id, mode)).await?;
    gateway.wake.notify_one();
    Ok((StatusCode::ACCEPTED, Json(asked.into())))
}
