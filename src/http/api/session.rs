//! `/v1/session`: people sign in, look who they are, and sign out.

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    codec::device,
    domain::{
        access::action,
        secret::{Secret, SecretHash},
    },
    http::{
        Gateway,
        admission::ExchangeHandle,
        cookies::{DEVICE, SESSION},
        extract::ApiJson,
        peer,
        problem::ApiError,
        request_id::RequestId,
    },
    service::sign_in::{self, Entered, Place, SignIn, SignedIn},
    store::accounts::sessions::LIFE,
};

use super::{
    auth::{Caller, guarded},
    schema::{BadBodies, Conflicts, Refusals, SecretText, Text, TooMany},
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
    /// Of the second factor: the six figures that the app shows, or a recovery code.
    code: Option<SecretText>,
}

/// Signs a person in
///
/// Gives the browser a cookie: `__Host-rollcall`, or `rollcall` where the gateway's public address is not HTTPS. Sent in
/// a session it begins another one, with a fresh sign-in.
#[utoipa::path(post, path = "/v1/session", tag = "accounts", security(()), request_body = Credentials,
    responses((status = 200, description = "Who is signed in", body = SignedIn,
            headers(("Set-Cookie" = String, description = "The session, and one by which the browser is known"))),
        Refusals, Conflicts, BadBodies, TooMany))]
async fn create_session(
    State(gateway): State<Gateway>,
    request: Request,
) -> Result<impl IntoResponse, ApiError> {
    let visitor = Visitor::of(&request, &gateway);
    let ApiJson(Credentials { email, password, code }) = ApiJson::from_request(request, &gateway).await?;
    let code = code.map(|code| code.0);
    let (signed_in, cookies) = begin(&gateway, visitor, email.0, password.0, code).await?;
    Ok((AppendHeaders(cookies), Json(signed_in)))
}

/// Who signs in, as far as the head of the request tells.
pub(in crate::http) struct Visitor {
    pub(in crate::http) exchange: ExchangeHandle,
    pub(in crate::http) place: Place,
    /// The session of the same browser before.
    pub(in crate::http) before: Option<SecretHash>,
    /// The cookie by which the browser is known.
    pub(in crate::http) device: Option<Secret>,
}

impl Visitor {
    pub(in crate::http) fn of(request: &Request, gateway: &Gateway) -> Self {
        let place = Place {
            address: Some(peer::caller(request.extensions()).to_string()),
            user_agent: user_agent(request.headers()),
            request_id: request.extensions().get::<RequestId>().map(|id| id.as_str().into()),
        };
        let before = SESSION.read(request.headers(), &gateway.public_url).map(|secret| secret.hash());
        let device = DEVICE.read(request.headers(), &gateway.public_url);
        Self { exchange: ExchangeHandle::of(request.extensions()), place, before, device }
    }
}

/// Signs a person in, for the API and for the page alike: who that is, and the cookies for its browser.
///
/// # Errors
/// What the use case refuses.
pub(in crate::http) async fn begin(
    gateway: &Gateway,
    visitor: Visitor,
    email: String,
    password: Secret,
    code: Option<Secret>,
) -> Result<(SignedIn, Vec<(HeaderName, HeaderValue)>), ApiError> {
    let Visitor { exchange, place, before, device } = visitor;
    let sent = SignIn { email, password, code, place, before, device };
    let entered = sign_in::sign_in(&gateway.desk(), sent).await?;
    exchange.authenticated();
    let cookies = cookies_of(gateway, &entered);
    Ok((entered.session.signed_in, cookies))
}

/// What a browser is given in which a person has signed in: the session, and by what it is known from now on.
pub(in crate::http) fn cookies_of(gateway: &Gateway, entered: &Entered) -> Vec<(HeaderName, HeaderValue)> {
    let session = SESSION.set(&gateway.public_url, &entered.session.secret, LIFE);
    let device = DEVICE.set(&gateway.public_url, &entered.device, device::LIFE);
    vec![(header::SET_COOKIE, session), (header::SET_COOKIE, device)]
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

/// A header that gives the browser the other secret of its session.
pub(super) fn rotated(
    gateway: &Gateway,
    secret: &Secret,
) -> AppendHeaders<[(header::HeaderName, HeaderValue); 1]> {
    with_cookie(SESSION.set(&gateway.public_url, secret, LIFE))
}

fn with_cookie(cookie: HeaderValue) -> AppendHeaders<[(header::HeaderName, HeaderValue); 1]> {
    AppendHeaders([(header::SET_COOKIE, cookie)])
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    headers.get(header::USER_AGENT)?.to_str().ok().map(str::to_owned)
}
