//! Counts tokens that are not valid, and logs them once a minute and address. Tokens are too long to be guessed, so the
//! caller is not delayed: it is mostly a program whose token was revoked.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tokio::time::Instant;

use super::log_throttle::LogThrottle;

/// The count, and the throttle of its log lines. Clones share both.
#[derive(Debug, Clone, Default)]
pub struct RefusedTokens(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    count: AtomicU64,
    log_throttle: LogThrottle,
}

impl RefusedTokens {
    /// How many tokens were refused since the process started.
    pub fn count(&self) -> u64 {
        self.0.count.load(Relaxed)
    }

    /// Counts a token that was refused to `from`.
    pub(super) fn note(&self, from: IpAddr) {
        self.0.count.fetch_add(1, Relaxed);
        if let Some(left_out) = self.0.log_throttle.permits(from, Instant::now()) {
            tracing::warn!(address = %from, left_out, "a token was refused: nobody has it, or not any more");
        }
    }
}
