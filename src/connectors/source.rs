//! What every source that is polled can do, in the same words; [`super::Source`] chooses by kind.
//!
//! A source is read step by step: whoever reads it stages each part, and its progress with it, before asking for the
//! next, so that another gateway can go on after a crash.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::{
    hold::Gone,
    problem::Problem,
    record::Record,
    schedule::Window,
    words::{Cause, List, Mode},
};

/// When a connection is polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub every: Duration,
    /// How often the whole list is read; zero for every time.
    pub full_every: Duration,
    /// The hours in which it may be polled; `None` for always.
    pub window: Option<Window>,
}

/// How fast a credential, or an endpoint, may be used. A source may have to keep to several at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Equal for connections whose requests the vendor counts together. Not secret: a hash.
    pub id: String,
    pub limit: Limit,
}

/// How many requests a vendor takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// In any 60 seconds.
    PerMinute(u32),
    /// In any 3,600 seconds.
    PerHour(u32),
    /// Under way at the same time, within one gateway.
    InFlight(u32),
    /// A bucket that holds `at_once` and is filled with so many a second.
    Bucket { a_second: u32, at_once: u32 },
}

impl Rate {
    /// `counted_by` is what the vendor counts requests by: a host, a tenant, a credential, an endpoint.
    pub fn new(counted_by: &[&str], limit: Limit) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in counted_by {
            // The length before each part keeps ("ab", "c") and ("a", "bc") apart.
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        Self { id: hasher.finalize().to_hex().chars().take(32).collect(), limit }
    }
}

/// What is asked of a source.
#[derive(Debug, Clone)]
pub struct Ask {
    pub list: List,
    pub mode: Mode,
    /// The high water of the last run that ended well: a delta reads what changed since. Without it, all.
    pub since: Option<String>,
    /// How far a full run had come when its reader went away.
    pub progress: Option<String>,
    pub now: DateTime<Utc>,
}

/// One step of reading a list.
#[derive(Debug, Clone)]
pub enum Step {
    /// Some records, to be staged before the next step.
    Part {
        records: Vec<Record>,
        /// Where to go on after a crash; `None` to begin again.
        progress: Option<String>,
    },
    End(End),
}

/// The end of a list.
#[derive(Debug, Clone)]
pub struct End {
    pub gone: Gone,
    /// From where the next delta reads, in the source's words.
    pub high_water: Option<String>,
    /// What a person should know of a run that ended well.
    pub warning: Option<Problem>,
}

/// What became of a record that was fetched by its ID.
#[derive(Debug, Clone)]
pub enum Fetched {
    Record(Box<Record>),
    /// The source does not have it, or it is not among those that are wanted. Only the whole list can tell.
    Missing,
}

/// What was done so that a source tells of its changes, by the vendor's names of what changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscribed {
    pub added: Vec<String>,
    /// Registered anew, because the vendor had switched them off.
    pub renewed: Vec<String>,
    /// Registered already.
    pub present: Vec<String>,
}

/// Why no request may be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    #[error("the source is not to be called before {until}")]
    RateLimited { until: DateTime<Utc> },
    #[error("another gateway polls the connection now")]
    LeaseLost,
    #[error("the database could not be asked: {0}")]
    Unavailable(String),
}

/// Why a source could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The source's fault, or the connection's settings.
    #[error("{}", .problem.detail)]
    Source {
        cause: Cause,
        problem: Problem,
        /// The source said when to come back.
        retry_after: Option<Duration>,
    },
    /// No request may be sent now.
    #[error(transparent)]
    NotSent(#[from] NotSent),
}

impl Failure {
    /// Whether another list, or another part of it, may be read all the same. Who we are, how often we ask and whether
    /// there is a server concerns them all.
    pub fn concerns_one_list(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Source { retry_after: Some(_), .. } => false,
            Self::Source { cause, .. } => {
                matches!(cause, Cause::Permission | Cause::Server | Cause::Timeout | Cause::NotFound)
            }
        }
    }
}
