//! Deleting a connection.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    domain::access::action,
    http::{
        api::{
            auth::Caller,
            schema::{Conflicts, Refusals},
        },
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    service::connections::{self, Removal},
    sync::remove::{self, Leave},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RemovalQuery {
    /// Delete it although its records are linked: the links go with it.
    #[serde(default)]
    confirm: bool,
    /// Delete nothing: the answer tells how much would go.
    #[serde(default)]
    dry_run: bool,
}

/// Deletes a connection
///
/// Needs the scope `manage`. All that was staged of it goes with it, and its callbacks are taken back at the source. Nobody
/// sees it from then on; the rows of a large one go by and by. While its records are linked, 409 `connection_in_use` tells
/// how many links there are: with `confirm=true` they go as well.
#[utoipa::path(delete, path = "/v1/connections/{id}", tag = "connections", params(("id" = String, Path), RemovalQuery),
    responses((status = 204, description = "It is gone"),
        (status = 200, description = "What would go, for `dry_run`; or it is gone and something is left to do at the source",
            body = Removal), Refusals, Conflicts))]
pub(super) async fn delete_connection(
    caller: Caller<action::ManageConnections>,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<RemovalQuery>,
) -> Result<Response, ApiError> {
    let sources = caller.gateway.sources.clone();
    let (grant, extent) = caller.read(move |db, attempt| connections::to_remove(db, attempt, &id)).await?;
    if query.dry_run {
        return Ok(Json(Removal::of(&extent)).into_response());
    }
    let leave = if query.confirm { Leave::Links } else { Leave::Unlinked };
    Ok(match remove::connection(&sources, &grant, &extent, leave).await? {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(problem) => {
            let removal = Removal { removed: true, problem: Some(problem.into()), ..Removal::of(&extent) };
            Json(removal).into_response()
        }
    })
}
