//! The end of a connection.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::{
        Gateway,
        api::{
            errors::conflict,
            schema::{Conflicts, Hint, Refusals},
            scoped::Admin,
        },
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    sync::remove::{self, Extent},
};

use super::visible;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemovalQuery {
    /// Delete it although its records are linked: the links go with it.
    #[serde(default)]
    confirm: bool,
    /// Delete nothing: the answer tells how much would go.
    #[serde(default)]
    dry_run: bool,
}

/// How much goes with a connection.
#[derive(Debug, Serialize, ToSchema)]
pub struct Removal {
    pub id: String,
    pub name: String,
    /// Whether it is deleted now.
    pub removed: bool,
    pub employees: u64,
    pub customers: u64,
    /// Links of apps to its records.
    pub links: u64,
    pub runs: u64,
    /// Messages of its webhooks that are kept.
    pub messages: u64,
    /// Whether its source sends callbacks, which are taken back.
    pub callbacks: bool,
    /// What is left to do; null where nothing is.
    pub problem: Option<Hint>,
}

impl Removal {
    /// What would go.
    pub fn of(extent: &Extent) -> Self {
        let Extent { connection, contents, callbacks } = extent;
        Self {
            id: connection.id.clone(),
            name: connection.name.clone(),
            removed: false,
            employees: contents.employees,
            customers: contents.customers,
            links: contents.links,
            runs: contents.runs,
            messages: contents.messages,
            callbacks: *callbacks,
            problem: None,
        }
    }
}

/// Deletes a connection
///
/// Needs an admin's token. All that was staged of it goes with it, and its callbacks are taken back at the source. Nobody
/// sees it from then on; the rows of a large one go by and by. While its records are linked, 409 `connection_in_use` tells
/// how many links there are: with `confirm=true` they go as well.
#[utoipa::path(delete, path = "/v1/connections/{id}", tag = "connections", params(("id" = String, Path), RemovalQuery),
    responses((status = 204, description = "It is gone"),
        (status = 200, description = "What would go, for `dry_run`; or it is gone and something is left to do at the source",
            body = Removal), Refusals, Conflicts))]
pub(super) async fn delete_connection(
    State(gateway): State<Gateway>,
    Admin(scope): Admin,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<RemovalQuery>,
) -> Result<Response, ApiError> {
    let read = gateway.store.read(move |db| {
        let connection = visible(db, &scope, &id)?;
        remove::extent(db, &connection.id)
    });
    let extent = read.await?;
    if query.dry_run {
        return Ok(Json(Removal::of(&extent)).into_response());
    }
    let links = extent.contents.links;
    if links > 0 && !query.confirm {
        return Err(conflict(
            "connection_in_use",
            format!("{links} of the connection's records are linked; these links would go with it."),
            "Send `?confirm=true` to delete them with it. To stop it for a while, pause it.",
        )
        .with("links", json!(links)));
    }
    Ok(match remove::connection(&gateway.reach, &extent).await? {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(problem) => {
            let removal = Removal { removed: true, problem: Some(problem.into()), ..Removal::of(&extent) };
            Json(removal).into_response()
        }
    })
}
