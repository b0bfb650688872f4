//! Whether the database can be written: what the last write met, and what the next look finds.

use std::{
    cell::Cell,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::{Error, Result};
use crate::domain::outage::Outage;

/// For how long that tells whether the next write would do.
const FRESH: Duration = Duration::from_secs(2);

/// For how long nobody tries again to reach a database that could not be reached.
const PAUSE: Duration = Duration::from_millis(500);

/// What keeps a database from being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    ReadOnly,
    Full,
    Locked,
    Disk,
}

thread_local! {
    /// The last fault that a statement of this database thread met. What a job returns may be any error.
    static MET: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Notes what a statement met, for the thread that runs its job.
pub(super) fn note(error: &Error) {
    let fault = match error {
        Error::ReadOnly => Fault::ReadOnly,
        Error::Full => Fault::Full,
        Error::Locked => Fault::Locked,
        Error::Disk => Fault::Disk,
        _ => return,
    };
    MET.set(Some(fault));
}

/// What was noted since the last call.
pub(super) fn met() -> Option<Fault> {
    MET.take()
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::ReadOnly => Self::ReadOnly,
            Fault::Full => Self::Full,
            Fault::Locked => Self::Locked,
            Fault::Disk => Self::Disk,
        }
    }
}

/// What all database threads of a store know of it.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// When a probe wrote something, or something could not be written, and why.
    last_write: Mutex<Option<(Instant, Option<Fault>)>>,
    /// Jobs that are writing now.
    writing: AtomicUsize,
    /// Goes up when a connection breaks: those that were opened before are tried before they are used.
    breaks: AtomicU64,
    unreached: Mutex<Unreached>,
}

/// That the database could not be reached.
#[derive(Debug, Default)]
struct Unreached {
    /// When that was last, and why.
    last: Option<(Instant, Error)>,
    trouble: Outage,
}

impl Health {
    /// Runs a job that writes.
    pub(super) fn writing<T>(&self, work: impl FnOnce() -> T) -> T {
        self.writing.fetch_add(1, Relaxed);
        let done = work();
        self.writing.fetch_sub(1, Relaxed);
        done
    }

    /// Whether the lock that somebody waits for may be our own.
    pub(super) fn is_writing(&self) -> bool {
        self.writing.load(Relaxed) > 0
    }

    pub(super) fn wrote(&self, met: Option<Fault>) {
        *self.last_write.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), met));
    }

    /// What the last write tells; `None` where it is too long ago.
    pub(super) fn last_write(&self) -> Option<Result<()>> {
        let last = *self.last_write.lock().unwrap_or_else(PoisonError::into_inner);
        let (when, met) = last?;
        (when.elapsed() < FRESH).then(|| met.map_or(Ok(()), |fault| Err(fault.into())))
    }

    pub(super) fn broke(&self) {
        self.breaks.fetch_add(1, Relaxed);
    }

    pub(super) fn breaks(&self) -> u64 {
        self.breaks.load(Relaxed)
    }

    pub(super) fn reached(&self) {
        let mut unreached = self.unreached.lock().unwrap_or_else(PoisonError::into_inner);
        unreached.last = None;
        if let Some(lasted) = unreached.trouble.recovered(Instant::now()) {
            tracing::info!(seconds = lasted.as_secs(), "the database can be reached again");
        }
    }

    pub(super) fn not_reached(&self, error: &Error) {
        let now = Instant::now();
        let mut unreached = self.unreached.lock().unwrap_or_else(PoisonError::into_inner);
        unreached.last = Some((now, error.again()));
        if let Some(lasted) = unreached.trouble.failed(now) {
            tracing::warn!(%error, seconds = lasted.as_secs(), "the database cannot be reached");
        }
    }

    /// Why it could not be reached a moment ago.
    pub(super) fn unreachable(&self) -> Option<Error> {
        let unreached = self.unreached.lock().unwrap_or_else(PoisonError::into_inner);
        let (when, error) = unreached.last.as_ref()?;
        (when.elapsed() < PAUSE).then(|| error.again())
    }
}
