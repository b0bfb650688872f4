//! axum's extractors with problems as their errors. The handlers of the API use these, not axum's.

use std::{error::Error, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, OptionalFromRequest, Path, Request,
        rejection::{BytesRejection, JsonRejection},
    },
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{
    decode::{self, DecodeError, InvalidParameter, UniqueJson},
    limits::BodyFailure,
    policy::{self, Policy},
    problem::ApiError,
};
use crate::domain::problem::Problem;

/// A JSON body. As `Option<ApiJson<T>>` it may be missing: `None` if there is no byte.
#[derive(Debug, Clone, Copy)]
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let policy = Policy::of(request.extensions());
        let error = match <Json<UniqueJson> as FromRequest<S>>::from_request(request, state).await {
            Ok(Json(UniqueJson(value))) => match decode::body(&value) {
                Ok(body) => return Ok(Self(body)),
                Err(error) => invalid(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid_body",
                    format!("The body cannot be taken. {error}"),
                    "Correct the member that is named; the API's description is at /docs.",
                ),
            },
            Err(rejection) => json_problem(rejection),
        };
        Err(policy::first(policy, error).await)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, ApiError> {
        // By its bytes, because some clients send `Content-Type: application/json` with an empty body.
        let (parts, body) = request.into_parts();
        let mut reading = Request::new(body);
        // The extensions hold the limit of the route.
        reading.extensions_mut().clone_from(&parts.extensions);
        let body = match Bytes::from_request(reading, state).await {
            Ok(body) => body,
            Err(rejection) => {
                return Err(policy::first(Policy::of(&parts.extensions), body_problem(&rejection)).await);
            }
        };
        // `null` counts as no body.
        if body.is_empty() || body.trim_ascii() == b"null" {
            return Ok(None);
        }
        let request = Request::from_parts(parts, body.into());
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

/// The query string.
#[derive(Debug, Clone, Copy)]
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let error = match decode::query(parts.uri.query().unwrap_or_default()) {
            Ok(query) => return Ok(Self(query)),
            Err(error) => invalid_query(&error),
        };
        Err(policy::first(Policy::of(&parts.extensions), error).await)
    }
}

/// The parameters that a route takes in its query: an extension of requests, made from the route's description.
#[derive(Debug, Clone)]
pub(super) struct Parameters(pub Arc<[String]>);

impl Parameters {
    /// # Errors
    /// A parameter that the route does not take (400), or one that stands there twice (422): two readers may read two values.
    pub(super) fn check(&self, query: &str) -> Result<(), ApiError> {
        decode::parameters(query, &self.0).map_err(|invalid_parameter| match invalid_parameter {
            InvalidParameter::Unknown(error) => invalid_query(&error),
            InvalidParameter::Repeated(error) => invalid(
                StatusCode::UNPROCESSABLE_ENTITY,
                "repeated_parameter",
                format!("The query cannot be taken. {error}"),
                "Send each parameter once.",
            ),
        })
    }
}

fn invalid_query(error: &DecodeError) -> ApiError {
    let remedy = "Correct the parameter that is named; the API's description is at /docs.";
    invalid(StatusCode::BAD_REQUEST, "invalid_query", format!("The query cannot be taken. {error}"), remedy)
}

/// The parameters of the path.
#[derive(Debug, Clone, Copy)]
pub struct ApiPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ApiPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            // A route that asks for other parameters than it has is a bug.
            Err(rejection) if rejection.status().is_server_error() => Err(ApiError::internal(rejection)),
            // axum's words quote the path, which may hold anything.
            Err(rejection) => {
                let error = invalid(
                    rejection.status(),
                    "invalid_path",
                    "A part of the address is not of the kind that stands there.",
                    "Compare the address with the API's description at /docs.",
                );
                Err(policy::first(Policy::of(&parts.extensions), error).await)
            }
        }
    }
}

fn json_problem(rejection: JsonRejection) -> ApiError {
    let status = rejection.status();
    match rejection {
        JsonRejection::JsonSyntaxError(error) => {
            let detail = match position(&error) {
                Some((line, column)) => format!("The body is not JSON (line {line}, column {column})."),
                None => "The body is not JSON.".to_owned(),
            };
            invalid(status, "invalid_json", detail, "Send a body that is valid JSON.")
        }
        // Any other value is taken at first: see `UniqueJson`.
        JsonRejection::JsonDataError(error) => {
            let place = position(&error).map(|(line, column)| format!(" (line {line}, column {column})"));
            let detail = format!("An object of the body has a member twice{}.", place.unwrap_or_default());
            invalid(status, "repeated_member", detail, "Send each member once.")
        }
        JsonRejection::MissingJsonContentType(_) => invalid(
            status,
            "not_json",
            "The body is not declared as JSON.",
            "Send the header Content-Type: application/json.",
        ),
        JsonRejection::BytesRejection(rejection) => body_problem(&rejection),
        // The enum is non-exhaustive: a rejection of a later axum keeps its status.
        _ => invalid(
            status,
            "invalid_body",
            "The body cannot be taken.",
            "Compare the body with the API's description at /docs.",
        ),
    }
}

/// Where JSON is broken, found by the types in the chain of the error.
fn position(error: &(dyn Error + 'static)) -> Option<(usize, usize)> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(json) = error.downcast_ref::<serde_json::Error>() {
            return Some((json.line(), json.column()));
        }
        cause = error.source();
    }
    None
}

fn body_problem(rejection: &BytesRejection) -> ApiError {
    BodyFailure::of(rejection).problem()
}

fn invalid(status: StatusCode, code: &str, detail: impl Into<String>, remedy: &str) -> ApiError {
    ApiError::new(status, Problem::new(code, detail, remedy))
}
