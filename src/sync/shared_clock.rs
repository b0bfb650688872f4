//! The gateways of one PostgreSQL database go by its clock. Leases and plans of one are compared with the time of another:
//! a computer that is minutes ahead would have the others wait for what it left behind, and take from them what they hold.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use crate::{
    clock::{Ambient, Clock},
    domain::outage::Outage,
    store::{self, Store, clocks},
};

/// What clocks that are set by the network differ by at most, and the way of a question.
const NEGLIGIBLE: TimeDelta = TimeDelta::seconds(1);

/// This computer's clock, set by the database's. It is as this computer's until it is first [set](Self::set).
pub struct SharedClock {
    own: Arc<dyn Clock>,
    /// By how much the database's clock is ahead, in microseconds.
    ahead: AtomicI64,
    trouble: Mutex<Outage>,
}

impl SharedClock {
    /// Puts such a clock into the place of the one that `ambient` has, and sets it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn of(store: &Store, ambient: Ambient) -> store::Result<(Ambient, Arc<Self>)> {
        let own = ambient.clock.clone();
        let clock = Arc::new(Self { own, ahead: AtomicI64::new(0), trouble: Mutex::default() });
        clock.set(store).await?;
        Ok((Ambient { clock: clock.clone(), ..ambient }, clock))
    }

    /// Compares it with the database's once more.
    ///
    /// # Errors
    /// What the database says; it goes on as before.
    pub async fn set(&self, store: &Store) -> store::Result<()> {
        let asked = self.own.now();
        let Some(theirs) = store.read(clocks::of_server).await? else { return Ok(()) };
        let took = self.own.now() - asked;
        let ahead = theirs - (asked + took / 2);
        // A question that was long under way tells less.
        let counts = ahead.abs() > NEGLIGIBLE + took.abs();
        let ahead = if counts { ahead } else { TimeDelta::zero() };
        self.ahead.store(ahead.num_microseconds().unwrap_or(0), Relaxed);
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = ahead.num_seconds();
        if counts && trouble.failed(Instant::now()).is_some() {
            tracing::warn!(
                seconds,
                "the clock of the database is ahead of this computer's (negative: behind): the \
                gateway goes by the database's; set both by the network"
            );
        }
        if !counts && trouble.recovered(Instant::now()).is_some() {
            tracing::info!("the clocks of the database and of this computer agree again");
        }
        Ok(())
    }
}

impl Clock for SharedClock {
    fn now(&self) -> DateTime<Utc> {
        let own = self.own.now();
        own.checked_add_signed(TimeDelta::microseconds(self.ahead.load(Relaxed))).unwrap_or(own)
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.own.sleep(time)
    }
}
