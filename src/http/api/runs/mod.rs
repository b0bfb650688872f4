//! `/v1/runs`: what a synchronisation did, and the decision about a hold (promise 3).

mod body;

use axum::{Json, extract::State};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::words::RunState,
    http::{
        Gateway,
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    store::{self, Db, PageLimit, records, runs},
    sync::{hold, scope::Scope},
};

pub use body::{Absence, Hold, Run};

use super::{
    errors::conflict,
    page::{PageBody, PageQuery},
    schema::{Conflicts, Refusals},
    scoped::{Admin, Caller},
};

/// Names of a hold that come with its run; the others are at `/absences`.
const NAMED: u16 = 20;

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(get_run))
        .routes(routes!(list_absences))
        .routes(routes!(approve_run))
        .routes(routes!(reject_run))
}

/// A run that the caller may see.
fn visible(db: &mut Db, scope: &Scope, id: &str) -> store::Result<runs::Run> {
    let run = runs::get(db, id)?;
    scope.check(&run.company_id, "run").map(|()| run)
}

/// Shows a run
///
/// A held one names the first of those who would be marked absent.
#[utoipa::path(get, path = "/v1/runs/{id}", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, description = "The run", body = Run), Refusals))]
async fn get_run(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Run>, ApiError> {
    let read = gateway.store.read(move |db| {
        let run = visible(db, &scope, &id)?;
        let first = PageLimit::new(NAMED).unwrap_or(PageLimit::DEFAULT);
        let hold = match run.state {
            RunState::Held => Some(Hold {
                absent: run.absent,
                present_before: run.present_before,
                records: records::of_absences(db, &id, None, first)?
                    .rows
                    .into_iter()
                    .map(Absence::from)
                    .collect(),
            }),
            _ => None,
        };
        let mut shown = Run::from(run);
        shown.hold = hold;
        Ok::<_, store::Error>(shown)
    });
    Ok(Json(read.await?))
}

/// Lists those whom a run did not find
///
/// Named by a held run, marked by one that is complete or approved.
#[utoipa::path(get, path = "/v1/runs/{id}/absences", tag = "runs", params(("id" = String, Path), PageQuery),
    responses((status = 200, description = "A page", body = PageBody<Absence>), Refusals))]
async fn list_absences(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<PageBody<Absence>>, ApiError> {
    let (limit, after) = query.read::<String>()?;
    let page = gateway.store.read(move |db| {
        let run = visible(db, &scope, &id)?;
        records::of_absences(db, &run.id, after.as_deref(), limit)
    });
    Ok(Json(PageBody::of(page.await?, |staged| staged.id.clone())?))
}

/// Approves a hold
///
/// Needs an admin's token. Those whom it names, and who were not seen again since, are marked absent: up to 5,000 at once,
/// the others by and by, while the run is `running` and `to_mark` tells how many are left.
#[utoipa::path(post, path = "/v1/runs/{id}/approve", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, description = "The run as it is now", body = Run), Refusals, Conflicts))]
async fn approve_run(
    State(gateway): State<Gateway>,
    Admin(scope): Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Run>, ApiError> {
    let now = gateway.ambient.now();
    let decided = gateway.store.write(move |db| hold::approve(db, &id, &scope.actor(), now)).await;
    Ok(Json(decided.map_err(not_held)?.into()))
}

/// Rejects a hold
///
/// Needs an admin's token. Nobody is marked absent.
#[utoipa::path(post, path = "/v1/runs/{id}/reject", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, description = "The run as it is now", body = Run), Refusals, Conflicts))]
async fn reject_run(
    State(gateway): State<Gateway>,
    Admin(scope): Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Run>, ApiError> {
    let now = gateway.ambient.now();
    let decided = gateway.store.write(move |db| hold::reject(db, &id, &scope.actor(), now)).await;
    Ok(Json(decided.map_err(not_held)?.into()))
}

fn not_held(error: store::Error) -> ApiError {
    match error {
        store::Error::Stale("run") => conflict(
            "run_not_held",
            "The run is not held, or not any more: there is nothing to decide.",
            "Look at the run: `decision` says who decided, or which later run took its place.",
        ),
        other => other.into(),
    }
}
