//! Gives the messages of webhooks their meaning: the inboxes that have some are claimed by lease, a few at a time.

use std::{future::pending, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tracing::Span;

use super::frame::{Claimed, Worker};
use crate::{
    domain::words::Ended,
    store,
    sync::inbox::{InboxProcessor, Lease, Slot},
};

/// How often it looks while something waits, and while nothing does: for what another gateway has left.
const SOON: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(5);

/// Inboxes that are worked on at the same time. Most of that is waiting for sources: how many do more than wait, the processor
/// says.
const AT_ONCE: usize = 256;

/// What the worker is given.
pub struct Inboxes {
    pub processor: InboxProcessor,
    /// Tells of messages that came to this gateway.
    pub arrived: Arc<Notify>,
}

impl Worker for Inboxes {
    const NAME: &'static str = "inbox";
    /// A message waits no longer for it, and those that come in by the hundred each second do not ask each time.
    const PAUSE: Duration = Duration::from_millis(20);
    const NOT_CLAIMED: &'static str = "the database does not tell which messages of webhooks are due";
    const NOT_DONE: &'static str = "messages of webhooks cannot be dealt with";

    type Capacity = Vec<Slot>;
    type Lease = Lease;
    type Slot = Slot;

    fn now(&self) -> DateTime<Utc> {
        self.processor.ambient.now()
    }

    fn wake(&self) -> Option<&Notify> {
        Some(&self.arrived)
    }

    async fn capacity(&self, busy: usize) -> Vec<Slot> {
        let most = AT_ONCE.saturating_sub(busy);
        if most == 0 {
            return pending().await;
        }
        let mut slots = vec![self.processor.slot().await];
        while slots.len() < most
            && let Some(slot) = self.processor.slot_now()
        {
            slots.push(slot);
        }
        slots
    }

    async fn claim(&self, slots: Vec<Slot>) -> store::Result<Claimed<Lease, Slot>> {
        let (leases, next) = self.processor.claim_due(slots.len()).await?;
        let now = self.now();
        let again = match next {
            // One that is due and was not taken is another gateway's, or waits for room here.
            Some(next) if next <= now => SOON,
            Some(next) => (next - now).to_std().unwrap_or_default().min(IDLE),
            None => IDLE,
        };
        Ok(Claimed { jobs: leases.into_iter().zip(slots).collect(), again })
    }

    fn span(&self, lease: &Lease) -> Span {
        tracing::info_span!("inbox", connection = lease.connection_id.as_str())
    }

    async fn work(&self, lease: &Lease, slot: Slot) -> store::Result<()> {
        self.processor.work(lease, slot).await.map(drop)
    }

    fn lease_for(&self) -> Duration {
        self.processor.lease_for
    }

    async fn renew(&self, lease: &Lease) -> store::Result<()> {
        self.processor.renew(lease).await
    }

    async fn settle(&self, lease: Lease, ended: Ended) -> store::Result<()> {
        match ended {
            Ended::Lost => Ok(()),
            Ended::Done | Ended::Failed | Ended::Stopped => self.processor.release(lease).await,
        }
    }
}
