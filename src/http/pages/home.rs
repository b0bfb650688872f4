//! `/`, which leads to the lists of the last company, and `/me`: who is signed in.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use crate::{
    domain::{access::action, words::Role},
    http::{api::auth::Caller, problem::ApiError},
    service::{accounts, find},
};

use super::{
    answer::{lead_to, page},
    sign_in,
};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    name: String,
    email: String,
    /// Whether the person sees all companies.
    everything: bool,
    /// The names of those that it sees.
    companies: String,
}

/// Leads those who are signed in to the lists, the others to the sign-in.
pub(super) async fn start(
    caller: Result<Caller<action::OwnAccount>, ApiError>,
) -> Result<Response, ApiError> {
    let signed_in = match caller {
        Ok(caller) => caller.read(|db, attempt| accounts::own(db, attempt).map(drop)).await,
        Err(error) => Err(error),
    };
    match signed_in {
        Ok(()) => Ok(lead_to("/sync/employees")),
        Err(error) => sign_in::ask(error, "/"),
    }
}

pub(super) async fn show(caller: Result<Caller<action::OwnAccount>, ApiError>) -> Result<Response, ApiError> {
    let caller = match caller {
        Ok(caller) => caller,
        Err(error) => return sign_in::ask(error, "/me"),
    };
    let read = caller.read(|db, attempt| {
        let account = accounts::own(db, attempt)?;
        let names = find::Names::all(db)?;
        let companies = account.companies.iter().map(|id| names.company(id).to_owned());
        let companies = companies.collect::<Vec<_>>().join(", ");
        let everything = account.role == Role::AccountAdmin;
        Ok(HomePage { name: account.name, email: account.email, everything, companies })
    });
    match read.await {
        Ok(home) => Ok(page(StatusCode::OK, &home)),
        Err(error) => sign_in::ask(error, "/me"),
    }
}
