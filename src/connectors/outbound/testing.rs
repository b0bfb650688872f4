//! For the tests of connectors: a gate that stands open, at a time that stands still.

use std::{future::ready, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::{Closed, Gate};

/// Lets everything through and waits for nothing.
pub struct Open;

impl Gate for Open {
    fn pass(&self) -> BoxFuture<'_, Result<(), Closed>> {
        Box::pin(ready(Ok(())))
    }

    fn close_for(&self, _: Duration) -> BoxFuture<'_, Result<(), Closed>> {
        Box::pin(ready(Ok(())))
    }

    fn pause(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(ready(()))
    }

    fn jitter(&self) -> f64 {
        0.0
    }

    fn now(&self) -> DateTime<Utc> {
        now()
    }
}

/// The time of [`Open`].
pub fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}
