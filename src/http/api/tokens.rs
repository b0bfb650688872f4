//! `/v1/apps/{id}/tokens`: the tokens with which apps authenticate.

use axum::{Json, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::{
        access::{Scopes, action},
        words::Scope,
    },
    http::{
        Gateway,
        extract::{ApiJson, ApiPath},
        problem::ApiError,
    },
    service::{
        page::PageBody,
        tokens::{self, NewToken, Token},
    },
    sync::register,
};

use super::{
    auth::{Caller, guarded},
    schema::{self, BadBodies, Conflicts, Refusals, Text},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(list_tokens))
        .routes(guarded!(add_token))
        .routes(guarded!(revoke_token))
}

/// A token to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenDraft {
    /// What people call it.
    name: Option<Text>,
    /// What it may be used for, within the scopes of its app; those of the app where they are left out.
    #[schema(schema_with = schema::scope_list)]
    #[schema(min_items = 1)]
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
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<PageBody<Token>>, ApiError> {
    let data = caller.read(move |db, attempt| tokens::list(db, attempt, &id)).await?;
    Ok(Json(PageBody { data, next_cursor: None }))
}

/// Makes another token of an app
///
/// Needs an admin's token. To change a token: make a new one, use it, revoke the old one.
#[utoipa::path(post, path = "/v1/apps/{id}/tokens", tag = "apps", params(("id" = String, Path, description = "The app")),
    request_body = Option<TokenDraft>,
    responses((status = 201, description = "The new token", body = NewToken), Refusals, Conflicts, BadBodies))]
async fn add_token(
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
    body: Option<ApiJson<TokenDraft>>,
) -> Result<(StatusCode, Json<NewToken>), ApiError> {
    let ambient = caller.gateway.ambient.clone();
    let draft = body.map(|ApiJson(body)| body).unwrap_or_default().read();
    let added = caller.write(move |db, attempt| tokens::add(db, &ambient, attempt, &id, &draft));
    Ok((StatusCode::CREATED, Json(added.await?)))
}

/// Revokes a token
///
/// Needs an admin's token. From then on it is refused; a revoked token stays in the list.
#[utoipa::path(delete, path = "/v1/apps/{id}/tokens/{token_id}", tag = "apps",
    params(("id" = String, Path, description = "The app"), ("token_id" = String, Path)),
    responses((status = 204, description = "It is revoked"), Refusals, Conflicts))]
async fn revoke_token(
    caller: Caller<action::Administer>,
    ApiPath((id, token_id)): ApiPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let now = caller.gateway.ambient.now();
    caller.write(move |db, attempt| tokens::revoke(db, attempt, &id, &token_id, now)).await?;
    Ok(StatusCode::NO_CONTENT)
}
