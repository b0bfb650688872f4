//! `/reset`: a link for another password, by mail. The answer is the same whether there is such an account, and comes
//! before anything is looked up.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};

use crate::{
    domain::{email, mail::Letter},
    http::{Gateway, api::session::Visitor, problem::ApiError},
    service::reset_mail,
};

use super::{
    answer::page,
    form::{FieldError, Form},
};

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetPage {
    email: String,
    error: Option<FieldError>,
    sent: bool,
}

pub(super) async fn show(State(gateway): State<Gateway>) -> Result<Response, ApiError> {
    if gateway.mailer.is_none() {
        return Err(ApiError::no_such_route());
    }
    Ok(page(StatusCode::OK, &ResetPage { email: String::new(), error: None, sent: false }))
}

pub(super) async fn submit(State(gateway): State<Gateway>, request: Request) -> Result<Response, ApiError> {
    let Some(mailer) = gateway.mailer.clone() else { return Err(ApiError::no_such_route()) };
    let place = Visitor::of(&request, &gateway).place;
    let address = Form::read(request).await?.text("email");
    if !email::is_address(&address) {
        let error = Some(FieldError::new("email", "This is no e-mail address."));
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &ResetPage { email: address, error, sent: false }));
    }
    // Few at once: whoever asks for many waits for no answer, and must not fill the mail server's queue.
    let slot = gateway.reset_mails.clone().try_acquire_owned();
    if let Ok(slot) = slot {
        let gateway = gateway.clone();
        tokio::spawn(async move {
            let _slot = slot;
            let public_url = gateway.public_url.clone();
            let link = reset_mail::link(&gateway.store, &gateway.ambient, &address, &public_url, place).await;
            let sent = match link {
                Ok(None) => return,
                Ok(Some((to, link))) => mailer.send(&letter(to, &link.url), gateway.ambient.now()).await,
                Err(refused) => {
                    return ApiError::from(refused).log(&gateway.outages);
                }
            };
            // The address is not logged: the person's mail provider knows it, and nobody else has to.
            if let Err(error) = sent {
                let problem = error.problem();
                tracing::warn!(
                    detail = problem.detail,
                    remedy = problem.remedy,
                    "a link for a password was not sent"
                );
            }
        });
    }
    Ok(page(StatusCode::OK, &ResetPage { email: String::new(), error: None, sent: true }))
}

fn letter(to: String, url: &str) -> Letter {
    let text = format!(
        "Somebody, probably you, asked for a link to choose another password for Rollcall.\n\n{url}\n\nIt works once, for an hour. \
         If it was not you: do nothing, your password stays as it is.\n"
    );
    Letter { to, subject: "A link to choose another password".to_owned(), text }
}
