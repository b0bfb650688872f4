//! `/v1/me`: the account of the person who calls.

use axum::{Json, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::access::action,
    http::{
        Gateway,
        extract::{ApiJson, ApiPath},
        problem::ApiError,
    },
    service::{
        accounts::{
            self, Account,
            change::{self, OwnChange},
            passwords::Whose,
            tokens::{self, NewPersonalToken},
        },
        page::PageBody,
        tokens::Token,
    },
};

use super::{
    accounts::{PasswordChange, set_password},
    auth::{Caller, guarded},
    schema::{self, BadBodies, Conflicts, Refusals, Text},
    tokens::TokenDraft,
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(get_own_account))
        .routes(guarded!(change_own_account))
        .routes(guarded!(set_own_password))
        .routes(guarded!(list_own_tokens))
        .routes(guarded!(add_own_token))
        .routes(guarded!(revoke_own_token))
}

/// Shows the own account
///
/// For people who have signed in; a program has no account: 422 `no_account`.
#[utoipa::path(get, path = "/v1/me", tag = "accounts",
    responses((status = 200, description = "The account", body = Account), Refusals))]
async fn get_own_account(caller: Caller<action::OwnAccount>) -> Result<Json<Account>, ApiError> {
    caller.read(accounts::own).await.map(Json)
}

/// The changes to the own account; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnAccountChange {
    #[schema(schema_with = schema::email_or_none)]
    #[schema(required = false)]
    email: Option<Text>,
    #[schema(schema_with = schema::name_or_none)]
    #[schema(required = false)]
    name: Option<Text>,
}

/// Changes the own account
///
/// The e-mail, which is the user name, only after a sign-in within ten minutes.
#[utoipa::path(patch, path = "/v1/me", tag = "accounts", request_body = OwnAccountChange,
    responses((status = 200, description = "The account as it is now", body = Account), Refusals, Conflicts, BadBodies))]
async fn change_own_account(
    caller: Caller<action::OwnAccount>,
    ApiJson(body): ApiJson<OwnAccountChange>,
) -> Result<Json<Account>, ApiError> {
    let now = caller.gateway.ambient.now();
    let change = OwnChange { email: body.email.map(|text| text.0), name: body.name.map(|text| text.0) };
    caller.write(move |db, attempt| change::change_own(db, attempt, &change, now)).await.map(Json)
}

/// Changes the own password
///
/// `current` is needed where there is one. All other sessions end.
#[utoipa::path(put, path = "/v1/me/password", tag = "accounts", request_body = PasswordChange,
    responses((status = 204, description = "It is set"), Refusals, Conflicts, BadBodies))]
async fn set_own_password(
    caller: Caller<action::OwnAccount>,
    ApiJson(body): ApiJson<PasswordChange>,
) -> Result<StatusCode, ApiError> {
    set_password(caller, Whose::Own, body.read()).await
}

/// Lists the own tokens
///
/// All are on one page, the revoked ones as well.
#[utoipa::path(get, path = "/v1/me/tokens", tag = "accounts",
    responses((status = 200, description = "The tokens", body = PageBody<Token>), Refusals))]
async fn list_own_tokens(caller: Caller<action::OwnAccount>) -> Result<Json<PageBody<Token>>, ApiError> {
    caller.read(tokens::list).await.map(Json)
}

/// Makes a token with which a program acts as the caller
///
/// Within its scopes (`read`, `link` and `poll` where they are left out), what the person may do, and the companies that the
/// person sees. Only after a sign-in within ten minutes.
#[utoipa::path(post, path = "/v1/me/tokens", tag = "accounts", request_body = Option<TokenDraft>,
    responses((status = 201, description = "The new token", body = NewPersonalToken), Refusals, Conflicts, BadBodies))]
async fn add_own_token(
    caller: Caller<action::OwnAccount>,
    body: Option<ApiJson<TokenDraft>>,
) -> Result<(StatusCode, Json<NewPersonalToken>), ApiError> {
    let ambient = caller.gateway.ambient.clone();
    let draft = body.map(|ApiJson(body)| body).unwrap_or_default().read();
    let added = caller.write(move |db, attempt| tokens::add(db, &ambient, attempt, &draft));
    Ok((StatusCode::CREATED, Json(added.await?)))
}

/// Revokes a token of the caller
///
/// From then on it is refused; it stays in the list.
#[utoipa::path(delete, path = "/v1/me/tokens/{token_id}", tag = "accounts", params(("token_id" = String, Path)),
    responses((status = 204, description = "It is revoked"), Refusals, Conflicts))]
async fn revoke_own_token(
    caller: Caller<action::OwnAccount>,
    ApiPath(token_id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let now = caller.gateway.ambient.now();
    caller.write(move |db, attempt| tokens::revoke(db, attempt, &token_id, now)).await?;
    Ok(StatusCode::NO_CONTENT)
}
