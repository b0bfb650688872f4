//! A template as an answer, and the content security policy of pages.

use askama::Template;
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::http::problem::ApiError;

/// Only what comes from the gateway itself: no inline script or style, no frame around a page.
macro_rules! policy {
    ($ancestors:expr) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types rollcall; \
             frame-ancestors ",
            $ancestors
        )
    };
}

const POLICY: &str = policy!("'none'");

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The answer of a page with this status. No cache keeps it: it may show people's data.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, headers(), html).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}

/// Leads to another address: one that was written by us, or passed [`super::form::next`].
pub(super) fn lead_to(address: &str) -> Response {
    let there = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
    let headers = [(header::LOCATION, there), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The same answer, which pages of these origins may show in a frame.
pub(super) fn framed(mut answer: Response, ancestors: &[String]) -> Response {
    let policy = format!("{}{}", policy!(""), ancestors.join(" "));
    // The settings write origins anew, so they always fit.
    if let (false, Ok(policy)) = (ancestors.is_empty(), HeaderValue::try_from(policy)) {
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        // A page around it may want all that it shows to say that it may be shown.
        headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    }
    answer
}

/// The same answer, whose forms may lead to these origins: browsers ask the policy about the redirects that follow a form
/// as well (Content Security Policy Level 3, section 4.2.1).
pub(super) fn leading_to(mut answer: Response, origins: &[String]) -> Response {
    let policy = POLICY.replace("form-action 'self'", &format!("form-action 'self' {}", origins.join(" ")));
    if let (false, Ok(policy)) = (origins.is_empty(), HeaderValue::try_from(policy)) {
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

fn headers() -> [(HeaderName, HeaderValue); 5] {
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
