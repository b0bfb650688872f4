//! Mail to people: what is sent, and by which server.

use super::{secret::Secret, words::MailSecurity};

/// The operator's mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    pub host: String,
    pub port: u16,
    pub security: MailSecurity,
    /// User name and password, where it wants them.
    pub credentials: Option<(String, Secret)>,
    /// The sender, such as `Rollcall <rollcall@example.com>`.
    pub from: String,
}

/// A mail of plain text to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
}
