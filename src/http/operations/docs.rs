//! `/docs`: the API's description as a page. All it needs is compiled in: it works without a network.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{Next, from_fn},
    response::Response,
};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The page loads nothing from elsewhere, and sends what is typed into it to this gateway only.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

pub fn page<S: Clone + Send + Sync + 'static>() -> Router<S> {
    // Without this Swagger UI would ask a validator on the network for a badge.
    let config = Config::from("/openapi.json").validator_url("none").try_it_out_enabled(true);
    Router::<S>::from(SwaggerUi::new("/docs").config(config)).layer(from_fn(guard))
}

async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
