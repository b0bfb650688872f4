//! An answer, and how it may be damaged on its way.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    /// How long it takes to come.
    pub delay: Duration,
    /// How many bytes of the body are sent before the connection ends.
    pub cut_at: Option<usize>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json; charset=utf-8".to_owned())],
            body: Bytes::from(body.to_string()),
            delay: Duration::ZERO,
            cut_at: None,
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), delay: Duration::ZERO, cut_at: None }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With half of its JSON.
    pub(crate) fn truncated(mut self) -> Self {
        self.body = self.body.slice(..self.body.len() / 2);
        self
    }

    /// Promises the whole body and sends half of it.
    pub(crate) fn cut(mut self) -> Self {
        self.cut_at = Some(self.body.len() / 2);
        self
    }
}
