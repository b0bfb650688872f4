//! Mail to people, by the operator's server: the one way out that leads to no vendor.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};

use crate::{
    connectors::outbound::is_of_tls,
    domain::{
        mail::{Letter, MailServer},
        problem::{Problem, sentence},
        words::MailSecurity,
    },
};

/// How long the server may take for each of its answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a mail was not sent. None holds what was in it, nor the dialogue with the server.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("the address {0:?} cannot be written to")]
    Address(String),
    #[error("the mail cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
    #[error("the mail server {server}: {source}")]
    Server { server: String, source: lettre::transport::smtp::Error },
    #[error("the mail server {server} gave no answer")]
    Silent { server: String },
}

/// Sends mail. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Host and port, for people.
    server: String,
}

impl Mailer {
    /// # Errors
    /// A sender that is no address; a system without the certificates that TLS needs.
    pub fn new(server: &MailServer) -> Result<Self, MailError> {
        let MailServer { host, port, security, credentials, from } = server;
        let name = format!("{host}:{port}");
        let from = from.parse().map_err(|_| MailError::Address(from.clone()))?;
        let failed = |source| MailError::Server { server: name.clone(), source };
        let parameters = || TlsParameters::new(host.clone()).map_err(failed);
        let tls = match security {
            MailSecurity::StartTls => Tls::Required(parameters()?),
            MailSecurity::Tls => Tls::Wrapper(parameters()?),
            MailSecurity::Plain => Tls::None,
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.as_str())
            .port(*port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        let builder = match credentials {
            Some((user, password)) => {
                builder.credentials(Credentials::new(user.clone(), password.reveal().to_owned()))
            }
            None => builder,
        };
        Ok(Self { transport: builder.build(), from, server: name })
    }

    /// Sends a mail; the server has taken it when this returns.
    ///
    /// # Errors
    /// An address that cannot be written to; what the server says.
    pub async fn send(&self, letter: &Letter, now: DateTime<Utc>) -> Result<(), MailError> {
        let to = letter.to.parse().map_err(|_| MailError::Address(letter.to.clone()))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .date(now.into())
            .message_id(None)
            // RFC 3834: nobody's «out of office» answers it.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())?;
        self.within(self.transport.send(message)).await.map(drop)
    }

    /// Connects and signs in, and sends nothing.
    ///
    /// # Errors
    /// What the server says.
    pub async fn test(&self) -> Result<(), MailError> {
        match self.within(self.transport.test_connection()).await? {
            true => Ok(()),
            false => Err(MailError::Silent { server: self.server.clone() }),
        }
    }

    /// The library's own limit is for each answer: a server that always says a little would hold us for ever.
    async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, MailError> {
        match tokio::time::timeout(PATIENCE * 3, work).await {
            Ok(done) => done.map_err(|source| MailError::Server { server: self.server.clone(), source }),
            Err(_) => Err(MailError::Silent { server: self.server.clone() }),
        }
    }
}

impl MailError {
    /// In words for the operator.
    pub fn problem(&self) -> Problem {
        let remedy = match self {
            Self::Address(_) => "Correct the address, or ROLLCALL_SMTP_FROM if it is the sender's.",
            Self::Message(_) => "This is a mistake in Rollcall: please report it.",
            Self::Silent { .. } => SILENT,
            Self::Server { source, .. } if source.is_tls() || is_of_tls(source) => {
                "Check ROLLCALL_SMTP_HOST and ROLLCALL_SMTP_SECURITY: the certificate must be for that name, and one that this \
                 machine trusts."
            }
            Self::Server { source, .. } if source.is_timeout() => SILENT,
            Self::Server { source, .. }
                if source.status().is_some_and(|code| code.to_string().starts_with("53")) =>
            {
                "Check ROLLCALL_SMTP_USERNAME and ROLLCALL_SMTP_PASSWORD."
            }
            Self::Server { source, .. } if source.is_permanent() => {
                "Ask whoever runs the mail server whether it takes mail from this machine and this sender."
            }
            Self::Server { source, .. } if source.is_transient() => "Try again later.",
            Self::Server { .. } => SILENT,
        };
        Problem::new("mail_failed", sentence(&chain(self)), remedy)
    }
}

const SILENT: &str = "Check ROLLCALL_SMTP_HOST, ROLLCALL_SMTP_PORT and ROLLCALL_SMTP_SECURITY, and that a firewall lets this machine through.";

/// An error and its sources. The library's own text holds a source's already.
fn chain(error: &MailError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error).and_then(std::error::Error::source);
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = error.source();
    }
    text
}
