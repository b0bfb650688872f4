//! The pages for people: templates filled with views. Everything works without a script; one only makes it nicer.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`assets`] | style sheet, script, fonts: compiled in, under addresses that name their content |
//! | `answer` | a template as an answer, and the content security policy of pages |
//! | [`problem`] | errors as pages, for those who come with a browser |

mod answer;
pub(in crate::http) mod assets;
pub(in crate::http) mod problem;

use axum::{Router, routing::get};

use super::Gateway;

/// Bytes of the largest form.
pub(super) const LARGEST_FORM: u64 = 16 * 1024;

/// The routes of the pages, and of what they load.
pub(super) fn router() -> Router<Gateway> {
    Router::new().route("/assets/{folder}/{name}", get(assets::serve))
}
