//! How many readers wait for the feed: each token has a bounded number.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::domain::secret::SecretHash;

/// Readers that one token may have waiting.
pub(super) const MOST: usize = 32;

/// Who waits. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Waiting(Arc<Mutex<HashMap<[u8; 32], usize>>>);

impl Waiting {
    /// A place for one more reader of this token, if there is one.
    pub(super) fn enter(&self, token: &SecretHash) -> Option<Place> {
        let token = token.0;
        let mut waiting = self.lock();
        let count = waiting.entry(token).or_default();
        if *count >= MOST {
            return None;
        }
        *count += 1;
        drop(waiting);
        Some(Place { waiting: self.clone(), token })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], usize>> {
        // No code of others runs under the lock, so what it guards is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one reader; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    waiting: Waiting,
    token: [u8; 32],
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock();
        if let Some(count) = waiting.get_mut(&self.token) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    #[test]
    fn a_token_has_a_bounded_number_of_places_and_gets_them_back() {
        let waiting = Waiting::default();
        let (one, other) = (Secret::new("one").hash(), Secret::new("other").hash());
        let mut places: Vec<Place> = (0..MOST).map_while(|_| waiting.enter(&one)).collect();
        assert_eq!(places.len(), MOST);
        assert!(waiting.enter(&one).is_none());
        assert!(waiting.enter(&other).is_some());
        places.pop();
        assert!(waiting.enter(&one).is_some());
        drop(places);
        assert!(waiting.lock().is_empty());
    }
}
