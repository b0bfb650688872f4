//! What the accept loop and its connections put up with.

use std::{sync::Arc, time::Duration};

use crate::config::{HttpSettings, TrustedProxies};

/// What the loop puts up with.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Whose word counts about where a request comes from.
    pub trusted_proxies: Arc<TrustedProxies>,
    /// Open connections, and requests at once. Where there are as many, those that move least make room.
    pub max_connections: usize,
    /// Of these, those of one address.
    pub max_connections_per_address: usize,
    /// From the beginning of a connection to the end of its first request's head, TLS included.
    pub first_request_timeout: Duration,
    /// For the head of each other request: an HTTP/1.1 connection is kept this long between two of them.
    pub header_timeout: Duration,
    /// The time over which the pace of a request's body is averaged.
    pub body_timeout: Duration,
    /// Bytes a second that a request's body must come with.
    pub min_body_rate: u64,
    /// How long an HTTP/2 connection is kept on which nothing happens.
    pub idle_timeout: Duration,
    /// The longest wait for a client to take bytes of an answer.
    pub write_timeout: Duration,
    /// What requests in flight get at shutdown.
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
