//! Renews the secret of a connection's webhooks.

use axum::Json;

use crate::{
    domain::access::action,
    http::{
        api::{
            auth::Caller,
            schema::{Conflicts, Refusals},
        },
        extract::ApiPath,
        problem::ApiError,
    },
    service::connections::{self, WebhookSecret},
};

/// Makes a new secret for the webhooks
///
/// Needs the scope `manage`. The old one stops working at once: give the new one to the sender.
#[utoipa::path(post, path = "/v1/connections/{id}/webhook-secret", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The new secret", body = WebhookSecret), Refusals, Conflicts))]
pub(super) async fn new_webhook_secret(
    caller: Caller<action::ManageConnections>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<WebhookSecret>, ApiError> {
    let sources = caller.gateway.sources.clone();
    caller
        .write(move |db, attempt| connections::new_webhook_secret(db, &sources, attempt, &id))
        .await
        .map(Json)
}
