//! A clock that tests own.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use rollcall::clock::Clock;

/// A clock that moves when it is told to, and for whoever sleeps by it: nobody really waits.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Arc::new(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap()))))
    }

    pub fn advance(&self, delta: TimeDelta) {
        *self.0.lock().unwrap() += delta;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(async move {
            // Others get their turn first, as they would while somebody sleeps.
            tokio::task::yield_now().await;
            clock.advance(TimeDelta::from_std(time).unwrap());
        })
    }
}
