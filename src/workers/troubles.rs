//! What a worker meets again in each of its rounds, such as a database that cannot be written: told when it begins and
//! when it is over, and not each time.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use crate::domain::trouble::Trouble;

/// The troubles of one worker, by the words that they are told in. Clones know the same.
#[derive(Debug, Clone, Default)]
pub struct Troubles(Arc<Mutex<BTreeMap<&'static str, Trouble>>>);

impl Troubles {
    /// Notes how something went, and logs it where it is news; what it gave.
    pub fn note<T, E: Display>(&self, what: &'static str, result: Result<T, E>) -> Option<T> {
        let now = Instant::now();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = known.entry(what).or_default();
        match result {
            Ok(value) => {
                if let Some(lasted) = trouble.over(now) {
                    tracing::info!(seconds = lasted.as_secs(), "it is over: {what}");
                }
                Some(value)
            }
            Err(error) => {
                if let Some(lasted) = trouble.met(now) {
                    tracing::error!(%error, seconds = lasted.as_secs(), "{what}");
                }
                None
            }
        }
    }
}
