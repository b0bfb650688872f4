//! Requests under way: some vendors count those that they are answering at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bounds of a process, by what the vendor counts by. Cheap to clone: all clones are the same.
///
/// Within one process: the lease of a connection sees to it that no other one reads it meanwhile.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<Mutex<HashMap<String, Weak<Semaphore>>>>);

impl InFlight {
    /// The bound of `id`, of whose requests `at_once` may be under way.
    pub fn of(&self, id: &str, at_once: u32) -> Arc<Semaphore> {
        let mut bounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bound) = bounds.get(id).and_then(Weak::upgrade) {
            return bound;
        }
        bounds.retain(|_, bound| bound.strong_count() > 0);
        let bound = Arc::new(Semaphore::new(usize::try_from(at_once.max(1)).unwrap_or(1)));
        bounds.insert(id.to_owned(), Arc::downgrade(&bound));
        bound
    }
}

/// The right to send one request, and to have it answered: kept until the answer is there.
#[derive(Debug, Default)]
pub struct RequestPermit(pub Vec<OwnedSemaphorePermit>);
