//! Basic authentication (RFC 7617).

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderValue;

/// The value of `Authorization`, which is not to be logged.
pub fn basic(user: &str, password: &str) -> HeaderValue {
    let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    // Base64 is always a header's value.
    let mut value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}
