//! How the workers of this process are: what `/readyz` and `/metrics` tell, and what is reported to the database.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use chrono::{DateTime, Utc};

use super::pace::{PACE, Pace};
use crate::{
    domain::{
        outage::Outage,
        problem::{Problem, sentence},
        words::{Ended, WorkerState},
    },
    store,
};

/// How the workers of this process are. Clones know the same.
#[derive(Debug, Clone)]
pub struct Workers {
    known: Arc<Mutex<BTreeMap<&'static str, Health>>>,
    pub(super) pace: Pace,
}

impl Default for Workers {
    fn default() -> Self {
        Self { known: Arc::default(), pace: PACE }
    }
}

/// How one worker is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// How often it panicked.
    pub panics: u64,
    /// It has panicked, and did not live long enough since to be trusted.
    pub failing: bool,
    /// Pieces of work that are under way.
    pub busy: u64,
    /// Pieces of work that have ended, and those of them that failed.
    pub runs: u64,
    pub failures: u64,
    pub last_began_at: Option<DateTime<Utc>>,
    pub last_ended_at: Option<DateTime<Utc>>,
    pub last_result: Option<Ended>,
    /// When it looks for work again at the latest.
    pub next_at: Option<DateTime<Utc>>,
    /// What went wrong the last time that it was tried, and since when it does.
    pub troubles: BTreeMap<&'static str, (DateTime<Utc>, Problem)>,
}

impl Health {
    pub fn state(&self) -> WorkerState {
        match (self.failing || !self.troubles.is_empty(), self.busy) {
            (true, _) => WorkerState::Failing,
            (false, 0) => WorkerState::Idle,
            (false, _) => WorkerState::Working,
        }
    }

    /// What has gone wrong for longest.
    pub fn trouble(&self) -> Option<&(DateTime<Utc>, Problem)> {
        self.troubles.values().min_by_key(|(since, _)| *since)
    }
}

impl Workers {
    /// Every worker, by name.
    pub fn health(&self) -> BTreeMap<&'static str, Health> {
        self.lock().clone()
    }

    /// Those that do not do their work.
    pub fn failing(&self) -> Vec<&'static str> {
        self.lock().iter().filter(|(_, health)| health.failing).map(|(name, _)| *name).collect()
    }

    /// The part of one worker, which has nothing under way.
    pub fn standing(&self, name: &'static str) -> Standing {
        self.change(name, |health| health.busy = 0);
        Standing { name, of: self.clone(), told: Arc::default() }
    }

    pub(super) fn change(&self, name: &'static str, change: impl FnOnce(&mut Health)) {
        change(self.lock().entry(name).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Health>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a worker did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The panic hook has told where, and why.
    #[error("it panicked")]
    Panicked,
}

impl Broken {
    /// For people who do not see the log; `what` was to be done.
    fn problem(&self, what: &str) -> Problem {
        let known = match self {
            Self::Store(error) => error.unavailable(),
            Self::Panicked => None,
        };
        match (self, known) {
            (_, Some(known)) => {
                Problem::new(known.code, sentence(&format!("{what}: {}", known.what)), known.remedy)
            }
            (Self::Panicked, None) => {
                Problem::new("panicked", sentence(&format!("{what}: it panicked")), REPORT)
            }
            // The database's own words are for the log: they may quote what is stored.
            (Self::Store(_), None) => Problem::new("worker_failed", sentence(what), REPORT),
        }
    }
}

const REPORT: &str =
    "Look at the gateway's log, which tells more, and report what it says. It is tried again.";

/// One worker's part of what is known. Clones are the same.
#[derive(Debug, Clone)]
pub struct Standing {
    name: &'static str,
    of: Workers,
    /// What was logged of each trouble.
    told: Arc<Mutex<BTreeMap<&'static str, Outage>>>,
}

impl Standing {
    pub fn began(&self, now: DateTime<Utc>) {
        self.of.change(self.name, |health| {
            health.busy += 1;
            health.last_began_at = Some(now);
        });
    }

    pub fn ended(&self, ended: Ended, now: DateTime<Utc>) {
        self.of.change(self.name, |health| {
            health.busy = health.busy.saturating_sub(1);
            health.runs += 1;
            health.failures += u64::from(ended == Ended::Failed);
            (health.last_ended_at, health.last_result) = (Some(now), Some(ended));
        });
    }

    pub fn looks_again_at(&self, next: DateTime<Utc>) {
        self.of.change(self.name, |health| health.next_at = Some(next));
    }

    /// Notes how something went, and logs it where it is news; what it gave.
    pub fn note<T>(
        &self,
        what: &'static str,
        result: Result<T, Broken>,
        now: impl FnOnce() -> DateTime<Utc>,
    ) -> Option<T> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(value) => {
                if let Some(trouble) = told.get_mut(what) {
                    if let Some(lasted) = trouble.recovered(Instant::now()) {
                        tracing::info!(seconds = lasted.as_secs(), "it is over: {what}");
                    }
                    self.of.change(self.name, |health| drop(health.troubles.remove(what)));
                }
                Some(value)
            }
            Err(error) => {
                if let Some(lasted) = told.entry(what).or_default().failed(Instant::now()) {
                    tracing::error!(worker = self.name, %error, seconds = lasted.as_secs(), "{what}");
                }
                let (now, problem) = (now(), error.problem(what));
                self.of.change(self.name, |health| {
                    let since = health.troubles.get(what).map_or(now, |(since, _)| *since);
                    health.troubles.insert(what, (since, problem));
                });
                None
            }
        }
    }
}
