//! Polls the connections that are due: claimed one by one by lease, a few at a time.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{sync::Notify, time::sleep};
use tracing::Span;

use super::frame::{Claimed, Worker};
use crate::{
    connectors::outbound::PollSlot,
    domain::words::Ended,
    store::{self, polls::Lease},
    sync::{poll, source_access::SourceAccess},
};

/// How often it looks for what another process asked for, or what has become due.
const PERIOD: Duration = Duration::from_secs(1);

/// How long few free slots wait for more, which are filled by one claim then.
const GATHER: Duration = Duration::from_millis(20);

/// What the worker is given.
#[derive(Clone)]
pub struct Polling {
    pub sources: SourceAccess,
    /// Somebody asked for lists in this process: look at once.
    pub wake: Arc<Notify>,
    /// The name of this gateway, in leases.
    pub gateway: String,
    /// Connections that are polled at the same time, those that only wait not counted.
    pub at_once: u16,
}

impl Worker for Polling {
    const NAME: &'static str = "poll";
    const NOT_CLAIMED: &'static str = "connections that are due cannot be claimed in the database";
    const NOT_DONE: &'static str = "polls cannot be noted in the database";

    /// Polls that may begin.
    type Capacity = u16;
    type Lease = Lease;
    type Slot = Arc<PollSlot>;

    fn now(&self) -> DateTime<Utc> {
        self.sources.ambient.now()
    }

    fn wake(&self) -> Option<&Notify> {
        Some(&self.wake)
    }

    async fn capacity(&self, _: usize) -> u16 {
        let mut gathered = false;
        loop {
            match self.sources.outbound.poll_slots.free(self.at_once) {
                // The end of a poll wakes the worker, but not that one has begun to wait.
                0 => sleep(PERIOD).await,
                few if few < self.at_once / 4 && !gathered => {
                    sleep(GATHER).await;
                    gathered = true;
                }
                free => return free,
            }
        }
    }

    async fn claim(&self, most: u16) -> store::Result<Claimed<Lease, Arc<PollSlot>>> {
        let leases = poll::claim(&self.sources, &self.gateway, most).await?;
        let jobs = leases.into_iter().map(|lease| (lease, self.sources.outbound.poll_slots.take()));
        Ok(Claimed { jobs: jobs.collect(), again: PERIOD })
    }

    fn span(&self, lease: &Lease) -> Span {
        tracing::info_span!("poll", connection = lease.connection_id.as_str())
    }

    async fn work(&self, lease: &Lease, slot: Arc<PollSlot>) -> store::Result<()> {
        poll::poll_at(&self.sources, lease, slot, self.at_once).await
    }

    fn lease_for(&self) -> Duration {
        self.sources.lease_for
    }

    async fn renew(&self, lease: &Lease) -> store::Result<()> {
        poll::renew(&self.sources, lease).await
    }

    /// A poll gives its lease back itself. What it could not note is left to run out: the source was asked already.
    async fn settle(&self, lease: Lease, ended: Ended) -> store::Result<()> {
        match ended {
            Ended::Stopped => poll::release(&self.sources, lease).await,
            Ended::Done | Ended::Failed | Ended::Lost => Ok(()),
        }
    }
}
