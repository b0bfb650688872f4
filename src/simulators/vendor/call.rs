//! A request, with its query taken apart.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hyper::{HeaderMap, Method, Uri, header::AUTHORIZATION};

/// A request that was read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub method: Method,
    pub path: String,
    /// Path and query, as they came.
    pub target: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Call {
    pub(crate) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Self {
        let query = uri.query().unwrap_or_default();
        Self {
            method,
            path: uri.path().to_owned(),
            target: uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string),
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers,
            body,
        }
    }

    /// A parameter of the query; its name in whatever case, as both vendors take it.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A parameter that is a whole number.
    ///
    /// # Errors
    /// It is there and is none.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, String> {
        let parse = |text: &str| text.parse().map_err(|_| format!("{name} must be a number"));
        self.parameter(name).map(parse).transpose()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn host(&self) -> &str {
        self.header("host").unwrap_or_default()
    }

    pub(crate) fn has_authorization(&self) -> bool {
        self.headers.contains_key(AUTHORIZATION)
    }

    /// `user:password` of Basic authentication.
    pub(crate) fn basic(&self) -> Option<String> {
        let (scheme, text) = self.header("authorization")?.split_once(' ')?;
        let bytes = STANDARD.decode(text.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        String::from_utf8(bytes).ok()
    }
}
