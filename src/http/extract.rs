//! axum's extractors with errors as problems. Handlers of the API use these, not axum's.

use axum::{
    Json,
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, OptionalFromRequest, Path, Query, Request,
        rejection::{BytesRejection, JsonRejection},
    },
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{limits::BodyFailure, problem::ApiError};
use crate::domain::problem::Problem;

/// A JSON body. As `Option<ApiJson<T>>` it may be missing: `None` if there is no byte.
#[derive(Debug, Clone, Copy)]
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match <Json<T> as FromRequest<S>>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(json_problem(rejection)),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, ApiError> {
        // By its bytes, for some clients send `Content-Type: application/json` with an empty body.
        let (parts, body) = request.into_parts();
        let mut reading = Request::new(body);
        // The extensions say which limit holds.
        reading.extensions_mut().clone_from(&parts.extensions);
        let body = Bytes::from_request(reading, state).await.map_err(|rejection| body_problem(&rejection))?;
        // In JSON, nothing is `null`.
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

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(invalid(
                rejection.status(),
                "invalid_query",
                rejection.body_text(),
                "Correct the parameter that is named.",
            )),
        }
    }
}

/// The parameters of the path.
#[derive(Debug, Clone, Copy)]
pub struct ApiPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ApiPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            // A route that asks for other parameters than it has is our mistake.
            Err(rejection) if rejection.status().is_server_error() => Err(ApiError::internal(rejection)),
            Err(rejection) => Err(invalid(
                rejection.status(),
                "invalid_path",
                rejection.body_text(),
                "Correct the part of the address that is named.",
            )),
        }
    }
}

fn json_problem(rejection: JsonRejection) -> ApiError {
    let status = rejection.status();
    let detail = rejection.body_text();
    match rejection {
        JsonRejection::JsonDataError(_) => {
            invalid(status, "invalid_body", detail, "Correct the member that is named.")
        }
        JsonRejection::JsonSyntaxError(_) => {
            invalid(status, "invalid_json", detail, "Send a body that is valid JSON.")
        }
        JsonRejection::MissingJsonContentType(_) => invalid(
            status,
            "not_json",
            "The body is not declared as JSON.",
            "Send the header Content-Type: application/json.",
        ),
        JsonRejection::BytesRejection(rejection) => body_problem(&rejection),
        // The enum is open: a reason of a later axum keeps its status and its words.
        _ => invalid(status, "invalid_body", detail, "Compare the body with the API's description at /docs."),
    }
}

fn body_problem(rejection: &BytesRejection) -> ApiError {
    BodyFailure::of(rejection).problem()
}

fn invalid(status: StatusCode, code: &str, detail: impl Into<String>, remedy: &str) -> ApiError {
    ApiError::new(status, Problem::new(code, detail, remedy))
}
