//! Quicklinks: a page with one button, which a script presses; pressing it gives the browser a cookie. Opening the address
//! alone changes nothing: programs that look at links before people do would use it up, or be counted.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;

use crate::{
    domain::{problem::Problem, secret::Secret},
    http::{Gateway, cookies::QUICKLINK, problem::ApiError},
    service::quicklinks::{self, Opened},
};

use super::{
    answer::{self, lead_to, page},
    href::Href,
};

/// How long a browser keeps what it has opened: a working day. The menu that holds the link opens it again.
const VISIT: TimeDelta = TimeDelta::hours(12);

#[derive(Template)]
#[template(path = "quicklink.html")]
struct QuicklinkPage;

/// The page with the button. It looks nothing up.
pub(super) async fn ask(State(gateway): State<Gateway>) -> Response {
    answer::framed(page(StatusCode::OK, &QuicklinkPage), &gateway.pages.frame_ancestors)
}

/// Opens the link: gives the browser the cookie, and leads on to an address without the secret.
pub(super) async fn open(State(gateway): State<Gateway>, Path(token): Path<String>) -> Response {
    let token = Secret::new(token);
    let opened = quicklinks::open(&gateway.store, &gateway.ambient, token.hash()).await;
    let answer = match opened {
        Ok(_) => {
            let cookie = QUICKLINK.set(&gateway.public_url, &token, VISIT);
            ([(header::SET_COOKIE, cookie)], lead_to("/q")).into_response()
        }
        Err(refused) => ApiError::from(refused).into_response(),
    };
    answer::framed(answer, &gateway.pages.frame_ancestors)
}

/// Leads to the lists that the Quicklink opens, which this browser has opened before.
pub(super) async fn show(State(gateway): State<Gateway>, headers: HeaderMap) -> Response {
    let answer = match look(&gateway, &headers).await {
        Ok(Opened { company_id, app_id, connection_id }) => {
            let there = Href::to("/sync/employees")
                .with("company", &company_id)
                .with("app", app_id.as_deref().unwrap_or_default())
                .with("connection", connection_id.as_deref().unwrap_or_default());
            lead_to(&there.done())
        }
        Err(error) => error.into_response(),
    };
    answer::framed(answer, &gateway.pages.frame_ancestors)
}

async fn look(gateway: &Gateway, headers: &HeaderMap) -> Result<Opened, ApiError> {
    let token = QUICKLINK.read(headers, &gateway.public_url).ok_or_else(closed)?;
    Ok(quicklinks::look(&gateway.store, token.hash(), gateway.ambient.now()).await?)
}

fn closed() -> ApiError {
    let problem = Problem::new(
        "quicklink_closed",
        "No Quicklink is open in this browser.",
        "Open it once more from where you found it. In a frame, the browser may be set to keep no cookies there: open it in \
         a window of its own then.",
    );
    ApiError::new(StatusCode::UNAUTHORIZED, problem)
}
