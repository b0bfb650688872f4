//! `/v1/…/messages`: the messages of webhooks, and trying them again.

use axum::Json;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::access::action,
    http::{
        Gateway,
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    service::messages::{self, Message, MessagesQuery},
};

use super::{
    auth::{Caller, guarded},
    page::PageBody,
    schema::{Conflicts, Refusals},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(list_messages))
        .routes(guarded!(get_message))
        .routes(guarded!(replay_message))
}

/// Lists what webhooks told
///
/// Needs the scope `manage`. Newest first. Those that are `dead` were given up: `problem` says why.
#[utoipa::path(get, path = "/v1/connections/{id}/messages", tag = "webhooks",
    params(("id" = String, Path, description = "The connection"), MessagesQuery),
    responses((status = 200, description = "A page", body = PageBody<Message>), Refusals))]
async fn list_messages(
    caller: Caller<action::ManageConnections>,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<MessagesQuery>,
) -> Result<Json<PageBody<Message>>, ApiError> {
    caller.read(move |db, attempt| messages::list(db, attempt, &id, &query)).await.map(Json)
}

/// Shows what a webhook told
///
/// Needs the scope `manage`. With what is kept of it.
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "webhooks", params(("id" = String, Path)),
    responses((status = 200, description = "The message", body = Message), Refusals))]
async fn get_message(
    caller: Caller<action::ManageConnections>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Message>, ApiError> {
    caller.read(move |db, attempt| messages::show(db, attempt, &id)).await.map(Json)
}

/// Tries a message again that was given up
///
/// Needs the scope `manage`. A message that carries records counts as of its own time: what was told since stays.
#[utoipa::path(post, path = "/v1/messages/{id}/replay", tag = "webhooks", params(("id" = String, Path)),
    responses((status = 200, description = "The message as it is now", body = Message), Refusals, Conflicts))]
async fn replay_message(
    caller: Caller<action::ManageConnections>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Message>, ApiError> {
    let gateway = caller.gateway.clone();
    let now = gateway.ambient.now();
    let message = caller.write(move |db, attempt| messages::replay(db, attempt, &id, now)).await?;
    gateway.inbox.arrived().notify_one();
    Ok(Json(message))
}
