//! `/v1/apps/{id}/tokens`: what apps sign in with.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::{access::Scopes, words::Scope},
    http::{
        Gateway,
        extract::{ApiJson, ApiPath},
        problem::ApiError,
    },
    store::apps,
    sync::register,
};

use super::{
    errors::refuse,
    page::PageBody,
    schema::{self, BadBodies, Conflicts, Refusals, Text},
    scoped::Admin,
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(routes!(list_tokens, add_token)).routes(routes!(revoke_token))
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// What it may be used for.
    #[schema(schema_with = schema::scope_list)]
    pub scopes: Vec<Scope>,
    pub created_at: DateTime<Utc>,
    /// When it stops working; null where it does not by itself.
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// To the minute or less often.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<apps::Token> for Token {
    fn from(token: apps::Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes.as_slice().to_vec(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// A token just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewToken {
    #[serde(flatten)]
    made: Token,
    /// Shown only here.
    token: String,
}

/// A token to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenDraft {
    /// What people call it.
    name: Option<Text>,
    /// What it may be used for, within the scopes of its app; those of the app where they are left out.
    #[schema(schema_with = schema::scope_list)]
    scopes: Option<Vec<Scope>>,
    /// After how many days it stops working; never by itself where it is left out.
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<u32>,
}

impl TokenDraft {
    pub(super) fn read(self) -> register::TokenDraft {
        register::TokenDraft {
            name: self.name.map(|name| name.0),
            scopes: self.scopes.as_deref().map(Scopes::new),
            expires_in_days: self.expires_in_days,
        }
    }
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
    Ok(Json(PageBody::new(tokens.await?.into_iter().map(Token::from).collect(), None::<&()>)?))
}

/// Makes another token of an app
///
/// Needs an admin's token. To change a token: make a new one, use it, revoke the old one.
#[utoipa::path(post, path = "/v1/apps/{id}/tokens", tag = "apps", params(("id" = String, Path, description = "The app")),
    request_body = Option<TokenDraft>,
    responses((status = 201, description = "The new token", body = NewToken), Refusals, Conflicts, BadBodies))]
async fn add_token(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiPath(id): ApiPath<String>,
    body: Option<ApiJson<TokenDraft>>,
) -> Result<(StatusCode, Json<NewToken>), ApiError> {
    let ambient = gateway.ambient.clone();
    let draft = body.map(|ApiJson(body)| body).unwrap_or_default().read();
    let made = gateway.store.write(move |db| {
        if apps::get(db, &id)?.admin {
            return Err(refuse(
                StatusCode::FORBIDDEN,
                "admin_by_command_line",
                "An admin's token is made by the command line only.",
                "Run `rollcall app token` on the gateway's machine.",
            ));
        }
        Ok(register::token(db, &ambient, &id, &draft)?)
    });
    let register::NewToken { token, secret } = made.await?;
    let token = NewToken { made: token.into(), token: secret.reveal().to_owned() };
    Ok((StatusCode::CREATED, Json(token)))
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
