//! The secret of a source's webhooks.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        Gateway,
        api::{
            schema::{Conflicts, Refusals},
            scoped::Admin,
        },
        extract::ApiPath,
        problem::ApiError,
    },
    sync::{credentials, subscribe::webhook_url},
};

use super::visible;

/// The new secret of a connection's webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookSecret {
    id: String,
    webhook_url: Option<String>,
    /// Shown only here.
    webhook_secret: String,
}

/// Makes a new secret for the webhooks
///
/// Needs an admin's token. The old one stops working at once: give the new one to the sender.
#[utoipa::path(post, path = "/v1/connections/{id}/webhook-secret", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The new secret", body = WebhookSecret), Refusals, Conflicts))]
pub(super) async fn new_webhook_secret(
    State(gateway): State<Gateway>,
    Admin(scope): Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<WebhookSecret>, ApiError> {
    let Gateway { ambient, vault, public_url, .. } = gateway.clone();
    let renewed = gateway.store.write(move |db| {
        let connection = visible(db, &scope, &id)?;
        let secret =
            credentials::renew(db, &ambient, &vault, &id, connection.kind, credentials::WEBHOOK_SECRET)?;
        let webhook_url = webhook_url(connection.kind, &connection.id, &public_url);
        Ok::<_, ApiError>(WebhookSecret { id, webhook_url, webhook_secret: secret.reveal().to_owned() })
    });
    renewed.await.map(Json)
}
