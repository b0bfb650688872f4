//! `/v1/accounts/{id}/credentials/{kind}`: what an account keeps for sources. Never read back.

use std::{borrow::Cow, collections::BTreeMap};

use axum::{Json, http::StatusCode};
use serde::Deserialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::{access::action, words::Kind},
    http::{
        Gateway,
        extract::{ApiJson, ApiPath},
        problem::ApiError,
    },
    service::{
        connections::TestResult,
        member_credentials::{self, MemberCredentials},
    },
    sync::connection_test,
};

use super::{
    auth::{Caller, guarded},
    schema::{self, BadBodies, Conflicts, Refusals, SecretText, Text},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(put_credentials))
        .routes(guarded!(delete_credentials))
        .routes(guarded!(test_credentials))
}

/// A kind of connection in a path.
struct KindWord;

impl PartialSchema for KindWord {
    fn schema() -> RefOr<Schema> {
        schema::words(Kind::ALL)
    }
}

impl ToSchema for KindWord {
    fn name() -> Cow<'static, str> {
        "Kind".into()
    }
}

/// The two of one way: a member ID and a password, or a public and a private key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialsDraft {
    member_id: Option<SecretText>,
    password: Option<SecretText>,
    public_key: Option<SecretText>,
    private_key: Option<SecretText>,
}

/// Keeps credentials of an account
///
/// One's own, freshly signed in, or any for an account-admin or an admin's token. They are sealed, and never read back;
/// connections use them by the setting `credentials`. Today `connectwise` alone takes them.
#[utoipa::path(put, path = "/v1/accounts/{id}/credentials/{kind}", tag = "accounts", request_body = CredentialsDraft,
    params(("id" = String, Path, description = "The account's ID or e-mail"), ("kind" = KindWord, Path)),
    responses((status = 200, description = "They are kept", body = MemberCredentials), Refusals, Conflicts, BadBodies))]
async fn put_credentials(
    caller: Caller<action::OwnAccount>,
    ApiPath((id, kind)): ApiPath<(String, Kind)>,
    ApiJson(body): ApiJson<CredentialsDraft>,
) -> Result<Json<MemberCredentials>, ApiError> {
    let (ambient, vault) = (caller.gateway.ambient.clone(), caller.gateway.vault.clone());
    let wake = caller.gateway.wake.clone();
    let all = [
        ("member_id", body.member_id),
        ("password", body.password),
        ("public_key", body.public_key),
        ("private_key", body.private_key),
    ];
    let given: BTreeMap<String, _> =
        all.into_iter().filter_map(|(name, secret)| Some((name.to_owned(), secret?.0))).collect();
    let kept = caller
        .write(move |db, attempt| member_credentials::put(db, &ambient, &vault, attempt, &id, kind, &given));
    let kept = kept.await?;
    // Those that use them are polled now.
    wake.notify_one();
    Ok(Json(kept))
}

/// Forgets credentials of an account
///
/// Refused while connections use them: 409 `credentials_in_use`.
#[utoipa::path(delete, path = "/v1/accounts/{id}/credentials/{kind}", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail"), ("kind" = KindWord, Path)),
    responses((status = 204, description = "They are gone"), Refusals, Conflicts))]
async fn delete_credentials(
    caller: Caller<action::OwnAccount>,
    ApiPath((id, kind)): ApiPath<(String, Kind)>,
) -> Result<StatusCode, ApiError> {
    let vault = caller.gateway.vault.clone();
    caller.write(move |db, attempt| member_credentials::remove(db, &vault, attempt, &id, kind)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// At which source they are tested.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialsTest {
    /// That of this connection, by ID or name; where it is left out, of one that uses them, or of the only one of its kind.
    connection: Option<Text>,
}

/// Tests credentials of an account
///
/// Signs in with them at the source of a connection, as the test of a connection does; an answer within five seconds.
#[utoipa::path(post, path = "/v1/accounts/{id}/credentials/{kind}/test", tag = "accounts",
    params(("id" = String, Path, description = "The account's ID or e-mail"), ("kind" = KindWord, Path)),
    request_body = Option<CredentialsTest>,
    responses((status = 200, description = "The result, good or bad", body = TestResult), Refusals, Conflicts, BadBodies))]
async fn test_credentials(
    caller: Caller<action::OwnAccount>,
    ApiPath((id, kind)): ApiPath<(String, Kind)>,
    body: Option<ApiJson<CredentialsTest>>,
) -> Result<Json<TestResult>, ApiError> {
    let sources = caller.gateway.sources.clone();
    let named = body.and_then(|ApiJson(body)| body.connection).map(|named| named.0);
    let (account, connection) = caller
        .read(move |db, attempt| member_credentials::to_test(db, attempt, &id, kind, named.as_deref()))
        .await?;
    let check = connection_test::probe_account(&sources, &connection.id, &account.id).await?;
    Ok(Json(TestResult::new(&connection, check)))
}
