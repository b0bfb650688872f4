//! `/v1/links` and undoing (promises 5 and 6).

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
        links::{self, Link, LinksQuery, UndoQuery, Undone},
        page::PageBody,
    },
};

use super::{
    auth::{Caller, guarded},
    schema::{Conflicts, Refusals},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(guarded!(list_links)).routes(guarded!(undo_change))
}

/// Lists the links
///
/// Company by company, oldest first.
#[utoipa::path(get, path = "/v1/links", tag = "links", params(LinksQuery),
    responses((status = 200, description = "A page", body = PageBody<Link>), Refusals))]
async fn list_links(
    caller: Caller<action::Read>,
    ApiQuery(query): ApiQuery<LinksQuery>,
) -> Result<Json<PageBody<Link>>, ApiError> {
    caller.read(move |db, attempt| links::list(db, attempt, &query)).await.map(Json)
}

/// Undoes a link or an unlink
///
/// `position` is the change's, in the company's feed and in the record's history.
#[utoipa::path(post, path = "/v1/changes/{position}/undo", tag = "links",
    params(("position" = i64, Path), UndoQuery),
    responses((status = 200, description = "It is undone", body = Undone), Refusals, Conflicts))]
async fn undo_change(
    caller: Caller<action::Link>,
    ApiPath(position): ApiPath<i64>,
    ApiQuery(query): ApiQuery<UndoQuery>,
) -> Result<Json<Undone>, ApiError> {
    let ambient = caller.gateway.ambient.clone();
    let undone = caller
        .write(move |db, attempt| links::undo(db, &ambient, attempt, query.company.as_deref(), position));
    undone.await.map(Json)
}
