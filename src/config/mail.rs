//! The mail server.

use super::reader::{Reader, Setting};
use crate::domain::{email::email, mail::MailServer, words::MailSecurity};

pub(super) const HOST: Setting = Setting::plain(
    "ROLLCALL_SMTP_HOST",
    "",
    "the mail server that takes mail to people; unset: no mail is sent",
);
pub(super) const PORT: Setting =
    Setting::plain("ROLLCALL_SMTP_PORT", "", "its port; unset: 587 for starttls, 465 for tls, 25 for none");
pub(super) const SECURITY: Setting = Setting::plain(
    "ROLLCALL_SMTP_SECURITY",
    "starttls",
    "starttls, tls (from the first byte), or none (for a server on the same machine)",
);
pub(super) const USERNAME: Setting =
    Setting::plain("ROLLCALL_SMTP_USERNAME", "", "who signs in to the mail server");
pub(super) const PASSWORD: Setting =
    Setting { name: "ROLLCALL_SMTP_PASSWORD", default: "", meaning: "the password for that", secret: true };
pub(super) const FROM: Setting =
    Setting::plain("ROLLCALL_SMTP_FROM", "", "the sender of mail, such as Rollcall <rollcall@example.com>");

/// Mail to people.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// `None`: no mail is sent.
    pub server: Option<MailServer>,
}

impl MailSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let host = reader.text(&HOST);
        let port = match reader.text(&PORT) {
            None => Some(None),
            Some(_) => reader
                .checked(&PORT, "a port", |text| text.parse::<u16>().map_err(|_| "it is none".to_owned()))
                .map(Some),
        };
        let security = reader.checked(&SECURITY, "starttls, tls or none", |text| {
            text.parse::<MailSecurity>().map_err(|_| "it is none of them".to_owned())
        });
        let username = reader.text(&USERNAME);
        let password = reader.secret(&PASSWORD)?;
        let from = match reader.text(&FROM) {
            None => Some(None),
            Some(_) => reader
                .checked(&FROM, "an address, such as Rollcall <rollcall@example.com>", check_from)
                .map(Some),
        };
        let (port, security, from) = (port?, security?, from?);
        let Some(host) = host else {
            if username.is_some() || from.is_some() {
                reader.mistake(
                    HOST.name,
                    "it is missing beside the other settings of mail",
                    "the mail server",
                );
                return None;
            }
            return Some(Self { server: None });
        };
        if host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@')) {
            reader.mistake(HOST.name, "it is no host", "a name, such as smtp.example.com");
            return None;
        }
        let Some(from) = from else {
            reader.mistake(FROM.name, format!("it is missing beside {}", HOST.name), "the sender of mail");
            return None;
        };
        let credentials = match (username, password.reveal().is_empty()) {
            (None, true) => None,
            (Some(username), false) => Some((username, password)),
            (Some(_), true) => {
                reader.mistake(
                    PASSWORD.name,
                    format!("it is missing beside {}", USERNAME.name),
                    "both, or neither",
                );
                return None;
            }
            (None, false) => {
                reader.mistake(
                    USERNAME.name,
                    format!("it is missing beside {}", PASSWORD.name),
                    "both, or neither",
                );
                return None;
            }
        };
        let usual = match security {
            MailSecurity::StartTls => 587,
            MailSecurity::Tls => 465,
            MailSecurity::Plain => 25,
        };
        let port = port.unwrap_or(usual);
        Some(Self { server: Some(MailServer { host, port, security, credentials, from }) })
    }
}

fn check_from(text: &str) -> Result<String, String> {
    let known = email(text).is_some() && !text.contains(char::is_control);
    if known { Ok(text.to_owned()) } else { Err("it holds no e-mail address".to_owned()) }
}
