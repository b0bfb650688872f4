//! Turns refusals into problems: the status comes from the class, the rest is taken over.

use axum::http::StatusCode;

use crate::{
    domain::problem::Problem,
    http::problem::ApiError,
    service::{Class, Refusal, interface::Interface},
};

/// Everything that `service` can word: its refusals, and the errors of verbs.
impl<E: Into<Refusal>> From<E> for ApiError {
    fn from(error: E) -> Self {
        let refusal: Refusal = error.into();
        let problem = refusal.problem(Interface::Api);
        let Refusal { class, extra, retry_after, cause, .. } = refusal;
        let status = match class {
            Class::Malformed => StatusCode::BAD_REQUEST,
            Class::Unauthorized => StatusCode::UNAUTHORIZED,
            Class::Forbidden => StatusCode::FORBIDDEN,
            Class::NotThere => StatusCode::NOT_FOUND,
            Class::Gone => StatusCode::GONE,
            Class::Conflict => StatusCode::CONFLICT,
            Class::Unacceptable => StatusCode::UNPROCESSABLE_ENTITY,
            Class::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Class::SourceFailed => StatusCode::BAD_GATEWAY,
            Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut refused = Self::new(status, problem);
        refused.extra = extra;
        refused.retry_after = retry_after;
        match cause {
            Some(cause) => refused.caused_by_shared(cause),
            None => refused,
        }
    }
}

/// A refusal that has no error of its own.
pub(crate) fn refuse(status: StatusCode, code: &str, detail: impl Into<String>, remedy: &str) -> ApiError {
    ApiError::new(status, Problem::new(code, detail, remedy))
}
