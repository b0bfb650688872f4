//! Errors of the store pass through a connector and come out again as what they were.

use crate::{connectors::calls_in::SessionError, store};

impl From<store::Error> for SessionError {
    fn from(error: store::Error) -> Self {
        Self::Store(Box::new(error))
    }
}

/// The error of the store that a connector handed through.
pub(super) fn store_error(error: SessionError) -> store::Error {
    match error {
        SessionError::Corrupt { what, why } => store::Error::Corrupt { what, why },
        SessionError::Store(error) => match error.downcast::<store::Error>() {
            Ok(error) => *error,
            Err(other) => store::Error::Corrupt { what: "session", why: other.to_string() },
        },
    }
}
