//! Who calls: a token names an app, and an app sees its companies (promise 8).

use std::fmt::Write;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
};

use crate::{
    domain::secret::Secret,
    http::{Gateway, door::Visitor, problem::ApiError},
    store::{Lane, apps},
    sync::scope::Scope,
};

use super::errors::refuse;

/// Whoever has a token.
#[derive(Debug, Clone)]
pub struct Caller(pub Scope);

/// An admin's token, made by the command line.
#[derive(Debug, Clone)]
pub struct Admin(pub Scope);

/// The app for which something is done: the caller's own, or the one that an admin names by `?app=`.
#[derive(Debug, Clone)]
pub struct ForApp(pub Scope);

impl FromRequestParts<Gateway> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers).ok_or_else(unauthorized)?;
        let hash = token.hash();
        let app = gateway.store.read(move |db| apps::by_token(db, &hash.0)).await?;
        match app {
            Some(app) => {
                Visitor::of(&parts.extensions).welcome();
                Ok(Self(Scope { app }))
            }
            None => {
                gateway.refused_tokens.note(&parts.extensions);
                Err(unauthorized())
            }
        }
    }
}

impl FromRequestParts<Gateway> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let Caller(scope) = Caller::from_request_parts(parts, gateway).await?;
        if scope.app.admin {
            return Ok(Self(scope));
        }
        Err(refuse(
            StatusCode::FORBIDDEN,
            "admin_only",
            "This needs an admin's token.",
            "Ask an administrator, or make an admin's token with `rollcall app add NAME --admin`.",
        ))
    }
}

impl FromRequestParts<Gateway> for ForApp {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let Caller(scope) = Caller::from_request_parts(parts, gateway).await?;
        let query = parts.uri.query().unwrap_or_default();
        let named = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "app");
        let Some((_, named)) = named else { return Ok(Self(scope)) };
        if named == scope.app.id || named == scope.app.name {
            return Ok(Self(scope));
        }
        if !scope.app.admin {
            return Err(refuse(
                StatusCode::FORBIDDEN,
                "other_app",
                "Only an admin's token may act for another app.",
                "Leave `app` out, or use a token of that app.",
            ));
        }
        let named = named.into_owned();
        let mut app = gateway.store.read(move |db| apps::find(db, &named)).await?;
        // Histories tell who did it, and for whom.
        app.name = format!("{} for {}", scope.app.name, app.name);
        Ok(Self(Scope { app }))
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim()))
}

/// The line before the database of whoever has this token. One that nobody has made has a line as well.
pub fn lane(token: &Secret) -> Lane {
    let who = token.hash().0.iter().take(8).fold(String::new(), |mut who, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(who, "{byte:02x}");
        who
    });
    Lane::Caller(who.into())
}

pub(super) fn unauthorized() -> ApiError {
    refuse(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "There is no token, or it is not valid (any more).",
        "Send `Authorization: Bearer TOKEN`; `rollcall app add` and `POST /v1/apps/{id}/tokens` make tokens.",
    )
}
