//! `/v1/session`: people sign in, look who they are, and sign out.

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::{
        access::action,
        secret::{Secret, SecretHash},
    },
    http::{Gateway, admission::ExchangeHandle, cookies::SESSION, extract::ApiJson, peer, problem::ApiError},
    service::sign_in::{self, NewSession, Origin, SignIn, SignedIn},
    store::accounts::sessions::LIFE,
};

use super::{
    auth::{Caller, guarded},
    schema::{BadBodies, Conflicts, Refusals, SecretText, Text},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(guarded!(get_session)).routes(guarded!(sign_out))
}

/// The one route of the API that nobody guards: who calls it is not known yet.
pub(super) fn sign_in_router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(routes!(create_session))
}

/// What a person signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    email: Text,
    password: SecretText,
}

/// Signs a person in
///
/// Gives the browser a cookie: `__Host-rollcall`, or `rollcall` where the gateway's public address is not HTTPS. Sent in
/// a session it begins another one, with a fresh sign-in.
#[utoipa::path(post, path = "/v1/session", tag = "accounts", security(()), request_body = Credentials,
    responses((status = 200, description = "Who is signed in", body = SignedIn,
            headers(("Set-Cookie" = String, description = "The session"))),
        Refusals, Conflicts, BadBodies))]
async fn create_session(
    State(gateway): State<Gateway>,
    request: Request,
) -> Result<impl IntoResponse, ApiError> {
    let visitor = Visitor::of(&request, &gateway);
    let ApiJson(Credentials { email, password }) = ApiJson::from_request(request, &gateway).await?;
    let (signed_in, cookie) = begin(&gateway, visitor, email.0, password.0).await?;
    Ok((with_cookie(cookie), Json(signed_in)))
}

/// Who signs in, as far as the head of the request tells.
pub(in crate::http) struct Visitor {
    exchange: ExchangeHandle,
    origin: Origin,
    /// The session of the same browser before.
    before: Option<SecretHash>,
}

impl Visitor {
    pub(in crate::http) fn of(request: &Request, gateway: &Gateway) -> Self {
        let origin = Origin {
            address: Some(peer::caller(request.extensions()).to_string()),
            user_agent: user_agent(request.headers()),
        };
        let before = SESSION.read(request.headers(), &gateway.public_url).map(|secret| secret.hash());
        Self { exchange: ExchangeHandle::of(request.extensions()), origin, before }
    }
}

/// Signs a person in, for the API and for the page alike: who that is, and the cookie for its browser.
///
/// # Errors
/// What the use case refuses.
pub(in crate::http) async fn begin(
    gateway: &Gateway,
    visitor: Visitor,
    email: String,
    password: Secret,
) -> Result<(SignedIn, HeaderValue), ApiError> {
    let Visitor { exchange, origin, before } = visitor;
    let sent = SignIn { email, password, origin, before };
    let NewSession { signed_in, secret } = sign_in::sign_in(&gateway.store, &gateway.ambient, sent).await?;
    exchange.authenticated();
    Ok((signed_in, SESSION.set(&gateway.public_url, &secret, LIFE)))
}

/// Shows who is signed in
#[utoipa::path(get, path = "/v1/session", tag = "accounts",
    responses((status = 200, description = "The account, and the session", body = SignedIn), Refusals))]
async fn get_session(caller: Caller<action::OwnAccount>) -> Result<Json<SignedIn>, ApiError> {
    let now = caller.gateway.ambient.now();
    caller.read(move |db, attempt| sign_in::who(db, attempt, now)).await.map(Json)
}

/// Signs a person out
///
/// The session ends, and the browser loses its cookie.
#[utoipa::path(delete, path = "/v1/session", tag = "accounts",
    responses((status = 204, description = "The session has ended"), Refusals, Conflicts))]
async fn sign_out(caller: Caller<action::OwnAccount>) -> Result<impl IntoResponse, ApiError> {
    let cookie = SESSION.clear(&caller.gateway.public_url);
    caller.write(sign_in::end).await?;
    Ok((StatusCode::NO_CONTENT, with_cookie(cookie)))
}

fn with_cookie(cookie: HeaderValue) -> AppendHeaders<[(header::HeaderName, HeaderValue); 1]> {
    AppendHeaders([(header::SET_COOKIE, cookie)])
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    headers.get(header::USER_AGENT)?.to_str().ok().map(str::to_owned)
}
