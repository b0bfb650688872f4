//! Limits log lines that others bring about to one a minute: those about unauthenticated clients by their address, those
//! about an outage by its code. So nobody can fill the log, and an outage does not either.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::forwarded::neighbourhood;

const EVERY: Duration = Duration::from_mins(1);
/// Addresses, or codes, that are counted separately; all others share one line.
const MOST: usize = 1024;
const OTHERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// When a line was last written about each address, and how many were left out since.
pub(super) type LogThrottle = Throttle<IpAddr>;

impl LogThrottle {
    /// Whether a line about `address` may be written now; if so, how many were left out since the last one.
    pub(super) fn permits(&self, address: IpAddr, now: Instant) -> Option<u64> {
        self.line(neighbourhood(address), &OTHERS, now)
    }
}

/// The same for failures that last, such as a database that does not answer: each call would write a line. By the code
/// of the problem.
pub(super) type OutageThrottle = Throttle<String>;

impl OutageThrottle {
    /// Whether a line about an outage of this code may be written now; if so, how many were left out since the last one.
    pub(super) fn permits_code(&self, code: &str, now: Instant) -> Option<u64> {
        self.line(code.to_owned(), &String::new(), now)
    }
}

/// When a line was last written about each key, and how many were left out since.
#[derive(Debug)]
pub(super) struct Throttle<K>(Mutex<HashMap<K, (Instant, u64)>>);

impl<K> Default for Throttle<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone> Throttle<K> {
    fn line(&self, mut key: K, others: &K, now: Instant) -> Option<u64> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= MOST && !lines.contains_key(&key) {
            lines.retain(|_, (last, _)| now.duration_since(*last) < EVERY);
            if lines.len() >= MOST {
                key = others.clone();
            }
        }
        match lines.get_mut(&key) {
            Some((last, left_out)) if now.duration_since(*last) < EVERY => {
                *left_out += 1;
                None
            }
            found => {
                let left_out = found.map_or(0, |(_, left_out)| *left_out);
                lines.insert(key, (now, 0));
                Some(left_out)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_about_once_a_minute_and_many_addresses_as_one() {
        let throttle = LogThrottle::default();
        let now = Instant::now();
        let at = |n: u32| IpAddr::from(n.to_be_bytes());
        let lines = [at(1), at(1), at(2)].map(|address| throttle.permits(address, now));
        assert_eq!(lines, [Some(0), None, Some(0)]);
        let now = now + EVERY;
        assert_eq!(throttle.permits(at(1), now), Some(1));
        let lines = (10..5000).filter(|n| throttle.permits(at(*n), now).is_some()).count();
        assert!(lines <= MOST + 1, "{lines}");
        assert!(throttle.0.lock().unwrap().len() <= MOST + 1);
    }

    #[test]
    fn an_outage_is_written_about_once_a_minute_and_another_one_beside_it() {
        let (throttle, now) = (OutageThrottle::default(), Instant::now());
        let codes = ["database_unavailable", "database_unavailable", "database_full", "database_unavailable"];
        assert_eq!(codes.map(|code| throttle.permits_code(code, now)), [Some(0), None, Some(0), None]);
        assert_eq!(throttle.permits_code("database_unavailable", now + EVERY), Some(2));
    }
}
