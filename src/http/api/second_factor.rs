//! `/v1/me/totp`: the second factor of the person who calls.

use axum::{Json, http::StatusCode, response::IntoResponse};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::access::action,
    http::{Gateway, extract::ApiJson, problem::ApiError},
    service::sign_in::second_factor::{self, RecoveryCodes, TotpOffer},
};

use super::{
    auth::{Caller, guarded},
    schema::{BadBodies, Conflicts, Refusals, SecretText},
    session::rotated,
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(offer_totp))
        .routes(guarded!(set_totp))
        .routes(guarded!(remove_totp))
}

/// Offers the caller a second factor
///
/// A secret for an authenticator app. It counts from the first code on: `PUT /v1/me/totp`, within 15 minutes. Only after a
/// sign-in within ten minutes.
#[utoipa::path(post, path = "/v1/me/totp", tag = "accounts",
    responses((status = 201, description = "The secret, which is shown only now", body = TotpOffer), Refusals, Conflicts))]
async fn offer_totp(caller: Caller<action::OwnAccount>) -> Result<(StatusCode, Json<TotpOffer>), ApiError> {
    let (ambient, vault) = (caller.gateway.ambient.clone(), caller.gateway.vault.clone());
    let offered = caller.write(move |db, attempt| second_factor::offer(db, &ambient, &vault, attempt));
    Ok((StatusCode::CREATED, Json(offered.await?)))
}

/// A code of the second factor that is on offer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpCode {
    /// The six figures that the app shows.
    code: SecretText,
}

/// Sets the second factor that is on offer
///
/// From then on each sign-in asks for a code; all other sessions end, and this one gets another cookie. The answer has ten codes for when the app is lost; each works once.
#[utoipa::path(put, path = "/v1/me/totp", tag = "accounts", request_body = TotpCode,
    responses((status = 200, description = "It is set", body = RecoveryCodes,
        headers(("Set-Cookie" = String, description = "Another secret of the session: the one before is void"))), Refusals, Conflicts, BadBodies))]
async fn set_totp(
    caller: Caller<action::OwnAccount>,
    ApiJson(body): ApiJson<TotpCode>,
) -> Result<impl IntoResponse, ApiError> {
    let gateway = caller.gateway.clone();
    let (ambient, vault) = (caller.gateway.ambient.clone(), caller.gateway.vault.clone());
    let set = caller
        .write(move |db, attempt| second_factor::set(db, &ambient, &vault, attempt, body.code.0.reveal()));
    let (codes, secret) = set.await?;
    Ok((rotated(&gateway, &secret), Json(codes)))
}

/// Takes the second factor away
///
/// The recovery codes go with it; all other sessions end, and this one gets another cookie. Only after a sign-in within ten minutes.
#[utoipa::path(delete, path = "/v1/me/totp", tag = "accounts",
    responses((status = 204, description = "Passwords are enough again",
        headers(("Set-Cookie" = String, description = "Another secret of the session: the one before is void"))), Refusals, Conflicts))]
async fn remove_totp(caller: Caller<action::OwnAccount>) -> Result<impl IntoResponse, ApiError> {
    let gateway = caller.gateway.clone();
    let ambient = gateway.ambient.clone();
    let secret = caller.write(move |db, attempt| second_factor::remove(db, &ambient, attempt)).await?;
    Ok((StatusCode::NO_CONTENT, rotated(&gateway, &secret)))
}
