//! The route table of the whole gateway, from the top down.

use axum::{Extension, Router, middleware::from_fn_with_state};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

use super::{
    Gateway, api, layers,
    limits::{limited, timed},
    operations::{self, Document, Metrics},
    qbwc,
    webhooks::{self, WebhookCounts},
};
use crate::config::HttpSettings;

/// Everything that the gateway answers, complete with its layers.
pub fn router(gateway: Gateway, settings: &HttpSettings) -> Router {
    let webhooks = WebhookCounts::default();
    let metrics = Metrics::new(webhooks.clone());
    // Serializing maps with text keys and no floats cannot fail.
    let document = Document(openapi().to_json().unwrap_or_default().into());
    let (operations, _) = operations::router().split_for_parts();
    let (api, _) = api::router().split_for_parts();

    let router = Router::new()
        // Without a token: probes, figures, and what the API looks like.
        .merge(operations.layer(Extension(document)).layer(Extension(metrics.clone())))
        .merge(operations::page())
        // With a token, small bodies, a bounded time.
        .merge(timed(limited(api, settings.max_api_body), settings.request_timeout))
        .with_state(gateway.clone())
        // With the Web Connector's password: large bodies, and no bound on the time of a long list.
        .merge(qbwc::router(gateway.clone(), settings.max_qbwc_body))
        // With a sender's signature or secret; it bounds its bodies and its time itself, for it counts what it refuses.
        .merge(webhooks::router(gateway.clone(), settings.max_webhook_body, webhooks));
    // Pages are merged here.

    // Counts outside of all layers, so that what they answer counts as well.
    layers::stack(router, gateway.ambient, settings.body_timeout)
        .layer(from_fn_with_state(metrics, Metrics::count))
}

/// The OpenAPI document of the same routes.
pub fn openapi() -> utoipa::openapi::OpenApi {
    OpenApiRouter::<Gateway>::with_openapi(Head::openapi())
        .merge(api::router())
        .merge(operations::router())
        .into_openapi()
}

/// What the document says beside its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rollcall",
        description = "Stages the people and customers of your payroll, accounting and PSA systems, and links them to \
            the users of your other software.\n\nErrors are `application/problem+json` with a `code` for programs and \
            a `remedy` for people. Times are RFC 3339 in UTC. Lists are pages: send `next_cursor` as `cursor` until it \
            is null."
    ),
    components(schemas(api::schema::ProblemBody)),
    modifiers(&Bearer),
    security(("token" = [])),
    tags(
        (name = "companies", description = "The tenants"),
        (name = "connections", description = "Links to source systems"),
        (name = "webhooks", description = "What source systems told, and what could not be dealt with"),
        (name = "runs", description = "What synchronisations did, and decisions about holds"),
        (name = "employees", description = "Staged people"),
        (name = "customers", description = "Staged customers"),
        (name = "profiles", description = "The app's own people and customers"),
        (name = "links", description = "Profile ↔ record"),
        (name = "apps", description = "Downstream systems and their tokens"),
        (name = "operations", description = "For those who run the gateway")
    )
)]
struct Head;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token of `rollcall app add`, or of `POST /v1/apps`."));
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}
