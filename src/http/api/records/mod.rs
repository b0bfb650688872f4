//! `/v1/employees` and `/v1/customers`: one implementation, registered once a list.

mod link;

use axum::{Extension, Json};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::{access::action, words::List},
    http::{
        Gateway,
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    service::{
        page::PageBody,
        records::{self, History, HistoryQuery, Record, RecordsQuery},
    },
};

use super::{
    auth::{Caller, guarded},
    schema::{AppQuery, Refusals},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    List::ALL.iter().fold(OpenApiRouter::default(), |router, list| {
        router.nest(&format!("/v1/{}", list.plural()), of(*list))
    })
}

/// The routes of one list, without the list's name in their paths.
fn of(list: List) -> OpenApiRouter<Gateway> {
    let mut router = OpenApiRouter::default()
        .routes(guarded!(list_records))
        .routes(guarded!(get_record))
        .routes(guarded!(record_history))
        .routes(guarded!(link::link_record))
        .routes(guarded!(link::unlink_record))
        .routes(guarded!(link::create_record_profile))
        .layer(Extension(list));
    name(router.get_openapi_mut(), list);
    router
}

/// Puts the list's word for a record into the descriptions: operation IDs must differ, and people read them.
fn name(openapi: &mut OpenApi, list: List) {
    let (word, words) = (list.as_str(), list.plural());
    let article = if list == List::Employee { "an" } else { "a" };
    let told = |text: &str| {
        text.replace(" a record", &format!(" {article} {word}"))
            .replace("records", words)
            .replace("record", word)
    };
    for item in openapi.paths.paths.values_mut() {
        for operation in
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten()
        {
            operation.tags = Some(vec![words.to_owned()]);
            for text in [&mut operation.operation_id, &mut operation.summary, &mut operation.description] {
                *text = text.as_deref().map(told);
            }
        }
    }
}

/// Lists records
///
/// Company by company, by name, or by update where `changed_since` is given. Each has the link of the token's app.
#[utoipa::path(get, path = "", params(RecordsQuery),
    responses((status = 200, description = "A page", body = PageBody<Record>), Refusals))]
async fn list_records(
    caller: Caller<action::Read>,
    Extension(list): Extension<List>,
    ApiQuery(query): ApiQuery<RecordsQuery>,
) -> Result<Json<PageBody<Record>>, ApiError> {
    caller.read(move |db, attempt| records::list(db, attempt, list, &query)).await.map(Json)
}

/// Shows a record
#[utoipa::path(get, path = "/{id}", params(("id" = String, Path), AppQuery),
    responses((status = 200, description = "With the link of the token's app", body = Record), Refusals))]
async fn get_record(
    caller: Caller<action::Read>,
    Extension(list): Extension<List>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Record>, ApiError> {
    caller.read(move |db, attempt| records::show(db, attempt, list, &id)).await.map(Json)
}

/// Shows what happened to a record
///
/// Its contents, the superseded ones as well, and its changes.
#[utoipa::path(get, path = "/{id}/history", params(("id" = String, Path), HistoryQuery),
    responses((status = 200, description = "Its contents and a page of its changes", body = History), Refusals))]
async fn record_history(
    caller: Caller<action::Read>,
    Extension(list): Extension<List>,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<HistoryQuery>,
) -> Result<Json<History>, ApiError> {
    caller.read(move |db, attempt| records::history(db, attempt, list, &id, &query)).await.map(Json)
}
