//! `/docs`: the API's description as a page, rendered from the document of `/openapi.json`. It has no script and loads
//! nothing from elsewhere, so it works without a network.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `page` | the page: routes by subject, then the types that they name |
//! | `types` | renders a schema in words |

mod page;
mod types;

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;

use super::description::Description;
use crate::http::problem::ApiError;

pub use page::render;

/// Allows only the page and its style sheet.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The routes of the page.
pub fn page<S: Clone + Send + Sync + 'static>(description: Description) -> Router<S> {
    let page = move || {
        let description = description.clone();
        async move {
            let made = description.get().await.map_err(ApiError::internal)?;
            Ok::<_, ApiError>(answer("text/html; charset=utf-8", made.page))
        }
    };
    let style = || async { answer("text/css; charset=utf-8", include_str!("style.css").into()) };
    Router::new()
        .route("/docs", get(page.clone()))
        .route("/docs/", get(page))
        .route("/docs/style.css", get(style))
}

fn answer(media_type: &'static str, body: Bytes) -> Response {
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), body).into_response()
}
