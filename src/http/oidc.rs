//! Signing in with an identity provider: the way there is a button, the way back the provider's redirect.
//!
//! The redirect begins a session though it is a GET: it counts only with the cookie of the attempt, which the button set
//! in the same browser, and once.

use axum::{
    Router,
    extract::{Path, Query, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
    routing::{get, post},
};
use http_body_util::BodyExt;
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::{
    domain::{mail::Letter, secret::Secret},
    service::sign_in::oidc::{self, Answer, Begun, Browser, FLOW_LIFE, Finished},
};

use super::{
    Gateway,
    api::{
        errors::refuse,
        session::{Visitor, cookies_of},
    },
    cookies,
    limits::BodyFailure,
    problem::ApiError,
};

/// Where providers send people back to.
pub fn callback_address(public_url: &Url) -> Url {
    let mut callback = public_url.clone();
    let path = format!("{}/oidc/callback", public_url.path().trim_end_matches('/'));
    callback.set_path(&path);
    callback
}

/// Bytes of the largest form of a button.
pub(super) const LARGEST_FORM: u64 = 4096;

/// What the names of the cookies of attempts begin with.
const COOKIE: &str = "rollcall-oidc-";

pub(super) fn router() -> Router<Gateway> {
    Router::new().route("/oidc/callback", get(callback)).route("/oidc/{provider}", post(start))
}

/// `POST /oidc/{provider}`, with the form field `next`.
async fn start(
    State(gateway): State<Gateway>,
    Path(provider): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let body = request.into_body().collect().await;
    let body = body.map_err(|error| BodyFailure::of(&error).problem())?.to_bytes();
    let next =
        form_urlencoded::parse(&body).find(|(name, _)| name == "next").map(|(_, next)| next.into_owned());
    let provider = gateway.identity.get(&provider).ok_or_else(|| {
        refuse(
            StatusCode::NOT_FOUND,
            "provider_not_found",
            "There is no such provider to sign in with.",
            "Go to the sign-in page: it shows those that there are.",
        )
    })?;
    let Begun { url, attempt, cookie } =
        oidc::begin(&gateway.desk(), provider, &next.unwrap_or_default()).await?;
    let name = format!("{COOKIE}{attempt}");
    let cookie = cookies::of_name(&name, &gateway.public_url, &cookie, FLOW_LIFE);
    Ok(led_to(url.as_str(), vec![(header::SET_COOKIE, cookie)]))
}

#[derive(Debug, Default, Deserialize)]
struct Returned {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// `GET /oidc/callback`.
async fn callback(State(gateway): State<Gateway>, request: Request) -> Result<Response, ApiError> {
    // A query that cannot be read has no state.
    let Query(returned) = Query::<Returned>::try_from_uri(request.uri()).unwrap_or_default();
    let name = format!("{COOKIE}{}", oidc::attempt(&returned.state));
    let flow = cookies::read_name(&name, request.headers(), &gateway.public_url);
    let visitor = Visitor::of(&request, &gateway);
    let browser = Browser {
        flow,
        place: visitor.place.clone(),
        before: visitor.before,
        device: visitor.device.clone(),
    };
    let answer = Answer {
        state: returned.state,
        code: returned.code.map(Secret::new),
        error: returned.error,
        issuer: returned.iss,
    };
    let finished = oidc::finish(&gateway.desk(), &gateway.identity, answer, browser).await?;
    let Finished { entered, next, bound } = finished;
    visitor.exchange.authenticated();
    if let Some(owner) = bound {
        tell(&gateway, owner);
    }
    let mut headers = cookies_of(&gateway, &entered);
    headers.push((header::SET_COOKIE, cookies::clear_name(&name, &gateway.public_url)));
    Ok(led_to(&next, headers))
}

/// Writes to the owner of an account that a person at a provider signs in to it from now on.
fn tell(gateway: &Gateway, owner: String) {
    let Some(mailer) = gateway.mailer.clone() else { return };
    let text = format!(
        "Somebody, probably you, has signed in to Rollcall ({}) with an identity provider for the first time. From now on that \
         way leads to your account.\n\nIf it was not you: tell your administrator at once, who can disable the account and end \
         its sessions.\n",
        gateway.public_url
    );
    let letter = Letter { to: owner, subject: "Another way to sign in to your account".to_owned(), text };
    let now = gateway.ambient.now();
    // The person does not wait for the mail server.
    tokio::spawn(async move {
        if let Err(error) = mailer.send(&letter, now).await {
            let problem = error.problem();
            tracing::warn!(
                detail = problem.detail,
                remedy = problem.remedy,
                "the owner of an account was not told of a new way in"
            );
        }
    });
}

fn led_to(address: &str, mut headers: Vec<(HeaderName, HeaderValue)>) -> Response {
    let there = HeaderValue::try_from(address).unwrap_or(HeaderValue::from_static("/"));
    headers.extend([
        (header::LOCATION, there),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // The address of the callback holds a code.
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]);
    (StatusCode::SEE_OTHER, AppendHeaders(headers)).into_response()
}
