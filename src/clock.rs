//! Time and randomness come in from outside, so that tests own them.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use rand::TryRng;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Now, in UTC, cut to microseconds: what both databases can hold.
    fn now(&self) -> DateTime<Utc>;
}

/// Where unguessable bytes come from.
pub trait Entropy: Send + Sync {
    fn bytes(&self) -> [u8; 16];
}

/// What the outside world gives to every verb: the time and randomness.
#[derive(Clone)]
pub struct Ambient {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Ambient {
    /// The system's clock and its secure random source.
    pub fn system() -> Self {
        Self { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::expect_used, reason = "without the system's random source no secret can be made: stop")]
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        rand::rngs::SysRng.try_fill_bytes(&mut bytes).expect("the system's random source answers");
        bytes
    }
}
