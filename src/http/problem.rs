//! Errors as `application/problem+json` (RFC 9457).

use std::{error::Error, fmt::Write, sync::Arc};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value};

use tokio::time::Instant;

use super::{log_throttle::OutageThrottle, request_id::RequestId};
use crate::domain::problem::Problem;

/// The media type of [RFC 9457 section 6.1](https://www.rfc-editor.org/rfc/rfc9457#section-6.1).
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Members that an extra member may not replace.
const RESERVED: [&str; 7] = ["type", "title", "status", "code", "detail", "remedy", "request_id"];

/// An error as a client sees it, and the cause that only the log sees.
///
/// As a response it has no body yet: it travels in the response's extensions to the layer that knows the request
/// ID ([`super::layers::stack`]), which writes the body. Headers are added as to any response:
/// `([(RETRY_AFTER, "5")], error)`.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub status: StatusCode,
    pub problem: Problem,
    /// More members of the body, such as the other party of a conflict.
    pub extra: Map<String, Value>,
    /// Seconds after which another try makes sense: the header `Retry-After`.
    pub retry_after: Option<u16>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl ApiError {
    pub fn new(status: StatusCode, problem: Problem) -> Self {
        Self { status, problem, extra: Map::new(), retry_after: None, cause: None }
    }

    /// Adds a member to the body. The names of the standard members are left alone.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a cause for the log.
    #[must_use]
    pub fn caused_by(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let cause: Box<dyn Error + Send + Sync> = cause.into();
        self.caused_by_shared(Arc::from(cause))
    }

    /// Adds a cause for the log that is shared with others.
    #[must_use]
    pub fn caused_by_shared(self, cause: Arc<dyn Error + Send + Sync>) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// An internal error: the client reads general words, and `cause` and its sources are logged once, when the body is
    /// written.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let problem = Problem::new(
            "internal",
            "Something went wrong inside the gateway.",
            "Try again. If it happens again, look up the request ID in the gateway's log.",
        );
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, problem).caused_by(cause)
    }

    /// There is no route at the address. The address is not repeated: it may be anything, even a secret that was pasted.
    pub(super) fn no_such_route() -> Self {
        let problem = Problem::new(
            "no_such_route",
            "There is nothing at this address.",
            "Compare the address with the API's description at /docs.",
        );
        Self::new(StatusCode::NOT_FOUND, problem)
    }

    /// Logs the cause, if there is one: once, when the body is written; that of an outage now and then, because it is the same
    /// for all.
    pub(super) fn log(&self, outages: &OutageThrottle) {
        let code = &*self.problem.code;
        let outage = self.status == StatusCode::SERVICE_UNAVAILABLE;
        match &self.cause {
            Some(cause) if outage => {
                if let Some(more) = outages.permits_code(code, Instant::now()) {
                    tracing::error!(code, error = chain(cause.as_ref()), more, "requests fail");
                }
            }
            Some(cause) => tracing::error!(code, error = chain(cause.as_ref()), "request failed"),
            None => {}
        }
    }

    /// The body for the request `id`.
    pub(super) fn body(self, id: &RequestId) -> Vec<u8> {
        let Self { status, problem, mut extra, .. } = self;
        extra.retain(|name, _| !RESERVED.contains(&name.as_str()));
        let body = Body {
            // RFC 9457 section 4.2.1: the status says it all, so the title is its phrase.
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            problem: &problem,
            request_id: id.as_str(),
            extra: &extra,
        };
        // Strings and JSON values always serialize.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Body<'b> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    #[serde(flatten)]
    problem: &'b Problem,
    request_id: &'b str,
    #[serde(flatten)]
    extra: &'b Map<String, Value>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110 section 15.5.2: it must say how to sign in.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// An error and its sources on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing to a `String` cannot fail.
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}
