//! `/setup/{token}` and `/reset/{token}`: links that work once, to make the first account and to choose another password.
//! Opening the address uses nothing up: programs look at links before people do.

use askama::Template;
use axum::{
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
};

use crate::{
    domain::secret::Secret,
    http::{Gateway, problem::ApiError},
    service::accounts::links,
};

use super::{
    answer::{lead_to, page},
    form::{FieldError, Form},
};

#[derive(Template)]
#[template(path = "choose.html")]
struct ChoosePage {
    title: &'static str,
    lead: String,
    button: &'static str,
    /// Whether the first account is made: then name and e-mail are asked for.
    first: bool,
    /// Not `name`: the macro of the template calls its field so.
    full_name: String,
    email: String,
    error: Option<FieldError>,
}

impl ChoosePage {
    fn set_up() -> Self {
        Self {
            title: "Set up Rollcall",
            lead: "You make the first account. It sees all companies and manages everything.".to_owned(),
            button: "Make the first account",
            first: true,
            full_name: String::new(),
            email: String::new(),
            error: None,
        }
    }

    fn reset(email: &str) -> Self {
        Self {
            title: "Choose a password",
            lead: format!("For {email}. Wherever you are signed in now, you will have to sign in anew."),
            button: "Set the password",
            first: false,
            ..Self::set_up()
        }
    }
}

pub(super) async fn show_set_up(
    State(gateway): State<Gateway>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let (token, now) = (Secret::new(token), gateway.ambient.now());
    gateway.store.read(move |db| links::may_set_up(db, &token, now)).await?;
    Ok(page(StatusCode::OK, &ChoosePage::set_up()))
}

pub(super) async fn set_up(
    State(gateway): State<Gateway>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let form = Form::read(request).await?;
    let (name, email) = (form.text("name"), form.text("email"));
    let done = match chosen(&form) {
        Err(wrong) => Err(wrong),
        Ok(password) => {
            let (token, wanted) = (Secret::new(token), Some(name.clone()).filter(|name| !name.is_empty()));
            let made =
                links::set_up(&gateway.store, &gateway.ambient, token, email.clone(), wanted, password).await;
            told(made.map(drop).map_err(ApiError::from))?
        }
    };
    Ok(match done {
        Ok(()) => lead_to("/sign-in?done=password"),
        Err(wrong) => {
            let filled = ChoosePage { full_name: name, email, error: Some(wrong), ..ChoosePage::set_up() };
            page(StatusCode::UNPROCESSABLE_ENTITY, &filled)
        }
    })
}

pub(super) async fn show_reset(
    State(gateway): State<Gateway>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let (token, now) = (Secret::new(token), gateway.ambient.now());
    let account = gateway.store.read(move |db| links::reset_of(db, &token, now)).await?;
    Ok(page(StatusCode::OK, &ChoosePage::reset(&account.email)))
}

pub(super) async fn reset(
    State(gateway): State<Gateway>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let form = Form::read(request).await?;
    let (token, now) = (Secret::new(token), gateway.ambient.now());
    let looked = token.clone();
    let account = gateway.store.read(move |db| links::reset_of(db, &looked, now)).await?;
    let done = match chosen(&form) {
        Err(wrong) => Err(wrong),
        Ok(password) => {
            let set = links::reset(&gateway.store, &gateway.ambient, token, password).await;
            told(set.map_err(ApiError::from))?
        }
    };
    Ok(match done {
        Ok(()) => lead_to("/sign-in?done=password"),
        Err(wrong) => {
            let filled = ChoosePage { error: Some(wrong), ..ChoosePage::reset(&account.email) };
            page(StatusCode::UNPROCESSABLE_ENTITY, &filled)
        }
    })
}

/// The password, typed twice alike.
fn chosen(form: &Form) -> Result<Secret, FieldError> {
    let (password, again) = (form.secret("password"), form.secret("again"));
    if password.reveal().is_empty() {
        return Err(FieldError::new("password", "Type a password."));
    }
    if password != again {
        return Err(FieldError::new("again", "The two are not the same. Type both once more."));
    }
    Ok(password)
}

/// What a use case refuses: beside a field if it is one's, else as a page of its own.
fn told(done: Result<(), ApiError>) -> Result<Result<(), FieldError>, ApiError> {
    let Err(error) = done else { return Ok(Ok(())) };
    let field = match error.problem.code.as_str() {
        "weak_password" => "password",
        "invalid_email" | "email_taken" => "email",
        "invalid_name" => "name",
        _ => return Err(error),
    };
    Ok(Err(FieldError::new(field, error.problem.sentence())))
}
