//! The one loop that all workers share; see the [module](super) for how it goes.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};
use tracing::{Instrument, Span};

use super::board::{Broken, Standing, Workers};
use crate::{domain::words::Ended, store};

/// How long a worker waits after it could not claim, and a piece of work rests that has failed.
const REST: Duration = Duration::from_secs(1);

/// A kind of work: what is due of it, and how a piece of it is done.
pub trait Worker: Send + Sync + 'static {
    /// In logs, figures and reports.
    const NAME: &'static str;
    /// What is told when nothing can be claimed.
    const NOT_CLAIMED: &'static str;
    /// What is told when a piece of work fails.
    const NOT_DONE: &'static str;

    /// How long it waits at least after it has claimed: what wakes it may do so all the time.
    const PAUSE: Duration = Duration::ZERO;

    /// How much more may be begun.
    type Capacity: Send;
    /// The right to do one piece of work.
    type Lease: Send + Sync;
    /// What one piece of work takes up in this process; given back when it is dropped.
    type Slot: Send;

    fn now(&self) -> DateTime<Utc>;

    /// Tells that there may be something to do.
    fn wake(&self) -> Option<&Notify> {
        None
    }

    /// Waits until there is room beside the `busy` pieces of work that are under way. It may be dropped and asked again.
    fn capacity(&self, busy: usize) -> impl Future<Output = Self::Capacity> + Send;

    /// Takes leases of what is due, as far as there is room.
    fn claim(
        &self,
        capacity: Self::Capacity,
    ) -> impl Future<Output = store::Result<Claimed<Self::Lease, Self::Slot>>> + Send;

    /// What the log says of all that happens in a piece of work.
    fn span(&self, lease: &Self::Lease) -> Span;

    /// Does a piece of work. It is dropped when its lease is lost or the gateway stops.
    ///
    /// # Errors
    /// What is ours. [`store::Error::Stale`]: the lease was lost.
    fn work(&self, lease: &Self::Lease, slot: Self::Slot) -> impl Future<Output = store::Result<()>> + Send;

    /// How long a lease holds unless it is renewed.
    fn lease_for(&self) -> Duration;

    /// Keeps a lease for so long again.
    ///
    /// # Errors
    /// [`store::Error::Stale`]: it was lost.
    fn renew(&self, lease: &Self::Lease) -> impl Future<Output = store::Result<()>> + Send;

    /// Gives a lease back, unless the work has done so; not after a panic: that lease runs out.
    fn settle(&self, lease: Self::Lease, ended: Ended) -> impl Future<Output = store::Result<()>> + Send;
}

/// What a worker has claimed.
#[derive(Debug)]
pub struct Claimed<L, P> {
    pub jobs: Vec<(L, P)>,
    /// When to look again, if nothing tells earlier that there may be something to do.
    pub again: Duration,
}

/// Runs a worker until `shutdown` becomes true or its sender is gone; then leases are given back, so that another
/// gateway, or the next start, goes on at once.
pub async fn run<W: Worker>(worker: Arc<W>, workers: Workers, mut shutdown: watch::Receiver<bool>) {
    let standing = workers.standing(W::NAME);
    let mut jobs = JoinSet::new();
    let stop = shutdown.clone();
    let mut earliest = Instant::now();
    loop {
        if earliest > Instant::now() {
            tokio::select! {
                () = sleep_until(earliest) => {}
                () = stopped(&mut shutdown) => break,
            }
        }
        let capacity = tokio::select! {
            capacity = worker.capacity(jobs.len()) => capacity,
            Some(ended) = jobs.join_next() => {
                note_end(&standing, ended.ok(), worker.now());
                continue;
            }
            () = stopped(&mut shutdown) => break,
        };
        // To its end: leases that nobody knew of would be held until they run out.
        let claimed = worker.claim(capacity).await;
        earliest = Instant::now() + W::PAUSE;
        let again = match standing.note(W::NOT_CLAIMED, claimed.map_err(Broken::Store), || worker.now()) {
            Some(Claimed { jobs: new, again }) => {
                for (lease, slot) in new {
                    standing.began(worker.now());
                    let span = worker.span(&lease);
                    let one = job(Arc::clone(&worker), lease, slot, standing.clone(), stop.clone());
                    jobs.spawn(one.instrument(span));
                }
                again
            }
            None => REST,
        };
        standing.looks_again_at(worker.now() + again);
        tokio::select! {
            Some(ended) = jobs.join_next() => note_end(&standing, ended.ok(), worker.now()),
            () = woken(worker.wake()) => {}
            () = sleep(again) => {}
            () = stopped(&mut shutdown) => break,
        }
    }
    while let Some(ended) = jobs.join_next().await {
        note_end(&standing, ended.ok(), worker.now());
    }
}

/// `None` where the task was cut off: the worker itself ends then.
fn note_end(standing: &Standing, ended: Option<Ended>, now: DateTime<Utc>) {
    standing.ended(ended.unwrap_or(Ended::Failed), now);
}

/// One piece of work, from its lease to its settlement.
async fn job<W: Worker>(
    worker: Arc<W>,
    lease: W::Lease,
    slot: W::Slot,
    standing: Standing,
    mut shutdown: watch::Receiver<bool>,
) -> Ended {
    let worked = tokio::select! {
        worked = AssertUnwindSafe(worker.work(&lease, slot)).catch_unwind() => match worked {
            Ok(Ok(())) => Ok(Ended::Done),
            Ok(Err(store::Error::Stale(_))) => Ok(Ended::Lost),
            Ok(Err(error)) => Err(Broken::Store(error)),
            Err(_) => Err(Broken::Panicked),
        },
        () = keep(worker.as_ref(), &lease) => Ok(Ended::Lost),
        () = stopped(&mut shutdown) => Ok(Ended::Stopped),
    };
    let panicked = matches!(worked, Err(Broken::Panicked));
    let ended = match worked {
        Ok(ended @ (Ended::Lost | Ended::Stopped)) => ended,
        worked => standing.note(W::NOT_DONE, worked, || worker.now()).unwrap_or(Ended::Failed),
    };
    match ended {
        Ended::Lost => tracing::info!("the lease was lost: another gateway has taken the work over"),
        // What fails is not begun again at once.
        Ended::Failed => tokio::select! {
            () = sleep(REST) => {}
            () = stopped(&mut shutdown) => {}
        },
        Ended::Done | Ended::Stopped => {}
    }
    if !panicked && let Err(error) = worker.settle(lease, ended).await {
        tracing::warn!(%error, "a lease was not given back: it runs out by itself");
    }
    ended
}

/// Renews a lease while its work lasts; ends when it is lost.
async fn keep<W: Worker>(worker: &W, lease: &W::Lease) {
    let mut failed = 0;
    // What is slow is slow by the wall's clock, whatever clock schedules are kept by.
    while failed < 3 {
        sleep(worker.lease_for() / 3).await;
        match worker.renew(lease).await {
            Ok(()) => failed = 0,
            Err(store::Error::Stale(_)) => return,
            // A database that is away for a moment is no loss yet.
            Err(_) => failed += 1,
        }
    }
}

async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    // Its guard must not live on: it would keep this future from moving between threads.
    drop(shutdown.wait_for(|stop| *stop).await);
}

async fn woken(wake: Option<&Notify>) {
    match wake {
        Some(wake) => wake.notified().await,
        None => std::future::pending().await,
    }
}
