//! `/sign-in` and `/sign-out`.

use askama::Template;
use axum::{
    extract::{Query, Request, State},
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use serde::Deserialize;

use crate::{
    domain::{access::action, secret::Secret},
    http::{
        Gateway,
        api::{auth::Caller, session},
        cookies::SESSION,
        problem::ApiError,
    },
    service::sign_in,
};

use super::{
    answer::{lead_to, leading_to, page},
    form::{self, FieldError, Form},
    href::Href,
};

/// An identity provider that people may sign in with.
struct Provider {
    name: String,
    /// Where its button leads.
    address: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    email: String,
    next: String,
    /// Whether the account asks for a code as well.
    code_asked: bool,
    /// What has just been done.
    said: &'static str,
    error: Option<FieldError>,
    providers: Vec<Provider>,
    /// Whether a link for another password can be sent by mail.
    mail: bool,
}

impl SignInPage {
    fn new(gateway: &Gateway, next: &str) -> Self {
        let (email, error) = Default::default();
        let (next, mail) = (form::next(next), gateway.mailer.is_some());
        let provider = |(id, name)| Provider { name, address: format!("/oidc/{id}") };
        let providers = gateway.identity.list().into_iter().map(provider).collect();
        Self { email, next, code_asked: false, said: "", error, providers, mail }
    }
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    next: String,
    /// What has just been done: a word of ours.
    #[serde(default)]
    done: String,
}

pub(super) async fn show(State(gateway): State<Gateway>, request: Request) -> Response {
    // A query that cannot be read is none.
    let Asked { next, done } =
        Query::try_from_uri(request.uri()).map(|Query(asked)| asked).unwrap_or_default();
    let said = match done.as_str() {
        "password" => "Your password is set. Sign in with it.",
        "signed-out" => "You are signed out.",
        _ => "",
    };
    let answer = page(StatusCode::OK, &SignInPage { said, ..SignInPage::new(&gateway, &next) });
    leading_to(answer, &gateway.identity.origins())
}

pub(super) async fn submit(State(gateway): State<Gateway>, request: Request) -> Result<Response, ApiError> {
    let visitor = session::Visitor::of(&request, &gateway);
    let form = Form::read(request).await?;
    let (email, wanted) = (form.text("email"), form.text("next"));
    let (password, code) = (form.secret("password"), form.text("code"));
    let code = (!code.is_empty()).then(|| Secret::new(code));
    let refused = match session::begin(&gateway, visitor, email.clone(), password, code).await {
        Ok((_, cookies)) => {
            return Ok((AppendHeaders(cookies), lead_to(&form::next(&wanted))).into_response());
        }
        Err(error) if error.status.is_server_error() => return Err(error),
        Err(error) => error,
    };
    let (error, code_asked) = told(&refused);
    let filled = SignInPage { email, error: Some(error), code_asked, ..SignInPage::new(&gateway, &wanted) };
    // 401 would have to name a way to sign in that browsers ask for themselves (RFC 9110 section 15.5.2).
    let status = match refused.status {
        StatusCode::UNAUTHORIZED => StatusCode::UNPROCESSABLE_ENTITY,
        other => other,
    };
    let mut answer = leading_to(page(status, &filled), &gateway.identity.origins());
    if let Some(seconds) = refused.retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(answer)
}

/// What is wrong, in words for people, and whether a code is asked for.
fn told(error: &ApiError) -> (FieldError, bool) {
    match (error.problem.code.as_str(), error.retry_after) {
        ("invalid_credentials", _) => {
            (FieldError::new("password", "E-mail or password is not right."), false)
        }
        ("code_required", _) => (FieldError::new("code", "This account asks for a code as well."), true),
        ("invalid_code", _) => (FieldError::new("code", "The code is not right, or was used before."), true),
        (_, Some(seconds)) => {
            (FieldError::new("", format!("Too many tries. Wait {seconds} seconds.")), false)
        }
        _ => (FieldError::new("", error.problem.sentence()), false),
    }
}

/// Signs the person out. Who is signed in no more is led to the same page.
pub(super) async fn sign_out(
    State(gateway): State<Gateway>,
    caller: Result<Caller<action::OwnAccount>, ApiError>,
) -> Result<Response, ApiError> {
    match caller {
        Ok(caller) => match caller.write(sign_in::end).await {
            Err(error) if error.status != StatusCode::UNAUTHORIZED => return Err(error),
            _ => {}
        },
        Err(error) if error.status == StatusCode::UNAUTHORIZED => {}
        Err(error) => return Err(error),
    }
    let cookie = [(header::SET_COOKIE, SESSION.clear(&gateway.public_url))];
    Ok((cookie, lead_to("/sign-in?done=signed-out")).into_response())
}

/// Leads those who are not signed in to the sign-in, and from there back.
pub(super) fn ask(error: ApiError, back_to: &'static str) -> Result<Response, ApiError> {
    ask_at(error, back_to)
}

/// The same, back to an address of ours with a query.
pub(super) fn ask_at(error: ApiError, back_to: &str) -> Result<Response, ApiError> {
    let expired = error.problem.code == "quicklink_expired";
    match error.status {
        StatusCode::UNAUTHORIZED if expired => Err(error),
        StatusCode::UNAUTHORIZED if back_to == "/" => Ok(lead_to("/sign-in")),
        StatusCode::UNAUTHORIZED => Ok(lead_to(&Href::to("/sign-in").with("next", back_to).done())),
        _ => Err(error),
    }
}
