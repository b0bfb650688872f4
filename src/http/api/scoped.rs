//! Who calls, for the resources that have no use cases yet: their routes look up the token in a job of its own. Each that
//! moves to `service` takes [`super::auth::Caller`] in its place; this goes with the last one.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};

use crate::{
    http::{Gateway, door::Visitor, problem::ApiError, server},
    service::door::unauthorized,
    store::apps,
    sync::scope::Scope,
};

use super::{auth::bearer, errors::refuse};

/// Whoever has a token.
#[derive(Debug, Clone)]
pub struct Caller(pub Scope);

/// An admin's token, made by the command line.
#[derive(Debug, Clone)]
pub struct Admin(pub Scope);

impl FromRequestParts<Gateway> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers).ok_or_else(unauthorized)?;
        let (hash, now) = (token.hash(), gateway.ambient.now());
        match gateway.store.read(move |db| apps::by_token(db, &hash.0, now)).await? {
            Some((_, app)) => {
                Visitor::of(&parts.extensions).welcome();
                Ok(Self(Scope { app }))
            }
            None => {
                gateway.refused_tokens.note(server::caller(&parts.extensions));
                Err(unauthorized().into())
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
