//! `/v1/workers`: the health of the gateways' workers.

use axum::Json;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::access::action,
    http::{Gateway, extract::ApiQuery, problem::ApiError},
    service::{
        page::{PageBody, PageQuery},
        workers::{self, Worker},
    },
};

use super::{
    auth::{Caller, guarded},
    schema::Refusals,
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(guarded!(list_workers))
}

/// Lists the workers of all gateways
///
/// What runs beside the requests, such as the polling of sources: how each is, and what keeps it from its work. Needs an
/// admin's token.
#[utoipa::path(get, path = "/v1/workers", tag = "operations", params(PageQuery),
    responses((status = 200, description = "A page", body = PageBody<Worker>), Refusals))]
async fn list_workers(
    caller: Caller<action::Administer>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<PageBody<Worker>>, ApiError> {
    caller.read(move |db, attempt| workers::list(db, attempt, &query)).await.map(Json)
}
