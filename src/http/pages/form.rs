//! The forms of pages: what was sent, and what is wrong with it.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};

use crate::{
    domain::{problem::Problem, secret::Secret},
    http::{limits::BodyFailure, problem::ApiError},
};

/// A form as browsers send it (`application/x-www-form-urlencoded`).
pub(super) struct Form(Vec<(String, Secret)>);

impl Form {
    /// # Errors
    /// A body of another type, or one that does not arrive; a text with NUL, which no database holds.
    pub(super) async fn read(request: Request) -> Result<Self, ApiError> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
        if !kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded")) {
            let problem =
                Problem::new("not_a_form", "This address takes forms.", "Fill in the form of its page.");
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem));
        }
        let body = Bytes::from_request(request, &()).await;
        let body = body.map_err(|rejection| BodyFailure::of(&rejection).problem())?;
        let fields: Vec<_> = url::form_urlencoded::parse(&body)
            .map(|(name, value)| (name.into_owned(), Secret::new(value)))
            .collect();
        if fields.iter().any(|(_, value)| value.reveal().contains('\0')) {
            let problem = Problem::new("nul_character", "A field holds the character NUL.", "Leave it out.");
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, problem));
        }
        Ok(Self(fields))
    }

    /// The text of a field without the white space around it; empty if it was not sent.
    pub(super) fn text(&self, name: &str) -> String {
        self.find(name).map(|value| value.reveal().trim().to_owned()).unwrap_or_default()
    }

    /// The secret in a field, as it was typed.
    pub(super) fn secret(&self, name: &str) -> Secret {
        self.find(name).cloned().unwrap_or_else(|| Secret::new(""))
    }

    fn find(&self, name: &str) -> Option<&Secret> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// What is wrong with a form, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldError {
    /// The field; empty where it is none of them.
    pub(super) field: &'static str,
    pub(super) text: String,
}

impl FieldError {
    pub(super) fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { field, text: text.into() }
    }
}

/// Whether an error is about the field of this name.
#[expect(clippy::ref_option, reason = "as templates hand it over")]
pub(super) fn is_of(error: &Option<FieldError>, name: &str) -> bool {
    error.as_ref().is_some_and(|error| error.field == name)
}

/// Where to go on after a sign-in: a path of ours that was asked for, else the start. Never another origin: `//host` and
/// `/\host` are such to browsers.
pub(super) fn next(wanted: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && c != '\\';
    let ours = wanted.starts_with('/') && !wanted.starts_with("//") && wanted.chars().all(plain);
    if ours && wanted.len() <= 512 { wanted.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn after_a_sign_in_nobody_is_sent_elsewhere() {
        for ours in ["/", "/sync/employees?company=com_1&q=a%20b", "/q"] {
            assert_eq!(next(ours), ours);
        }
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "sign-in",
            "/a\r\nSet-Cookie: x",
            "/\t/evil.example",
        ] {
            assert_eq!(next(bad), "/", "{bad}");
        }
    }
}
