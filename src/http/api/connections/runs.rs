//! A connection's runs.

use axum::Json;

use crate::{
    domain::access::action,
    http::{
        api::{
            auth::Caller,
            page::{PageBody, PageQuery},
            runs::Run,
            schema::Refusals,
        },
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    service::connections,
};

/// Lists a connection's runs
///
/// Newest first, of both lists.
#[utoipa::path(get, path = "/v1/connections/{id}/runs", tag = "runs",
    params(("id" = String, Path, description = "The connection"), PageQuery),
    responses((status = 200, description = "A page", body = PageBody<Run>), Refusals))]
pub(super) async fn list_runs(
    caller: Caller<action::Read>,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<PageBody<Run>>, ApiError> {
    let (limit, before) = query.read::<String>()?;
    let page = caller.read(move |db, attempt| connections::runs(db, attempt, &id, before.as_deref(), limit));
    Ok(Json(PageBody::of(page.await?, |run| run.id.clone())?))
}
