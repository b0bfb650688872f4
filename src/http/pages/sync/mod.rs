//! `/sync/employees` and `/sync/customers`: an app's profiles on the left, what a source sends on the right, and the pairs.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `asked` | what the address asks for |
//! | `place` | which company, app and connection it is about |
//! | `view` | cards and pairs as the templates want them |
//! | `show` | the page, and the rows that follow |
//! | `history` | who linked and unlinked whom |
//! | `news` | what the page says about its source and about what was just done |
//! | `act` | linking, unlinking, undoing, making profiles, asking for lists |

mod act;
mod asked;
mod history;
mod news;
mod place;
mod show;
mod view;

use axum::{
    Router,
    extract::{FromRequestParts, Path},
    http::request::Parts,
    routing::{get, post},
};

use crate::{
    domain::words::List,
    http::{Gateway, problem::ApiError},
};

/// The routes of the pages.
pub(super) fn router() -> Router<Gateway> {
    Router::new()
        .route("/sync/{list}", get(show::page))
        .route("/sync/{list}/part", get(show::part))
        .route("/sync/{list}/state", get(news::state))
        .route("/sync/{list}/history", get(history::page))
        .route("/sync/{list}/link", post(act::link))
        .route("/sync/{list}/unlink", post(act::unlink))
        .route("/sync/{list}/profile", post(act::create_profile))
        .route("/sync/{list}/undo", post(act::undo))
        .route("/sync/{list}/get", post(act::ask_source))
}

/// The list that the address names.
struct ListName(List);

impl<S: Send + Sync> FromRequestParts<S> for ListName {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let named = Path::<String>::from_request_parts(parts, state).await.ok();
        let list = named.and_then(|Path(name)| List::ALL.iter().copied().find(|list| list.plural() == name));
        list.map(Self).ok_or_else(ApiError::no_such_route)
    }
}

/// How people call those on the right: people of a list of employees are users.
fn people(list: List) -> &'static str {
    match list {
        List::Employee => "users",
        List::Customer => "customers",
    }
}
