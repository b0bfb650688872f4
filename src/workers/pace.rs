//! How fast the supervisor starts a worker anew that panicked.

use std::time::Duration;

/// How long who panicked rests, and is not trusted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The first pause after a panic; each further one doubles it.
    pub(super) first: Duration,
    pub(super) longest: Duration,
    /// Who has lived so long since the last panic is well again.
    pub(super) recovered: Duration,
}

pub(super) const PACE: Pace = Pace {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(60),
    recovered: Duration::from_secs(10),
};
