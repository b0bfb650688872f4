//! The pages for people: templates filled with views. Everything works without a script; one only makes it nicer.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`assets`] | style sheet, script, fonts: compiled in, under addresses that name their content |
//! | `answer` | a template as an answer, and the content security policy of pages |
//! | `form` | what forms send, and what is wrong with it |
//! | `href` | addresses of ours with a query |
//! | `sync` | Sync Users and Sync Customers |
//! | `sign_in`, `home`, `choose`, `forgotten`, `quicklink` | one file a page |
//! | [`problem`] | errors as pages, for those who come with a browser |

mod answer;
pub(in crate::http) mod assets;
mod choose;
mod forgotten;
pub(in crate::http) mod form;
mod home;
mod href;
pub(in crate::http) mod problem;
mod quicklink;
mod sign_in;
mod sync;

use axum::{
    Router,
    routing::{get, post},
};

use super::Gateway;

/// Bytes of the largest form.
pub(super) const LARGEST_FORM: u64 = 16 * 1024;

/// The routes of the pages, and of what they load.
pub(super) fn router() -> Router<Gateway> {
    Router::new()
        .route("/", get(home::start))
        .route("/me", get(home::show))
        .route("/sign-in", get(sign_in::show).post(sign_in::submit))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/setup/{token}", get(choose::show_set_up).post(choose::set_up))
        .route("/reset", get(forgotten::show).post(forgotten::submit))
        .route("/reset/{token}", get(choose::show_reset).post(choose::reset))
        .route("/q", get(quicklink::show))
        .route("/q/{token}", get(quicklink::ask).post(quicklink::open))
        .route("/assets/{folder}/{name}", get(assets::serve))
        .merge(sync::router())
}
