//! What both servers are told.

use std::{fmt, time::Duration};

use super::{Clock, Faults, system_clock};

/// How a simulated vendor serves.
#[derive(Clone)]
pub struct ServerOptions {
    pub clock: Clock,
    pub faults: Faults,
    /// How many requests a credential may make in any 60 seconds; 0 is without limit.
    pub requests_per_minute: u32,
    /// What `Retry-After` says where the fault `rate-limited` strikes, in seconds.
    pub retry_after: u64,
    /// How long an answer takes where the fault `slow` strikes.
    pub slow_by: Duration,
    /// Where the fault `redirect` leads: an origin such as `http://127.0.0.1:4000`, that of a [`super::ForeignOrigin`].
    pub redirect_to: String,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            clock: system_clock(),
            faults: Faults::none(),
            requests_per_minute: 0,
            retry_after: 30,
            // Longer than anybody waits.
            slow_by: Duration::from_hours(1),
            redirect_to: "http://elsewhere.invalid".to_owned(),
        }
    }
}

impl ServerOptions {
    /// With a clock, and everything else as usual.
    pub fn new(clock: Clock) -> Self {
        Self { clock, ..Self::default() }
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("faults", &self.faults)
            .field("requests_per_minute", &self.requests_per_minute)
            .finish_non_exhaustive()
    }
}
