//! The linked pairs of a connection: with both names, counted, and who linked and unlinked them.

use axum::Json;

use crate::{
    domain::access::action,
    http::{
        api::{auth::Caller, page::PageBody, schema::Refusals},
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    service::pairs::{self, Counts, CountsQuery, LinkChange, LinkChangesQuery, Pair, PairsQuery},
};

/// Lists the linked pairs of a connection
///
/// Newest first, with the names of both ends.
#[utoipa::path(get, path = "/v1/connections/{id}/pairs", tag = "links",
    params(("id" = String, Path, description = "The connection"), PairsQuery),
    responses((status = 200, description = "A page", body = PageBody<Pair>), Refusals))]
pub(super) async fn list_pairs(
    caller: Caller<action::Read>,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<PairsQuery>,
) -> Result<Json<PageBody<Pair>>, ApiError> {
    caller.read(move |db, attempt| pairs::list(db, attempt, &id, &query)).await.map(Json)
}

/// Counts what is linked within a connection, and what is not
///
/// Each number goes to 10,001, which means more than 10,000.
#[utoipa::path(get, path = "/v1/connections/{id}/counts", tag = "links",
    params(("id" = String, Path, description = "The connection"), CountsQuery),
    responses((status = 200, description = "The numbers", body = Counts), Refusals))]
pub(super) async fn count_pairs(
    caller: Caller<action::Read>,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<CountsQuery>,
) -> Result<Json<Counts>, ApiError> {
    caller.read(move |db, attempt| pairs::counts(db, attempt, &id, query.list)).await.map(Json)
}

/// Lists what was linked and unlinked within a connection
///
/// Newest first, with the names of both ends as they are now.
#[utoipa::path(get, path = "/v1/connections/{id}/link-changes", tag = "links",
    params(("id" = String, Path, description = "The connection"), LinkChangesQuery),
    responses((status = 200, description = "A page", body = PageBody<LinkChange>), Refusals))]
pub(super) async fn list_link_changes(
    caller: Caller<action::Read>,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<LinkChangesQuery>,
) -> Result<Json<PageBody<LinkChange>>, ApiError> {
    caller.read(move |db, attempt| pairs::changes(db, attempt, &id, &query)).await.map(Json)
}
