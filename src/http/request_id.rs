//! The ID of a request.

use std::{fmt::Write, sync::Arc};

use axum::http::{HeaderMap, HeaderName};

use crate::clock::Ambient;

/// The header that carries the request ID, both ways.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The ID of a request, in the log and in the answer: an extension of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestId(Arc<str>);

impl RequestId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The caller's ID if it can do no harm in a log or a header, else 16 random hex digits.
    pub(super) fn of(headers: &HeaderMap, ambient: &Ambient) -> Self {
        let harmless = |id: &&str| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        match headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(harmless) {
            Some(id) => Self(id.into()),
            None => {
                let random = ambient.entropy.bytes();
                let id = random.iter().take(8).fold(String::with_capacity(16), |mut id, byte| {
                    // Writing to a `String` cannot fail.
                    let _ = write!(id, "{byte:02x}");
                    id
                });
                Self(id.into())
            }
        }
    }
}
