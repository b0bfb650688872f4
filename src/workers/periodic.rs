//! Work that is not divided: done from time to time, by each gateway for itself or by one for all.

use std::{
    future::pending,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use tracing::Span;

use super::frame::{Claimed, Worker};
use crate::{
    clock::Ambient,
    domain::{schedule::span, words::Ended},
    store::{
        self, Store,
        duties::{self, Claim, Lease},
    },
};

/// How long the lease of such work holds unless it is renewed. All of it is safe to be done twice.
const LEASE: Duration = Duration::from_secs(10);

/// Something that is done from time to time.
pub trait Periodic: Send + Sync + 'static {
    const NAME: &'static str;
    /// How often it is done, or looked whether it is to be done.
    const PERIOD: Duration;
    /// What is told when it fails.
    const NOT_DONE: &'static str;

    /// Whether there is something to do.
    ///
    /// # Errors
    /// A database that does not tell.
    fn due(&self) -> impl Future<Output = store::Result<Due>> + Send {
        async { Ok(Due::ByPeriod) }
    }

    /// Does all there is; dropped between two of its steps when the gateway stops.
    ///
    /// # Errors
    /// The first that went wrong.
    fn work(&self) -> impl Future<Output = store::Result<()>> + Send;
}

/// Whether something is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// There is nothing to do.
    No,
    /// There is something to do, whenever it was done last.
    Now,
    /// Once a period, whichever gateway does it; and once when a gateway starts.
    ByPeriod,
}

/// Whose lease it takes where one gateway does it for all.
#[derive(Clone)]
pub struct ForAll {
    pub store: Store,
    pub gateway: String,
}

/// The worker that does something from time to time.
pub struct Periodically<P> {
    work: P,
    ambient: Ambient,
    for_all: Option<ForAll>,
    /// When it looks again.
    next: Mutex<Instant>,
    /// It has had a turn since the gateway started.
    started: AtomicBool,
}

impl<P: Periodic> Periodically<P> {
    /// Each gateway does it for itself.
    pub fn each(work: P, ambient: Ambient) -> Self {
        let next = Mutex::new(Instant::now());
        Self { work, ambient, for_all: None, next, started: AtomicBool::new(false) }
    }

    /// One gateway at a time does it for all.
    pub fn one(work: P, ambient: Ambient, for_all: ForAll) -> Self {
        Self { for_all: Some(for_all), ..Self::each(work, ambient) }
    }

    fn next(&self) -> MutexGuard<'_, Instant> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn lease(&self, for_all: &ForAll, due: Due) -> store::Result<Option<Lease>> {
        let by = for_all.gateway.clone();
        let now = self.ambient.now();
        let early = due == Due::Now || !self.started.load(Relaxed);
        let (every, until) = (span(P::PERIOD), now + span(LEASE));
        let claim =
            move |db: &mut _| duties::claim(db, Claim { name: P::NAME, by: &by, every, early, now, until });
        for_all.store.write(claim).await
    }
}

impl<P: Periodic> Worker for Periodically<P> {
    const NAME: &'static str = P::NAME;
    const NOT_CLAIMED: &'static str = "the database does not tell whether there is something to do";
    const NOT_DONE: &'static str = P::NOT_DONE;

    type Capacity = ();
    /// `None` where each gateway does it for itself.
    type Lease = Option<Lease>;
    type Slot = ();

    fn now(&self) -> DateTime<Utc> {
        self.ambient.now()
    }

    async fn capacity(&self, busy: usize) {
        if busy > 0 {
            // The end of what is under way wakes the worker.
            pending::<()>().await;
        }
    }

    async fn claim(&self, (): ()) -> store::Result<Claimed<Self::Lease, ()>> {
        let again = self.next().saturating_duration_since(Instant::now());
        if !again.is_zero() {
            return Ok(Claimed { jobs: Vec::new(), again });
        }
        let due = self.work.due().await?;
        let leased = match (due, &self.for_all) {
            (Due::No, _) => None,
            (_, None) => Some(None),
            (due, Some(for_all)) => self.lease(for_all, due).await?.map(Some),
        };
        self.started.store(true, Relaxed);
        *self.next() = Instant::now() + P::PERIOD;
        Ok(Claimed { jobs: leased.into_iter().map(|lease| (lease, ())).collect(), again: P::PERIOD })
    }

    fn span(&self, _: &Self::Lease) -> Span {
        tracing::info_span!("worker", name = P::NAME)
    }

    async fn work(&self, _: &Self::Lease, (): ()) -> store::Result<()> {
        self.work.work().await
    }

    fn lease_for(&self) -> Duration {
        LEASE
    }

    async fn renew(&self, lease: &Self::Lease) -> store::Result<()> {
        let (Some(lease), Some(for_all)) = (lease.clone(), &self.for_all) else { return Ok(()) };
        let until = self.ambient.now() + span(LEASE);
        for_all.store.write(move |db| duties::renew(db, &lease, until)).await
    }

    async fn settle(&self, lease: Self::Lease, ended: Ended) -> store::Result<()> {
        *self.next() = Instant::now() + P::PERIOD;
        let (Some(lease), Some(for_all)) = (lease, &self.for_all) else { return Ok(()) };
        let now = self.ambient.now();
        let next_at = if ended == Ended::Done { now + span(P::PERIOD) } else { now };
        for_all.store.write(move |db| duties::settle(db, &lease, next_at)).await
    }
}
