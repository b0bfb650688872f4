//! `/v1/apps/{id}/tokens`: what apps sign in with.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    http::{Gateway, extract::ApiPath, problem::ApiError},
    store::apps,
    sync::register,
};

use super::{
    auth::Admin,
    errors::refuse,
    page::PageBody,
    schema::{Conflicts, Refusals},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(routes!(list_tokens, add_token)).routes(routes!(revoke_token))
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    pub id: String,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<apps::Token> for Token {
    fn from(token: apps::Token) -> Self {
        Self { id: token.id, created_at: token.created_at, revoked_at: token.revoked_at }
    }
}

/// A token just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewToken {
    id: String,
    /// Shown only here.
    token: String,
}

/// Lists an app's tokens
///
/// Needs an admin's token. All are on one page, the revoked ones as well.
#[utoipa::path(get, path = "/v1/apps/{id}/tokens", tag = "apps", params(("id" = String, Path, description = "The app")),
    responses((status = 200, description = "The tokens", body = PageBody<Token>), Refusals))]
async fn list_tokens(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<PageBody<Token>>, ApiError> {
    let tokens = gateway.store.read(move |db| {
        let app = apps::get(db, &id)?;
        apps::tokens(db, &app.id)
    });
    PageBody::new(tokens.await?.into_iter().map(Token::from).collect(), None::<&()>).map(Json)
}

/// Makes another token of an app
///
/// Needs an admin's token. To change a token: make a new one, use it, revoke the old one.
#[utoipa::path(post, path = "/v1/apps/{id}/tokens", tag = "apps", params(("id" = String, Path, description = "The app")),
    responses((status = 201, description = "The new token", body = NewToken), Refusals, Conflicts))]
async fn add_token(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<(StatusCode, Json<NewToken>), ApiError> {
    let ambient = gateway.ambient.clone();
    let made = gateway.store.write(move |db| {
        if apps::get(db, &id)?.admin {
            return Err(refuse(
                StatusCode::FORBIDDEN,
                "admin_by_command_line",
                "An admin's token is made by the command line only.",
                "Run `rollcall app token` on the gateway's machine.",
            ));
        }
        Ok(register::token(db, &ambient, &id)?)
    });
    let (id, token) = made.await?;
    Ok((StatusCode::CREATED, Json(NewToken { id, token: token.reveal().to_owned() })))
}

/// Revokes a token
///
/// Needs an admin's token. From then on it is refused; a revoked token stays in the list.
#[utoipa::path(delete, path = "/v1/apps/{id}/tokens/{token_id}", tag = "apps",
    params(("id" = String, Path, description = "The app"), ("token_id" = String, Path)),
    responses((status = 204, description = "It is revoked"), Refusals, Conflicts))]
async fn revoke_token(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiPath((id, token_id)): ApiPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let now = gateway.ambient.now();
    gateway.store.write(move |db| apps::revoke_token(db, &id, &token_id, now)).await?;
    Ok(StatusCode::NO_CONTENT)
}
