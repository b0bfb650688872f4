//! Keeps other sites from acting in the name of whoever is signed in: browsers send our cookies along whoever asks.
//!
//! The rules are tower-http's (`Sec-Fetch-Site`, else `Origin` against the host), and one of our own: a request that would
//! change something, with a cookie of ours, must show where it comes from. A request with a token proves by it who asks.

use axum::{
    extract::{Request, State},
    http::{Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower::{Layer, ServiceExt};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use url::Url;

use super::{Gateway, cookies, problem::ApiError};
use crate::domain::problem::Problem;

/// The layer of all routes that take a cookie.
pub(super) async fn refuse_cross_site(
    State(gateway): State<Gateway>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    if headers.contains_key(header::AUTHORIZATION) {
        return next.run(request).await;
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let tells = headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN);
    if changes && !tells && cookies::shows_any(headers) {
        return refused().into_response();
    }
    let answer = |_: ProtectionError| refused().into_response();
    let layer = trusting(&gateway.public_url).with_rejection_response(answer);
    layer.layer(next).oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// The public address is ours, whatever a proxy makes of `Host`.
fn trusting(public_url: &Url) -> CsrfLayer {
    let origin = public_url.origin().ascii_serialization();
    CsrfLayer::new().add_trusted_origin(origin).unwrap_or_default()
}

fn refused() -> ApiError {
    let problem = Problem::new(
        "cross_site",
        "The request would change something, and does not come from the gateway's own pages.",
        "Use the gateway's pages at its public address (ROLLCALL_PUBLIC_URL); programs send a token instead of a cookie.",
    );
    ApiError::new(StatusCode::FORBIDDEN, problem)
}
