//! Vendors' signing keys, kept in the process so that a burst of messages fetches each once.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::secret::Secret;

/// More than the callbacks of a large gateway's connections; beyond it the oldest goes.
const MOST: usize = 1000;
const LIFE: TimeDelta = TimeDelta::hours(1);

/// For how long a request for a key counts that has shown nothing yet.
const DOUBT: TimeDelta = TimeDelta::minutes(10);
/// As many such requests of one owner are sent within that time: whoever forges messages names what addresses he likes.
const DOUBTFUL: usize = 10;
/// One address is not asked more often.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// Whose key, and where it came from.
type Name = (String, String);
/// A key, and when it was fetched.
type Fetched = (Secret, DateTime<Utc>);

/// Cheap to clone: all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Keys(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    keys: HashMap<Name, Fetched>,
    /// By owner: the addresses that were asked, and whose keys have signed nothing yet.
    doubtful: HashMap<String, VecDeque<(String, DateTime<Utc>)>>,
    /// The addresses whose keys have signed something, and when they were asked.
    proven: HashMap<Name, DateTime<Utc>>,
}

impl Keys {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A key, and when it was fetched.
    pub fn get(&self, owner: &str, place: &str, now: DateTime<Utc>) -> Option<Fetched> {
        self.lock().keys.get(&name(owner, place)).filter(|(_, at)| now - *at < LIFE).cloned()
    }

    /// All keys of one owner that have signed something.
    pub fn of(&self, owner: &str, now: DateTime<Utc>) -> Vec<Secret> {
        let held = self.lock();
        let fits = |(name, (_, at)): &(&Name, &Fetched)| {
            name.0 == owner && now - *at < LIFE && held.proven.contains_key(*name)
        };
        held.keys.iter().filter(fits).map(|(_, (key, _))| key.clone()).collect()
    }

    pub fn put(&self, owner: &str, place: &str, key: Secret, now: DateTime<Utc>) {
        make_room(&mut self.lock().keys, name(owner, place), (key, now), |(_, at)| *at);
    }

    /// Whether an address may be asked for a key now; it counts as asked then.
    pub fn may_ask(&self, owner: &str, place: &str, now: DateTime<Utc>) -> bool {
        let mut held = self.lock();
        if let Some(asked) = held.proven.get_mut(&name(owner, place)) {
            let fresh = now - *asked < PAUSE;
            *asked = if fresh { *asked } else { now };
            return !fresh;
        }
        let doubtful = held.doubtful.entry(owner.to_owned()).or_default();
        doubtful.retain(|(_, asked)| now - *asked < DOUBT);
        let asked = |(known, asked): &(String, DateTime<Utc>)| known == place && now - *asked < PAUSE;
        if doubtful.len() >= DOUBTFUL || doubtful.iter().any(asked) {
            return false;
        }
        doubtful.push_back((place.to_owned(), now));
        true
    }

    /// Notes that the key of an address has signed a message.
    pub fn proven(&self, owner: &str, place: &str, now: DateTime<Utc>) {
        let mut held = self.lock();
        if let Some(doubtful) = held.doubtful.get_mut(owner) {
            doubtful.retain(|(known, _)| known != place);
        }
        if !held.proven.contains_key(&name(owner, place)) {
            make_room(&mut held.proven, name(owner, place), now, |at| *at);
        }
    }
}

/// The oldest makes room where there are too many.
fn make_room<V>(map: &mut HashMap<Name, V>, name: Name, value: V, at: impl Fn(&V) -> DateTime<Utc>) {
    if map.len() >= MOST && !map.contains_key(&name) {
        let oldest = map.iter().min_by_key(|(_, value)| at(value)).map(|(name, _)| name.clone());
        oldest.and_then(|oldest| map.remove(&oldest));
    }
    map.insert(name, value);
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
        assert!(keys.of("acme", at(3601)).is_empty(), "a key that has signed nothing is nobody's");
        for second in 0..MOST as i64 {
            keys.proven("acme", &second.to_string(), at(1000));
        }
        assert_eq!(keys.of("acme", at(3601)).len(), 998);
    }

    #[test]
    fn addresses_that_have_shown_nothing_are_asked_a_few_times_and_known_ones_all_the_same() {
        let at = |second: i64| DateTime::from_timestamp(second, 0).unwrap();
        let keys = Keys::default();
        assert!(keys.may_ask("acme", "real", at(0)));
        keys.proven("acme", "real", at(0));
        let forged = |from: i64| {
            (0..500).filter(|number| keys.may_ask("acme", &format!("forged{number}"), at(from))).count()
        };
        assert_eq!((forged(1), forged(2), forged(300)), (10, 0, 0));
        assert!(keys.may_ask("acme", "real", at(301)) && !keys.may_ask("acme", "real", at(302)));
        assert!(keys.may_ask("other", "forged1", at(2)), "each owner for itself");
        assert_eq!(forged(601), 10);
    }
}
