//! Limits requests: whoever sends one holds the lease and keeps to the rate that all gateways share.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use crate::{
    clock::Ambient,
    connectors::{
        outbound::{InFlight, NotSent, PollSlot, RequestLimiter, RequestPermit, YieldedSlot},
        source::{Limit, Rate},
    },
    domain::schedule::span,
    store::{
        self, Store, WriteDb,
        polls::{self, Lease},
        rates::{self, FRESH, Pace, Taken},
    },
};

/// Lets the requests of one connection through.
pub struct DatabaseLimiter {
    pub store: Store,
    pub ambient: Ambient,
    /// All of them are kept to, in the [order](in_order) in which everybody locks them.
    pub rates: Vec<Rate>,
    pub in_flight: InFlight,
    /// Without one it is a single request beside the polling: a test, or a record that a webhook named.
    pub lease: Option<Lease>,
    /// How long a lease holds.
    pub lease_for: Duration,
    /// The longest wait on the spot; who must wait longer comes back later.
    pub patience: Duration,
    pub spare: SparePermits,
    /// The slot of the poll, which is left to others while it waits.
    pub slot: Option<Arc<PollSlot>>,
}

/// Rights to send a request each that were taken together: a transaction for each request would cost more than many a
/// request.
#[derive(Debug, Default)]
pub struct SparePermits(Mutex<Spare>);

#[derive(Debug)]
struct Spare {
    rights: u32,
    /// When the oldest of them was taken.
    since: DateTime<Utc>,
    /// How many are taken together the next time.
    together: u32,
}

/// Rights that are taken together when a list begins to be read, and at most. Twice as many are taken once they were used
/// up in time, half as many once some were left: what a slow source leaves is lost for others.
const TOGETHER: u32 = 4;
const MOST_TOGETHER: u32 = 16;

impl Default for Spare {
    fn default() -> Self {
        Self { rights: 0, since: DateTime::UNIX_EPOCH, together: TOGETHER }
    }
}

impl Spare {
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        now - self.since < span(FRESH)
    }
}

impl SparePermits {
    fn lock(&self) -> MutexGuard<'_, Spare> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many rights are to be taken together.
    fn together(&self) -> u32 {
        self.lock().together
    }

    /// Beside those that are fresh, which grow no younger by it.
    fn add(&self, rights: u32, now: DateTime<Utc>) {
        let mut spare = self.lock();
        if spare.rights > 0 && spare.is_fresh(now) {
            spare.rights += rights;
        } else {
            (spare.rights, spare.since) = (rights, now);
        }
    }

    /// Whether there was one that is fresh.
    fn used(&self, now: DateTime<Utc>) -> bool {
        let mut spare = self.lock();
        if spare.rights == 0 {
            return false;
        }
        if !spare.is_fresh(now) {
            spare.together = (spare.together / 2).max(2);
            spare.rights = 0;
            return false;
        }
        spare.rights -= 1;
        if spare.rights == 0 {
            spare.together = (spare.together * 2).min(MOST_TOGETHER);
        }
        true
    }

    fn forget(&self) {
        self.lock().rights = 0;
    }
}

/// The order in which everybody takes rates: of two gateways neither waits for the other then.
pub fn in_order(mut rates: Vec<Rate>) -> Vec<Rate> {
    rates.sort_by(|one, other| one.id.cmp(&other.id));
    rates
}

/// What came of asking several rates at once.
enum Asked {
    Taken(Taken),
    /// One of them lets nobody through before then: what was taken of the others is taken back.
    Undone(DateTime<Utc>),
    Store(store::Error),
}

impl From<store::Error> for Asked {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

/// Takes up to `most` rights, each of all rates.
fn take(db: &mut WriteDb, rates: &[Rate], most: u32, now: DateTime<Utc>) -> Result<u32, Asked> {
    let mut rights = most;
    let paces = rates.iter().filter_map(|rate| Some((rate, pace(rate.limit)?)));
    for (index, (rate, pace)) in paces.enumerate() {
        rights = match rates::take(db, &rate.id, pace, rights, now)? {
            Taken::Rights(taken) => taken,
            // Where nothing was taken yet, what it noted may stay.
            until @ Taken::NotBefore(_) if index == 0 => return Err(Asked::Taken(until)),
            Taken::NotBefore(until) => return Err(Asked::Undone(until)),
        };
    }
    Ok(rights)
}

/// How soon somebody comes back who found as many requests under way as there may be.
const SOON: TimeDelta = TimeDelta::seconds(1);

impl DatabaseLimiter {
    /// Waits until one more request may be under way.
    async fn enter(&self) -> Result<RequestPermit, NotSent> {
        let mut permits = Vec::new();
        for rate in &self.rates {
            let Limit::InFlight(most) = rate.limit else { continue };
            let bound = self.in_flight.of(&rate.id, most);
            let permit = match Arc::clone(&bound).try_acquire_owned() {
                Ok(permit) => permit,
                Err(_) => {
                    let _yielded = self.yield_slot();
                    let waited = tokio::time::timeout(self.patience, bound.acquire_owned()).await;
                    let until = self.ambient.now() + SOON;
                    waited.ok().and_then(Result::ok).ok_or(NotSent::RateLimited { until })?
                }
            };
            permits.push(permit);
        }
        Ok(RequestPermit(permits))
    }

    async fn ask(&self) -> Result<Taken, store::Error> {
        let now = self.ambient.now();
        let (lease, rates) = (self.lease.clone(), self.rates.clone());
        let until = now + span(self.lease_for);
        // One for a single request.
        let most = if lease.is_some() { self.spare.together() } else { 1 };
        // A machine that lost power asks nobody for longer than a right is good.
        let asked = self.store.write_soft(move |db| {
            let taken = match take(db, &rates, most, now) {
                Ok(rights) => Taken::Rights(rights),
                Err(Asked::Taken(taken)) => taken,
                Err(undone) => return Err(undone),
            };
            if let Some(lease) = &lease {
                // While it waits it is renewed beside this.
                polls::renew(db, lease, until)?;
            }
            Ok::<_, Asked>(taken)
        });
        let taken = match asked.await {
            Ok(taken) | Err(Asked::Taken(taken)) => taken,
            Err(Asked::Undone(until)) => Taken::NotBefore(until),
            Err(Asked::Store(error)) => return Err(error),
        };
        if let Taken::Rights(rights) = taken {
            self.spare.add(rights.saturating_sub(1), now);
        }
        Ok(taken)
    }
}

impl RequestLimiter for DatabaseLimiter {
    fn acquire(&self) -> BoxFuture<'_, Result<RequestPermit, NotSent>> {
        Box::pin(async move {
            let passed = self.enter().await?;
            while !self.spare.used(self.ambient.now()) {
                let until = match self.ask().await.map_err(not_sent)? {
                    Taken::Rights(_) => return Ok(passed),
                    Taken::NotBefore(until) => until,
                };
                let wait = (until - self.ambient.now()).to_std().unwrap_or_default();
                if wait > self.patience {
                    return Err(NotSent::RateLimited { until });
                }
                let _yielded = self.yield_slot();
                self.ambient.clock.sleep(wait).await;
            }
            Ok(passed)
        })
    }

    fn back_off(&self, wait: Duration) -> BoxFuture<'_, Result<(), NotSent>> {
        Box::pin(async move {
            let (now, rates) = (self.ambient.now(), self.rates.clone());
            let until = now + span(wait);
            self.spare.forget();
            let close = move |db: &mut WriteDb| {
                let mut paced = rates.iter().filter(|rate| pace(rate.limit).is_some());
                paced.try_for_each(|rate| rates::close(db, &rate.id, until, now))
            };
            self.store.write(close).await.map_err(not_sent)
        })
    }

    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let _yielded = self.yield_slot();
            self.ambient.clock.sleep(wait).await;
        })
    }

    fn yield_slot(&self) -> YieldedSlot {
        self.slot.as_ref().map(PollSlot::yield_slot).unwrap_or_default()
    }

    fn jitter(&self) -> f64 {
        self.ambient.fraction()
    }

    fn now(&self) -> DateTime<Utc> {
        self.ambient.now()
    }
}

/// `None` for what is no matter of time.
fn pace(limit: Limit) -> Option<Pace> {
    Some(match limit {
        Limit::PerMinute(requests) => Pace::per_minute(requests),
        Limit::PerHour(requests) => Pace::per_hour(requests),
        Limit::Bucket { a_second, at_once } => Pace::bucket(a_second, at_once),
        Limit::InFlight(_) => return None,
    })
}

fn not_sent(error: store::Error) -> NotSent {
    match error {
        store::Error::Stale(_) => NotSent::LeaseLost,
        other => NotSent::Unavailable(other.to_string()),
    }
}
