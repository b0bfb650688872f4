//! Limits how many readers of one token may wait for the feed at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::domain::secret::SecretHash;

/// Readers of one token that may wait at the same time.
pub(super) const MOST: usize = 32;

/// The number of waiting readers by token. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct WaitingReaders(Arc<Mutex<HashMap<[u8; 32], usize>>>);

impl WaitingReaders {
    /// Admits one more reader of this token, unless too many wait already.
    pub(super) fn admit(&self, token: &SecretHash) -> Option<WaitPermit> {
        let token = token.0;
        let mut waiting = self.lock();
        let count = waiting.entry(token).or_default();
        if *count >= MOST {
            return None;
        }
        *count += 1;
        drop(waiting);
        Some(WaitPermit { waiting: self.clone(), token })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], usize>> {
        // No foreign code runs under the lock, so a poisoned lock still guards whole data.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts as one waiting reader until it is dropped.
#[derive(Debug)]
pub(super) struct WaitPermit {
    waiting: WaitingReaders,
    token: [u8; 32],
}

impl Drop for WaitPermit {
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
        let waiting = WaitingReaders::default();
        let (one, other) = (Secret::new("one").hash(), Secret::new("other").hash());
        let mut places: Vec<WaitPermit> = (0..MOST).map_while(|_| waiting.admit(&one)).collect();
        assert_eq!(places.len(), MOST);
        assert!(waiting.admit(&one).is_none());
        assert!(waiting.admit(&other).is_some());
        places.pop();
        assert!(waiting.admit(&one).is_some());
        drop(places);
        assert!(waiting.lock().is_empty());
    }
}
