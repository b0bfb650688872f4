//! Tells in the database how the workers of this gateway are, for those who look from elsewhere.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::{
    board::{Health, Workers},
    periodic::{Due, Periodic},
};
use crate::{
    clock::Ambient,
    domain::{problem::Problem, words::WorkerState},
    store::{
        self, Store,
        workers::{self, Worker},
    },
};

/// How often it is told what has not become better or worse.
const EVERY: Duration = Duration::from_secs(30);

/// A gateway that has not reported for so long is gone.
const GONE: TimeDelta = TimeDelta::minutes(10);

/// A worker, and whether it was failing.
type Stood = (&'static str, bool);

pub struct Report {
    pub store: Store,
    pub ambient: Ambient,
    pub gateway: String,
    pub of: Workers,
    /// When it was told last, and who there was, and was failing.
    last: Mutex<Option<(Instant, Vec<Stood>)>>,
}

impl Report {
    pub fn new(store: Store, ambient: Ambient, gateway: String, of: Workers) -> Self {
        Self { store, ambient, gateway, of, last: Mutex::default() }
    }

    fn rows(&self, health: &BTreeMap<&'static str, Health>, now: DateTime<Utc>) -> Vec<Worker> {
        health.iter().map(|(name, health)| row(&self.gateway, name, health, now)).collect()
    }
}

impl Periodic for Report {
    const NAME: &'static str = "report";
    const PERIOD: Duration = Duration::from_secs(1);
    const NOT_DONE: &'static str = "how the workers are cannot be reported";

    async fn due(&self) -> store::Result<Due> {
        let now = standing(&self.of.health());
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let news = last.as_ref().is_none_or(|(when, told)| when.elapsed() >= EVERY || *told != now);
        Ok(if news { Due::Now } else { Due::No })
    }

    async fn work(&self) -> store::Result<()> {
        let (health, now) = (self.of.health(), self.ambient.now());
        let (gateway, rows) = (self.gateway.clone(), self.rows(&health, now));
        self.store.write(move |db| workers::report(db, &gateway, &rows, now - GONE)).await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), standing(&health)));
        Ok(())
    }
}

fn standing(health: &BTreeMap<&'static str, Health>) -> Vec<Stood> {
    health.iter().map(|(name, health)| (*name, health.state() == WorkerState::Failing)).collect()
}

fn row(gateway: &str, name: &str, health: &Health, now: DateTime<Utc>) -> Worker {
    let panicked = || {
        let detail = format!("The worker `{name}` panicked; it is started anew after a pause.");
        (now, Problem::new("panicked", detail, "Look at the gateway's log, and report what it says there."))
    };
    Worker {
        gateway: gateway.to_owned(),
        name: name.to_owned(),
        state: health.state(),
        runs: health.runs,
        failures: health.failures,
        panics: health.panics,
        last_began_at: health.last_began_at,
        last_ended_at: health.last_ended_at,
        last_result: health.last_result,
        next_at: health.next_at,
        trouble: health.trouble().cloned().or_else(|| health.failing.then(panicked)),
        reported_at: now,
    }
}
