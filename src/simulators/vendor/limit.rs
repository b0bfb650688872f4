//! So many requests in any sixty seconds.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

/// Remembers when each credential made its requests. Those that were refused do not count.
#[derive(Debug, Clone, Default)]
pub struct Limit {
    per_minute: u32,
    taken: HashMap<String, VecDeque<DateTime<Utc>>>,
}

impl Limit {
    /// 0 is without limit.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, taken: HashMap::new() }
    }

    /// A request: `Some(seconds to wait)` if it is one too many.
    pub fn refuses(&mut self, credential: &str, now: DateTime<Utc>) -> Option<u64> {
        if self.per_minute == 0 {
            return None;
        }
        let minute = TimeDelta::seconds(60);
        let taken = self.taken.entry(credential.to_owned()).or_default();
        while taken.front().is_some_and(|oldest| now - *oldest >= minute) {
            taken.pop_front();
        }
        if taken.len() < usize::try_from(self.per_minute).unwrap_or(usize::MAX) {
            taken.push_back(now);
            return None;
        }
        let wait = taken.front().map_or(minute, |oldest| *oldest + minute - now);
        // Rounded up: a second too early is refused again.
        Some(u64::try_from((wait.num_milliseconds() + 999) / 1000).unwrap_or(60).max(1))
    }
}
