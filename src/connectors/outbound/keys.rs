//! Vendors' signing keys, kept in the process so that a burst of messages fetches each once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::secret::Secret;

/// More than the callbacks of a large gateway's connections; beyond it the oldest goes.
const MOST: usize = 1000;
const LIFE: TimeDelta = TimeDelta::hours(1);

/// Whose key, and where it came from.
type Name = (String, String);
/// A key, and when it was fetched.
type Fetched = (Secret, DateTime<Utc>);

/// Cheap to clone: all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Keys(Arc<Mutex<HashMap<Name, Fetched>>>);

impl Keys {
    /// A key, and when it was fetched.
    pub fn get(&self, owner: &str, place: &str, now: DateTime<Utc>) -> Option<Fetched> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(&name(owner, place)).filter(|(_, at)| now - *at < LIFE).cloned()
    }

    /// All keys of one owner.
    pub fn of(&self, owner: &str, now: DateTime<Utc>) -> Vec<Secret> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |((of, _), (_, at)): &(&Name, &Fetched)| of == owner && now - *at < LIFE;
        keys.iter().filter(fits).map(|(_, (key, _))| key.clone()).collect()
    }

    pub fn put(&self, owner: &str, place: &str, key: Secret, now: DateTime<Utc>) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = name(owner, place);
        if keys.len() >= MOST && !keys.contains_key(&name) {
            let oldest = keys.iter().min_by_key(|(_, (_, at))| *at).map(|(name, _)| name.clone());
            oldest.and_then(|oldest| keys.remove(&oldest));
        }
        keys.insert(name, (key, now));
    }
}

fn name(owner: &str, place: &str) -> Name {
    (owner.to_owned(), place.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_age_and_the_oldest_makes_room() {
        let at = |second: i64| DateTime::from_timestamp(second, 0).unwrap();
        let keys = Keys::default();
        for second in 0..=MOST as i64 {
            keys.put("acme", &second.to_string(), Secret::new("k"), at(second));
        }
        assert!(keys.get("acme", "0", at(1000)).is_none(), "the oldest has gone");
        assert!(keys.get("acme", "1", at(1000)).is_some());
        assert!(keys.get("other", "1", at(1000)).is_none());
        assert!(keys.get("acme", "1", at(3601)).is_none(), "an hour has passed");
        assert_eq!(keys.of("acme", at(3601)).len(), 999);
    }
}
