//! Requests to vendors: to the connection's own host and no other, one at a time through a limiter, with bounds on all
//! that comes back.

pub mod address_guard;
pub mod answers;
mod basic;
mod classify;
mod fetch;
mod in_flight;
mod keys;
mod origin_client;
mod poll_slots;
pub mod problems;
mod retry;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
mod trust;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

pub use basic::basic;
pub(in crate::connectors) use classify::is_of_tls;
pub use fetch::{Bounds, NotFetched};
pub use in_flight::{InFlight, RequestPermit};
pub use keys::Keys;
pub use origin_client::{Answer, OriginClient, Request};
pub use poll_slots::{PollSlot, PollSlots, YieldedSlot};
pub use trust::{Belief, belief};

pub use super::source::NotSent;

/// Decides when a request may be sent: by the lease and the rate limits, which live in the database.
pub trait RequestLimiter: Send + Sync {
    /// Waits until one more request may be sent; what is returned is dropped when it is answered.
    fn acquire(&self) -> BoxFuture<'_, Result<RequestPermit, NotSent>>;
    /// The source asked to wait: holds for everybody who uses the credential.
    fn back_off(&self, wait: Duration) -> BoxFuture<'_, Result<(), NotSent>>;
    /// Waits before another try.
    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()>;
    /// A number below 1 for jitter.
    fn jitter(&self) -> f64;
    fn now(&self) -> DateTime<Utc>;
    /// Lets others take the slot of whoever waits, until what is returned is dropped.
    fn yield_slot(&self) -> YieldedSlot {
        YieldedSlot::default()
    }
}

/// A limiter that lets every request go at once, for requests that no rate is kept of.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    pub now: DateTime<Utc>,
}

impl RequestLimiter for Open {
    fn acquire(&self) -> BoxFuture<'_, Result<RequestPermit, NotSent>> {
        Box::pin(std::future::ready(Ok(RequestPermit::default())))
    }
    fn back_off(&self, _: Duration) -> BoxFuture<'_, Result<(), NotSent>> {
        Box::pin(std::future::ready(Ok(())))
    }
    fn pause(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
    fn jitter(&self) -> f64 {
        0.0
    }
    fn now(&self) -> DateTime<Utc> {
        self.now
    }
}

/// The clients of the process, made once: one that refuses private addresses, and one for connections that may reach
/// them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbound {
    pub timeouts: Timeouts,
    /// Refuses private addresses in its resolver.
    public: reqwest::Client,
    any: reqwest::Client,
    /// The keys with which vendors sign their messages.
    pub keys: Keys,
    /// The polls that are under way.
    pub poll_slots: PollSlots,
    /// The requests that are.
    pub in_flight: InFlight,
}

/// How long a vendor may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect, TLS included.
    pub connect: Duration,
    /// Until the head of the answer is there.
    pub head: Duration,
    /// Until the whole body is there.
    pub body: Duration,
}

impl Timeouts {
    /// Where a person waits for the answer.
    pub const HASTY: Self =
        Self { connect: Duration::from_secs(2), head: Duration::from_secs(2), body: Duration::from_secs(2) };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
        }
    }
}

/// Why there are no clients.
#[derive(Debug, thiserror::Error)]
#[error("requests to vendors cannot be sent: {0}")]
pub struct OutboundError(pub String);

impl Outbound {
    /// # Errors
    /// No TLS on this machine.
    pub fn new(timeouts: Timeouts) -> Result<Self, OutboundError> {
        // Whoever runs this has mostly chosen ring already; then this changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let trusted = trust::config().map_err(|error| OutboundError(error.to_string()))?;
        let client = || {
            // A redirect is an answer: credentials follow none. A proxy would look up names behind the guard's back.
            reqwest::Client::builder()
                .tls_backend_preconfigured(trusted.clone())
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                // Lists are read in one go, and the next poll is minutes away: idle connections only cost memory, up to
                // four for each host that was asked within twice this time.
                .pool_idle_timeout(Duration::from_secs(1))
                .pool_max_idle_per_host(4)
                .connect_timeout(timeouts.connect)
                .user_agent(concat!("Rollcall/", env!("CARGO_PKG_VERSION")))
        };
        let (public, any) = address_guard::Resolver::both();
        let error = |error: reqwest::Error| OutboundError(error.to_string());
        Ok(Self {
            timeouts,
            public: client().dns_resolver(Arc::new(public)).build().map_err(error)?,
            any: client().dns_resolver(Arc::new(any)).build().map_err(error)?,
            keys: Keys::default(),
            poll_slots: PollSlots::default(),
            in_flight: InFlight::default(),
        })
    }
}
