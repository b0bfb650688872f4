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
        accounts::{
            self, Account, change,
            links::{self, ShownLink},
            passwords::{self, NewPassword, Whose},
            sessions, standing,
        },
        page::{PageBody, PageQuery},
        sign_in::{
            Session,
            second_factor::{self, TakenAway},
            verify,
        },
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
        .routes(guarded!(change_account))
        .routes(guarded!(set_account_password))
        .routes(guarded!(disable_account))
        .routes(guarded!(enable_account))
        .routes(guarded!(make_reset_link))
        .routes(guarded!(take_second_factor_away))
        .routes(guarded!(list_sessions))
        .routes(guarded!(end_other_sessions))
        .routes(guarded!(end_session))
}

/// An account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountDraft {
    /// The user name as well: unique, whatever its case.
    #[schema(schema_with = schema::email)]
    email: Text,
    /// What stands before the `@` where it is left out.
    #[schema(schema_with = schema::name_or_none)]
    #[schema(required = false)]
    name: Option<Text>,
    /// `user` where it is left out.
    #[schema(schema_with = schema::role_or_none)]
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
            let (known, draft) = (caller.clone(), draft.clone());
            let (looked, new) = (ambient.clone(), password.clone());
            let checked = known.read(move |db, attempt| accounts::check(db, &looked, attempt, &draft, &new));
            checked.await?;
            Some(verify::hash(password, &ambient).await?)
        }
    };
    let added =
        caller.write(move |db, attempt| accounts::add(db, &ambient, attempt, &draft, hash.as_deref()));
    Ok((StatusCode::CREATED, Json(added.await?)))
}

/// The changes to an account; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    #[schema(schema_with = schema::email_or_none)]
    #[schema(required = false)]
    email: Option<Text>,
    #[schema(schema_with = schema::name_or_none)]
    #[schema(required = false)]
    name: Option<Text>,
    /// With another one the person must sign in again.
    #[schema(schema_with = schema::role_or_none)]
    #[schema(required = false)]
    role: Option<Role>,
    /// IDs or names of all companies that a user is to see.
    #[schema(max_items = 10000)]
    companies: Option<Vec<Text>>,
    /// Not changed here: 409 `use_disable`.
    active: Option<bool>,
}

/// Changes an account
///
/// Needs an account-admin or an admin's token; for all but the name, one who has signed in within ten minutes. The last
/// active account-admin keeps its role: 409 `last_admin`.
#[utoipa::path(patch, path = "/v1/accounts/{id}", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail")), request_body = AccountChange,
    responses((status = 200, description = "The account as it is now", body = Account), Refusals, Conflicts, BadBodies))]
async fn change_account(
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
    ApiJson(body): ApiJson<AccountChange>,
) -> Result<Json<Account>, ApiError> {
    let now = caller.gateway.ambient.now();
    let text = |text: Text| text.0;
    let change = change::Change {
        email: body.email.map(text),
        name: body.name.map(text),
        role: body.role,
        companies: body.companies.map(|companies| companies.into_iter().map(text).collect()),
        active: body.active,
    };
    caller.write(move |db, attempt| change::change(db, attempt, &id, &change, now)).await.map(Json)
}

/// What is to be the password of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// At least 15 characters, or 8 with a second factor; up to 1,024 bytes.
    password: SecretText,
    /// The one before: whoever changes the own one must know it.
    current: Option<SecretText>,
}

impl PasswordChange {
    pub(super) fn read(self) -> NewPassword {
        NewPassword { password: self.password.0, current: self.current.map(|current| current.0) }
    }
}

/// Sets the password of an account
///
/// One's own with `current`, or any for an account-admin who has signed in within ten minutes, or an admin's token. All
/// other sessions of the account end.
#[utoipa::path(put, path = "/v1/accounts/{id}/password", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail")), request_body = PasswordChange,
    responses((status = 204, description = "It is set"), Refusals, Conflicts, BadBodies))]
async fn set_account_password(
    caller: Caller<action::OwnAccount>,
    ApiPath(id): ApiPath<String>,
    ApiJson(body): ApiJson<PasswordChange>,
) -> Result<StatusCode, ApiError> {
    set_password(caller, Whose::Of(id), body.read()).await
}

pub(super) async fn set_password(
    caller: Caller<action::OwnAccount>,
    whose: Whose,
    new: NewPassword,
) -> Result<StatusCode, ApiError> {
    let (store, ambient) = (caller.gateway.store.clone(), caller.gateway.ambient.clone());
    let outcome = passwords::set(&store, &ambient, caller.context().clone(), whose, new).await;
    caller.told(outcome)?;
    Ok(StatusCode::NO_CONTENT)
}

/// That what depends on an account may stop working.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    #[serde(default)]
    confirm: bool,
}

/// Disables an account
///
/// From the next request on: its sessions end, its tokens are revoked. Where something depends on it and `confirm` is not
/// true, 409 `dependants` lists that: each with `kind`, `id` and `name`. The last active account-admin stays: 409 `last_admin`.
#[utoipa::path(post, path = "/v1/accounts/{id}/disable", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail")), request_body = Option<Confirmation>,
    responses((status = 200, description = "The account as it is now", body = Account), Refusals, Conflicts, BadBodies))]
async fn disable_account(
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
    body: Option<ApiJson<Confirmation>>,
) -> Result<Json<Account>, ApiError> {
    let now = caller.gateway.ambient.now();
    let confirmed = body.is_some_and(|ApiJson(body)| body.confirm);
    caller.write(move |db, attempt| standing::disable(db, attempt, &id, confirmed, now)).await.map(Json)
}

/// Enables an account
///
/// Its person may sign in again. Sessions and tokens of before stay ended.
#[utoipa::path(post, path = "/v1/accounts/{id}/enable", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail")),
    responses((status = 200, description = "The account as it is now", body = Account), Refusals, Conflicts))]
async fn enable_account(
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Account>, ApiError> {
    let (ambient, wake) = (caller.gateway.ambient.clone(), caller.gateway.wake.clone());
    let enabled = caller.write(move |db, attempt| standing::enable(db, &ambient, attempt, &id)).await?;
    // The connections that use its credentials are polled now.
    wake.notify_one();
    Ok(Json(enabled))
}

/// Makes a link to choose another password
///
/// It works once, for an hour, and ends all sessions of the account; one made before stops working. Give it to the person
/// by a way that you trust.
#[utoipa::path(post, path = "/v1/accounts/{id}/reset-link", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail")),
    responses((status = 201, description = "The link", body = ShownLink), Refusals, Conflicts))]
async fn make_reset_link(
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
) -> Result<(StatusCode, Json<ShownLink>), ApiError> {
    let (ambient, public_url) = (caller.gateway.ambient.clone(), caller.gateway.public_url.clone());
    let made = caller.write(move |db, attempt| links::reset_link(db, &ambient, attempt, &id, &public_url));
    Ok((StatusCode::CREATED, Json(made.await?)))
}

/// Takes a lost second factor away
///
/// For a person who has lost the app and the recovery codes; be sure that it is the person who asks. All sessions of the account
/// end. A password that is too short to be the only proof goes with it: then make a link for another one.
#[utoipa::path(delete, path = "/v1/accounts/{id}/totp", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail")),
    responses((status = 200, description = "It is taken away", body = TakenAway), Refusals, Conflicts))]
async fn take_second_factor_away(
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<TakenAway>, ApiError> {
    caller.write(move |db, attempt| second_factor::take_away(db, attempt, &id)).await.map(Json)
}

/// Lists where a person is signed in
///
/// Of one's own account, or of any for an account-admin or an admin's token. All are on one page, the newest first.
#[utoipa::path(get, path = "/v1/accounts/{id}/sessions", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail")),
    responses((status = 200, description = "The sessions", body = PageBody<Session>), Refusals))]
async fn list_sessions(
    caller: Caller<action::OwnAccount>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<PageBody<Session>>, ApiError> {
    let now = caller.gateway.ambient.now();
    caller.read(move |db, attempt| sessions::list(db, attempt, &id, now)).await.map(Json)
}

/// Signs a person out everywhere
///
/// But for the browser that asks.
#[utoipa::path(delete, path = "/v1/accounts/{id}/sessions", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail")),
    responses((status = 204, description = "They have ended"), Refusals, Conflicts))]
async fn end_other_sessions(
    caller: Caller<action::OwnAccount>,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    caller.write(move |db, attempt| sessions::end_others(db, attempt, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one session
#[utoipa::path(delete, path = "/v1/accounts/{id}/sessions/{session_id}", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail"), ("session_id" = String, Path)),
    responses((status = 204, description = "It has ended"), Refusals, Conflicts))]
async fn end_session(
    caller: Caller<action::OwnAccount>,
    ApiPath((id, session_id)): ApiPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    caller.write(move |db, attempt| sessions::end_one(db, attempt, &id, &session_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
