//! The callbacks of a source, which Rollcall registers there and removes.

use axum::{Json, http::StatusCode};

use crate::{
    domain::access::action,
    http::{
        api::{
            auth::Caller,
            schema::{Conflicts, Refusals, SourceFailures},
        },
        extract::ApiPath,
        problem::ApiError,
    },
    service::connections::{self, Callbacks},
    sync::subscribe,
};

/// Has the source send callbacks
///
/// Needs the scope `manage`. Registers the connection's `webhook_url` at the source, as often as one likes: what stands
/// there stays, what it has switched off is enabled again. From then on Rollcall looks every few hours that they stand. 409
/// `no_callbacks` where a person sets them up, 409 `address_not_reachable` where the source could not call the gateway.
#[utoipa::path(put, path = "/v1/connections/{id}/callbacks", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "What stands at the source", body = Callbacks),
        Refusals, Conflicts, SourceFailures))]
pub(super) async fn subscribe(
    caller: Caller<action::ManageConnections>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Callbacks>, ApiError> {
    let sources = caller.gateway.sources.clone();
    let (grant, connection) = caller.read(move |db, attempt| connections::found(db, attempt, &id)).await?;
    let done = subscribe::subscribe(&sources, &grant, &connection.id).await?;
    Ok(Json(Callbacks::new(connection.id.into(), done)))
}

/// Takes the callbacks back
///
/// Needs the scope `manage`. Where the source cannot be reached they stay as they are; polling goes on in any case.
#[utoipa::path(delete, path = "/v1/connections/{id}/callbacks", tag = "connections", params(("id" = String, Path)),
    responses((status = 204, description = "None stand at the source"), Refusals, Conflicts, SourceFailures))]
pub(super) async fn unsubscribe(
    caller: Caller<action::ManageConnections>,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let sources = caller.gateway.sources.clone();
    let (grant, connection) = caller.read(move |db, attempt| connections::found(db, attempt, &id)).await?;
    subscribe::unsubscribe(&sources, &grant, &connection.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
