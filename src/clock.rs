//! Time and randomness come in from outside, so that tests own them.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, SubsecRound, Utc};
use futures_util::future::BoxFuture;
use rand::TryRng;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Now, in UTC, cut to microseconds: what both databases can hold.
    fn now(&self) -> DateTime<Utc>;

    /// Ends when so much of this clock's time has passed.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
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

    /// A number from 0 to below 1, for jitter.
    pub fn fraction(&self) -> f64 {
        let [a, b, c, d, ..] = self.entropy.bytes();
        f64::from(u32::from_le_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
    }
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
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
