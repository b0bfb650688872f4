//! Tokens that nobody has, or not any more: counted, and told once a minute for each address. They are too long to be
//! guessed, so nobody is kept waiting: it is mostly a program whose token was revoked.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tokio::time::Instant;

use super::throttle::Throttle;

/// What is remembered of them. Clones remember together.
#[derive(Debug, Clone, Default)]
pub struct RefusedTokens(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    count: AtomicU64,
    told: Throttle,
}

impl RefusedTokens {
    /// How many there were since the process started.
    pub fn count(&self) -> u64 {
        self.0.count.load(Relaxed)
    }

    /// One more, from this address.
    pub(super) fn note(&self, from: IpAddr) {
        self.0.count.fetch_add(1, Relaxed);
        if let Some(left_out) = self.0.told.passes(from, Instant::now()) {
            tracing::warn!(address = %from, left_out, "a token was refused: nobody has it, or not any more");
        }
    }
}
