//! The API user of the account, and how the server behaves.

use std::time::Duration;

use crate::domain::secret::Secret;
use crate::simulators::vendor::ServerOptions;

/// How the targets of `Link` are written: they are relative (Guide), and no public source shows a whole one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkStyle {
    /// `api/v1/employeedirectory?requestid=…`: relative to the base, as the `EndpointUrl` of webhooks is.
    #[default]
    FromBase,
    /// `/v4/rest/index.php/api/v1/employeedirectory?requestid=…`.
    FromRoot,
    /// `employeedirectory?requestid=…`: relative to what was asked.
    LastSegment,
}

/// Everything that a simulated Paycom needs to know.
#[derive(Debug, Clone)]
pub struct PaycomOptions {
    pub server: ServerOptions,
    pub sid: String,
    pub token: Secret,
    /// The client code in webhooks.
    pub client_code: String,
    pub links: LinkStyle,
    /// How long a `requestid` is good for; the real time is not known.
    pub request_id_lifetime: Duration,
    /// Where webhooks go; the client types it into Paycom, no interface sets it (webhook guide).
    pub webhook: Option<PaycomWebhook>,
}

impl PaycomOptions {
    pub fn new(sid: impl Into<String>, token: Secret) -> Self {
        Self {
            server: ServerOptions::default(),
            sid: sid.into(),
            token,
            client_code: "0SIM1".to_owned(),
            links: LinkStyle::default(),
            request_id_lifetime: Duration::from_hours(1),
            webhook: None,
        }
    }
}

/// Where webhooks go, and how.
#[derive(Debug, Clone)]
pub struct PaycomWebhook {
    pub url: String,
    /// The header that the client typed; there is no signature (webhook guide).
    pub header: String,
    pub secret: Secret,
    /// Whether every change of the world is told.
    pub every_change: bool,
    /// Each event twice.
    pub duplicate: bool,
    /// The last event first.
    pub reorder: bool,
    /// How often an event is sent until Paycom gives up.
    pub tries: usize,
    pub retry_after: Duration,
}

impl PaycomWebhook {
    /// As the webhook guide says: ten tries, 60 seconds apart.
    pub fn new(url: impl Into<String>, header: impl Into<String>, secret: Secret) -> Self {
        Self {
            url: url.into(),
            header: header.into(),
            secret,
            every_change: true,
            duplicate: false,
            reorder: false,
            tries: 10,
            retry_after: Duration::from_mins(1),
        }
    }
}
