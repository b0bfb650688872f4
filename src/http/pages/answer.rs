//! A template as an answer, and the content security policy of pages.

use askama::Template;
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::http::problem::ApiError;

/// Only what comes from the gateway itself: no inline script or style, no frame around a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types rollcall";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The answer of a page with this status. No cache keeps it: it may show people's data.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, headers(), html).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}

pub(super) fn headers() -> [(HeaderName, HeaderValue); 5] {
    [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        // With `no-referrer` browsers send the forms of a page with `Origin: null` (Fetch, «serializing a request
        // origin»), which cannot be told from a foreign page's where they send no `Sec-Fetch-Site`: by plain http.
        (header::REFERRER_POLICY, "same-origin"),
        (
            PERMISSIONS_POLICY,
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
}
