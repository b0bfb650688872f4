//! A connection's runs.

use axum::{Json, extract::State};

use crate::{
    http::{
        Gateway,
        api::{
            page::{PageBody, PageQuery},
            runs::Run,
            schema::Refusals,
            scoped::Caller,
        },
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    store::runs,
};

use super::visible;

/// Lists a connection's runs
///
/// Newest first, of both lists.
#[utoipa::path(get, path = "/v1/connections/{id}/runs", tag = "runs",
    params(("id" = String, Path, description = "The connection"), PageQuery),
    responses((status = 200, description = "A page", body = PageBody<Run>), Refusals))]
pub(super) async fn list_runs(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<PageBody<Run>>, ApiError> {
    let (limit, before) = query.read::<String>()?;
    let page = gateway.store.read(move |db| {
        let connection = visible(db, &scope, &id)?;
        runs::page(db, &connection.id, before.as_deref(), limit)
    });
    Ok(Json(PageBody::of(page.await?, |run| run.id.clone())?))
}
