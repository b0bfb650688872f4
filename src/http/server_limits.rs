//! The limits of the accept loop and its connections.

use std::{sync::Arc, time::Duration};

use crate::config::{HttpSettings, TrustedProxies};

/// The limits of the accept loop and its connections.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The proxies whose word about the client's address counts.
    pub trusted_proxies: Arc<TrustedProxies>,
    /// Open connections, and requests at the same time. Beyond the limit idle ones are evicted.
    pub max_connections: usize,
    /// The same for one address.
    pub max_connections_per_address: usize,
    /// From the beginning of a connection, including TLS, to the end of its first request's head.
    pub first_request_timeout: Duration,
    /// For the head of each further request: an HTTP/1.1 connection is kept open this long between two requests.
    pub header_timeout: Duration,
    /// The time over which the rate of a request's body is averaged.
    pub body_timeout: Duration,
    /// Bytes a second that a request's body must bring.
    pub min_body_rate: u64,
    /// How long an idle HTTP/2 connection is kept open.
    pub idle_timeout: Duration,
    /// The longest wait for a client to take bytes of an answer.
    pub write_timeout: Duration,
    /// The time that requests in flight have at shutdown.
    pub shutdown_grace: Duration,
}

impl From<&HttpSettings> for Limits {
    fn from(settings: &HttpSettings) -> Self {
        Self {
            trusted_proxies: Arc::new(settings.trusted_proxies.clone()),
            max_connections: settings.max_connections,
            max_connections_per_address: settings.max_connections_per_address,
            first_request_timeout: settings.first_request_timeout,
            header_timeout: settings.header_timeout,
            body_timeout: settings.body_timeout,
            min_body_rate: settings.min_body_rate,
            // Longer than any answer of the API takes, so that only what is really idle is closed.
            idle_timeout: settings.request_timeout,
            write_timeout: settings.body_timeout,
            shutdown_grace: settings.shutdown_grace,
        }
    }
}

impl Limits {
    /// Bytes of a request's body in each [`Limits::body_timeout`].
    pub(super) fn bytes_a_window(&self) -> u64 {
        let millis = u64::try_from(self.body_timeout.as_millis()).unwrap_or(u64::MAX);
        (self.min_body_rate.saturating_mul(millis) / 1000).max(1)
    }
}
