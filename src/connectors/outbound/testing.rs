//! For the tests of connectors: a limiter that lets all requests go, at a time that stands still, and what is read of a source.

use std::{future::ready, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use crate::{
    connectors::{
        Source,
        source::{Ask, End, Failure, Step},
    },
    domain::{record::Record, words::Cause},
};

use super::{NotSent, RequestLimiter, RequestPermit};

/// Lets everything through and waits for nothing.
pub struct Open;

impl RequestLimiter for Open {
    fn acquire(&self) -> BoxFuture<'_, Result<RequestPermit, NotSent>> {
        Box::pin(ready(Ok(RequestPermit::default())))
    }

    fn back_off(&self, _: Duration) -> BoxFuture<'_, Result<(), NotSent>> {
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
///
/// # Panics
/// Never: it is a time.
pub fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// Everything that a run reads, with the progress of each part.
pub async fn run(source: &dyn Source, ask: Ask) -> Result<(Vec<Record>, Vec<Option<String>>, End), Failure> {
    let (mut records, mut progress, mut reading) = (Vec::new(), Vec::new(), source.read(ask));
    loop {
        match reading.next().await? {
            Step::Part { records: part, progress: at } => {
                records.extend(part);
                progress.push(at);
            }
            Step::End(end) => return Ok((records, progress, end)),
        }
    }
}

/// Why there was no answer: the cause, and what people are told.
///
/// # Panics
/// Where there was one, as tests do.
pub fn cause<T>(answer: Result<T, Failure>) -> (Cause, String) {
    match answer {
        Err(Failure::Source { cause, problem, .. }) => (cause, problem.sentence()),
        Err(Failure::NotSent(closed)) => panic!("{closed}"),
        Ok(_) => panic!("it went well"),
    }
}
