//! What was asked, and what somebody would object to.

use chrono::{DateTime, Utc};

use super::Fault;

/// One request, as it came and as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    pub at: DateTime<Utc>,
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The `Host` header.
    pub host: String,
    /// Whether the credentials were right.
    pub signed_in: bool,
    /// Whether there was an `Authorization` header at all.
    pub authorization: bool,
    pub status: u16,
    /// The fault that struck it.
    pub fault: Option<Fault>,
}

/// The requests, and each objection once.
#[derive(Debug, Clone, Default)]
pub struct Log {
    pub requests: Vec<LoggedRequest>,
    pub violations: Vec<String>,
}

impl Log {
    /// Keeps an objection, once however often there was a reason.
    pub fn violation(&mut self, sentence: String) {
        if !self.violations.contains(&sentence) {
            self.violations.push(sentence);
        }
    }
}
