//! The API member, and how the server behaves.

use std::time::Duration;

use crate::domain::secret::Secret;
use crate::simulators::vendor::ServerOptions;

/// Everything that a simulated ConnectWise needs to know.
#[derive(Debug, Clone)]
pub struct ConnectWiseOptions {
    pub server: ServerOptions,
    /// The login company.
    pub company_id: String,
    pub public_key: String,
    pub private_key: Secret,
    /// The `clientId` that every call must carry (Guide).
    pub client_id: String,
    /// Where others reach the server, such as `http://127.0.0.1:4000`; without it, where it listens.
    pub origin: Option<String>,
    /// Beginnings of paths, such as `system/members`, that the role of the API member may not use: 403.
    pub forbidden: Vec<String>,
    pub delivery: DeliveryOptions,
}

impl ConnectWiseOptions {
    pub fn new(
        company_id: impl Into<String>,
        client_id: impl Into<String>,
        public_key: impl Into<String>,
        private_key: Secret,
    ) -> Self {
        Self {
            server: ServerOptions::default(),
            company_id: company_id.into(),
            public_key: public_key.into(),
            private_key,
            client_id: client_id.into(),
            origin: None,
            forbidden: Vec::new(),
            delivery: DeliveryOptions::default(),
        }
    }
}

/// How callbacks are sent.
#[derive(Debug, Clone)]
pub struct DeliveryOptions {
    /// Each callback twice.
    pub duplicate: bool,
    /// The last callback first.
    pub reorder: bool,
    /// `ID` as a text.
    pub ints_as_strings: bool,
    /// A `Type` that nobody has heard of.
    pub unknown_type: bool,
    /// How long an answer may take: 5 s (Guide).
    pub patience: Duration,
    /// The pauses before the second and the third try: 2 s and 4 s (Guide).
    pub retry_after: Vec<Duration>,
}

impl Default for DeliveryOptions {
    fn default() -> Self {
        Self {
            duplicate: false,
            reorder: false,
            ints_as_strings: false,
            unknown_type: false,
            patience: Duration::from_secs(5),
            retry_after: vec![Duration::from_secs(2), Duration::from_secs(4)],
        }
    }
}
