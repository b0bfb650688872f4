//! The route table of the whole gateway.

use axum::{Extension, Router, middleware::from_fn_with_state};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::{
    Gateway, api, csrf,
    document::{ApiDocument, refuse_nul, tell_tags},
    layers::{self, Transport},
    limits::{limited, timed},
    oidc,
    operations::{self, Description, Metrics},
    pages, qbwc,
    webhooks::{self, WebhookCounts},
};
use crate::config::HttpSettings;

/// Bytes of the largest body of a sign-in, which anybody may send.
const MAX_SIGN_IN_BODY: u64 = 4096;

/// The router for the main address, complete with its layers.
pub fn router(gateway: Gateway, settings: &HttpSettings) -> Router {
    routers(gateway, settings).0
}

/// The same, and the router for the address of the metrics, if they have one of their own.
pub fn routers(gateway: Gateway, settings: &HttpSettings) -> (Router, Option<Router>) {
    let webhooks = WebhookCounts::default();
    let metrics = Metrics::new(webhooks.clone());
    let description = Description::new(openapi, operations::render);
    let (operations, _) = operations::router().split_for_parts();
    let (figures, _) = operations::figures_router().split_for_parts();
    let figures = figures.layer(Extension(metrics.clone()));
    let transport = Transport::of(&gateway.public_url);
    let (operations, figures) = match settings.metrics_listen {
        None => (operations.merge(figures), None),
        Some(_) => {
            let own =
                layers::stack(figures.with_state(gateway.clone()), gateway.ambient.clone(), Transport::Http);
            (operations, Some(own))
        }
    };
    let (api, _) = api::router().split_for_parts();
    let (waiting, _) = api::waiting_router().split_for_parts();
    let (sign_in, _) = api::sign_in_router().split_for_parts();
    let longest = settings.request_timeout + api::changes::LONGEST_WAIT;

    let same_site =
        |router: Router<Gateway>| router.layer(from_fn_with_state(gateway.clone(), csrf::refuse_cross_site));
    let router = Router::new()
        // No authentication: probes, metrics, and the API's description.
        .merge(operations.layer(Extension(description.clone())))
        .merge(operations::page(description))
        // Authenticated by token or session: small bodies, and a limit on the time.
        .merge(timed(limited(same_site(api), settings.max_api_body), settings.request_timeout))
        .merge(timed(limited(same_site(sign_in), MAX_SIGN_IN_BODY), settings.request_timeout))
        .merge(timed(limited(same_site(waiting), settings.max_api_body), longest))
        // Buttons of the sign-in page, and the way back from there.
        .merge(timed(limited(same_site(oidc::router()), oidc::LARGEST_FORM), settings.request_timeout))
        // Pages: small forms, and a limit on the time.
        .merge(timed(limited(same_site(pages::router()), pages::LARGEST_FORM), settings.request_timeout))
        .with_state(gateway.clone())
        // Authenticated by the Web Connector's password: large bodies, and no limit on the time of a long list.
        .merge(qbwc::router(gateway.clone(), settings.max_qbwc_body))
        // Authenticated by a sender's signature or secret. It limits bodies and time itself, because it counts its
        // refusals.
        .merge(webhooks::router(gateway.clone(), settings.max_webhook_body, webhooks));

    // Counts outside of all layers, so that their answers are counted as well.
    let router =
        layers::stack(router, gateway.ambient, transport).layer(from_fn_with_state(metrics, Metrics::count));
    (router, figures)
}

/// The OpenAPI document of the same routes.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = OpenApiRouter::<Gateway>::with_openapi(ApiDocument::openapi())
        .merge(api::router())
        .merge(api::waiting_router())
        .merge(api::sign_in_router())
        .merge(operations::router())
        .merge(operations::figures_router())
        .into_openapi();
    tell_tags(&mut document);
    refuse_nul(&mut document);
    document
}
