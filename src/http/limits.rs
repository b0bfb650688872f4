//! Limits that a route chooses.

use std::{error::Error, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request},
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    response::IntoResponse,
};
use http_body_util::{LengthLimitError, Limited};

use super::{bodies, problem::ApiError};
use crate::domain::problem::Problem;

/// Bounds the bodies of `router`'s routes to `bytes`, however they are read. A longer `Content-Length` is refused at
/// once, unread; a body without one is cut at the limit, and its reader gets an error of which
/// [`BodyFailure::of`] makes [`BodyFailure::TooLarge`].
///
/// Of nested limits the smallest holds: give it to sibling routers, and merge these.
pub fn limited<S: Clone + Send + Sync + 'static>(router: Router<S>, bytes: u64) -> Router<S> {
    let limit = move |request: Request, next: Next| async move {
        let declared = request.headers().get(header::CONTENT_LENGTH);
        // hyper has refused lengths that are not numbers.
        let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|length| length > bytes) {
            return BodyFailure::TooLarge.problem().into_response();
        }
        let most = usize::try_from(bytes).unwrap_or(usize::MAX);
        next.run(request.map(|body| Body::new(Limited::new(body, most)))).await
    };
    // axum's own limit of 2 MB would cut larger bodies, but only in extractors that buffer.
    router.layer(DefaultBodyLimit::disable()).layer(from_fn(limit))
}

/// Answers 503 when a route of `router` has not answered within `limit`; its handler is dropped at its next await.
pub fn timed<S: Clone + Send + Sync + 'static>(router: Router<S>, limit: Duration) -> Router<S> {
    router.layer(from_fn(move |request: Request, next: Next| async move {
        match tokio::time::timeout(limit, next.run(request)).await {
            Ok(response) => response,
            Err(_) => ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                Problem::new(
                    "took_too_long",
                    "The gateway could not answer in time.",
                    "Try again in a moment, or ask for less at once.",
                ),
            )
            .into_response(),
        }
    }))
}

/// Why the body of a request did not arrive completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyFailure {
    #[error("the body is larger than allowed")]
    TooLarge,
    #[error("the body stopped arriving")]
    TooSlow,
    /// The gateway stops, and the body stood still or came too slowly to be waited for.
    #[error("the gateway stops")]
    Stopping,
    /// The client went away, or the framing was wrong.
    #[error("the body broke off")]
    Broken,
}

impl BodyFailure {
    /// Finds the cause by the types in the chain of `error`, never by their text.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<LengthLimitError>() {
                return Self::TooLarge;
            }
            if error.is::<bodies::TooSlow>() {
                return Self::TooSlow;
            }
            if error.is::<bodies::Stopping>() {
                return Self::Stopping;
            }
            cause = error.source();
        }
        Self::Broken
    }

    /// The answer: 413, 408, 503 or 400.
    pub fn problem(self) -> ApiError {
        let (status, code, detail, remedy) = match self {
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "The request's body is larger than this address takes.",
                "Send less at once.",
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "body_too_slow",
                "The request's body stopped arriving, or came too slowly.",
                "Send the request again; check the network if it happens often.",
            ),
            Self::Stopping => (
                StatusCode::SERVICE_UNAVAILABLE,
                "stopping",
                "The gateway stops, and the request's body did not arrive any more.",
                "Send the request again in a moment.",
            ),
            Self::Broken => (
                StatusCode::BAD_REQUEST,
                "body_incomplete",
                "The request's body did not arrive whole.",
                "Send the request again.",
            ),
        };
        ApiError::new(status, Problem::new(code, detail, remedy))
    }
}
