//! `/v1/accounts`: the people who sign in.

use axum::{Json, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::{access::action, words::Role},
    http::{
        Gateway,
        extract::{ApiJson, ApiPath, ApiQuery},
        problem::ApiError,
    },
    service::{
        accounts::{self, Account},
        page::{PageBody, PageQuery},
        sign_in::verify,
    },
};

use super::{
    auth::{Caller, guarded},
    schema::{self, BadBodies, Conflicts, Refusals, SecretText, Text},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(list_accounts))
        .routes(guarded!(add_account))
        .routes(guarded!(get_account))
}

/// An account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountDraft {
    /// The user name as well: unique, whatever its case.
    #[schema(schema_with = schema::email)]
    email: Text,
    /// What stands before the `@` where it is left out.
    #[schema(schema_with = schema::name)]
    #[schema(required = false)]
    name: Option<Text>,
    /// `user` where it is left out.
    #[schema(schema_with = schema::roles)]
    #[schema(required = false)]
    role: Option<Role>,
    /// IDs or names of the companies that a user is to see; an account-admin sees all, and has no list.
    #[schema(max_items = 10000)]
    companies: Option<Vec<Text>>,
    /// Without one the person needs a link to choose a password, or an identity provider.
    password: Option<SecretText>,
}

/// Lists the accounts
///
/// Needs an account-admin or an admin's token. Oldest first, the disabled ones as well.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", params(PageQuery),
    responses((status = 200, description = "A page", body = PageBody<Account>), Refusals))]
async fn list_accounts(
    caller: Caller<action::Administer>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<PageBody<Account>>, ApiError> {
    caller.read(move |db, attempt| accounts::list(db, attempt, &query)).await.map(Json)
}

/// Shows an account
///
/// One's own, or any for an account-admin or an admin's token.
#[utoipa::path(get, path = "/v1/accounts/{id}", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail")),
    responses((status = 200, description = "The account", body = Account), Refusals))]
async fn get_account(
    caller: Caller<action::OwnAccount>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Account>, ApiError> {
    caller.read(move |db, attempt| accounts::show(db, attempt, &id)).await.map(Json)
}

/// Makes an account
///
/// Needs an account-admin, freshly signed in, or an admin's token.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", request_body = AccountDraft,
    responses((status = 201, description = "The new account", body = Account), Refusals, Conflicts, BadBodies))]
async fn add_account(
    caller: Caller<action::Administer>,
    ApiJson(body): ApiJson<AccountDraft>,
) -> Result<(StatusCode, Json<Account>), ApiError> {
    let ambient = caller.gateway.ambient.clone();
    let draft = accounts::AccountDraft {
        email: body.email.0,
        name: body.name.map(|name| name.0),
        role: body.role.unwrap_or(Role::User),
        companies: body.companies.unwrap_or_default().into_iter().map(|company| company.0).collect(),
    };
    let hash = match body.password {
        None => None,
        Some(SecretText(password)) => {
            // Whoever may not, or has made another mistake, makes the gateway hash nothing.
            let (ambient, draft, password) = (ambient.clone(), draft.clone(), password.clone());
            let known = caller.clone();
            let checked = known.read(move |db, attempt| accounts::check(db, &ambient, attempt, &draft));
            drop(checked.await?);
            Some(verify::hash(password, &caller.gateway.ambient).await?)
        }
    };
    let added =
        caller.write(move |db, attempt| accounts::add(db, &ambient, attempt, &draft, hash.as_deref()));
    Ok((StatusCode::CREATED, Json(added.await?)))
}
