//! Counts webhooks by what became of them, for `/metrics`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::response::Refusal;
use crate::sync::inbox::Accepted;

/// The counts. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct WebhookCounts(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicU64,
    duplicate: AtomicU64,
    /// By reason: see [`Refusal::reason`].
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

impl WebhookCounts {
    pub(super) fn accepted(&self, accepted: Accepted) {
        match accepted {
            Accepted::New => self.0.accepted.fetch_add(1, Relaxed),
            Accepted::Duplicate | Accepted::Reused => self.0.duplicate.fetch_add(1, Relaxed),
        };
    }

    pub(super) fn refused(&self, refusal: &Refusal) {
        let mut refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.entry(refusal.reason()).or_default() += 1;
    }

    /// Accepted, repeated, and refused by reason.
    pub(in crate::http) fn read(&self) -> (u64, u64, BTreeMap<&'static str, u64>) {
        let refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (self.0.accepted.load(Relaxed), self.0.duplicate.load(Relaxed), refused)
    }
}
