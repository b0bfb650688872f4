//! The gate of requests: who sends one holds the lease and keeps to the rate that all gateways share.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use crate::{
    clock::Ambient,
    connectors::{
        outbound::{Closed, Gate},
        source::Rate,
    },
    store::{
        self, Store,
        polls::{self, Lease},
        rates::{self, Pace},
    },
};

/// Lets the requests of one connection through.
pub struct DatabaseGate {
    pub store: Store,
    pub ambient: Ambient,
    pub rate: Rate,
    /// Without one it is a single request beside the polling: a test, or a record that a webhook named.
    pub lease: Option<Lease>,
    /// How long a lease holds.
    pub lease_for: Duration,
    /// The longest wait on the spot; who must wait longer comes back later.
    pub patience: Duration,
}

impl DatabaseGate {
    /// `None` to go, else when to ask again.
    async fn ask(&self) -> Result<Option<DateTime<Utc>>, store::Error> {
        let (now, pace) = (self.ambient.now(), Pace::per_minute(self.rate.per_minute));
        let (lease, rate) = (self.lease.clone(), self.rate.id.clone());
        let (lease_for, patience) = (span(self.lease_for), span(self.patience));
        let asked = self.store.write(move |db| {
            let wait = rates::take(db, &rate, pace, now)?;
            if let Some(lease) = &lease {
                // The lease outlasts the wait.
                let from = wait.unwrap_or(now).min(now + patience);
                polls::renew(db, lease, from + lease_for)?;
            }
            Ok(wait)
        });
        asked.await
    }
}

impl Gate for DatabaseGate {
    fn pass(&self) -> BoxFuture<'_, Result<(), Closed>> {
        Box::pin(async move {
            loop {
                let Some(until) = self.ask().await.map_err(closed)? else { return Ok(()) };
                let wait = (until - self.ambient.now()).to_std().unwrap_or_default();
                if wait > self.patience {
                    return Err(Closed::RateLimited { until });
                }
                self.ambient.clock.sleep(wait).await;
            }
        })
    }

    fn close_for(&self, wait: Duration) -> BoxFuture<'_, Result<(), Closed>> {
        Box::pin(async move {
            let (now, rate) = (self.ambient.now(), self.rate.id.clone());
            let until = now + span(wait);
            self.store.write(move |db| rates::close(db, &rate, until, now)).await.map_err(closed)
        })
    }

    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()> {
        self.ambient.clock.sleep(wait)
    }

    fn jitter(&self) -> f64 {
        self.ambient.fraction()
    }

    fn now(&self) -> DateTime<Utc> {
        self.ambient.now()
    }
}

fn closed(error: store::Error) -> Closed {
    match error {
        store::Error::Stale(_) => Closed::LeaseLost,
        other => Closed::Unavailable(other.to_string()),
    }
}

/// As a difference of times; a span that no calendar holds is a day.
pub(super) fn span(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::days(1)).min(TimeDelta::days(365))
}
