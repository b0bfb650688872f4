//! `/v1/runs`: what a synchronisation did, and the decision about a hold.

use axum::Json;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::access::action,
    http::{
        Gateway,
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    service::{
        page::{PageBody, PageQuery},
        runs::{self, Absence, RunsQuery},
    },
};

pub use crate::service::runs::Run;

use super::{
    auth::{Caller, guarded},
    schema::{Conflicts, Refusals},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(list_all_runs))
        .routes(guarded!(get_run))
        .routes(guarded!(list_absences))
        .routes(guarded!(approve_run))
        .routes(guarded!(reject_run))
}

/// Lists the runs
///
/// Of all connections that the token may see, newest first: `state=held` finds those that wait for a decision.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", params(RunsQuery),
    responses((status = 200, description = "A page", body = PageBody<Run>), Refusals))]
async fn list_all_runs(
    caller: Caller<action::Read>,
    ApiQuery(query): ApiQuery<RunsQuery>,
) -> Result<Json<PageBody<Run>>, ApiError> {
    caller.read(move |db, attempt| runs::list(db, attempt, &query)).await.map(Json)
}

/// Shows a run
///
/// A held one names the first of those who would be marked absent.
#[utoipa::path(get, path = "/v1/runs/{id}", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, description = "The run", body = Run), Refusals))]
async fn get_run(caller: Caller<action::Read>, ApiPath(id): ApiPath<String>) -> Result<Json<Run>, ApiError> {
    caller.read(move |db, attempt| runs::show(db, attempt, &id)).await.map(Json)
}

/// Lists those whom a run did not find
///
/// Named by a held run, marked by one that is complete or approved.
#[utoipa::path(get, path = "/v1/runs/{id}/absences", tag = "runs", params(("id" = String, Path), PageQuery),
    responses((status = 200, description = "A page", body = PageBody<Absence>), Refusals))]
async fn list_absences(
    caller: Caller<action::Read>,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<PageBody<Absence>>, ApiError> {
    caller.read(move |db, attempt| runs::absences(db, attempt, &id, &query)).await.map(Json)
}

/// Approves a hold
///
/// Needs the scope `manage`. Those whom it names, and who were not seen again since, are marked absent: up to 5,000 at
/// once, the others by and by, while the run is `running` and `to_mark` tells how many are left.
#[utoipa::path(post, path = "/v1/runs/{id}/approve", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, description = "The run as it is now", body = Run), Refusals, Conflicts))]
async fn approve_run(
    caller: Caller<action::DecideHolds>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Run>, ApiError> {
    let now = caller.gateway.ambient.now();
    caller.write(move |db, attempt| runs::approve(db, attempt, &id, now)).await.map(Json)
}

/// Rejects a hold
///
/// Needs the scope `manage`. Nobody is marked absent.
#[utoipa::path(post, path = "/v1/runs/{id}/reject", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, description = "The run as it is now", body = Run), Refusals, Conflicts))]
async fn reject_run(
    caller: Caller<action::DecideHolds>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Run>, ApiError> {
    let now = caller.gateway.ambient.now();
    caller.write(move |db, attempt| runs::reject(db, attempt, &id, now)).await.map(Json)
}
