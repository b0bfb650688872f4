//! Decides when a failure that lasts is logged: once when it begins, now and then while it lasts, and once when it is
//! over.

use std::time::{Duration, Instant};

/// The least time between two log lines about an outage.
const REMIND: Duration = Duration::from_mins(1);

/// A failure that may last, and what was logged about it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outage {
    /// When it began.
    since: Option<Instant>,
    /// When it was logged last. This outlives the outage, so that a failure that comes and goes is not logged each
    /// time.
    told: Option<Instant>,
    /// The outage was logged, and its end was not.
    open: bool,
}

impl Outage {
    /// Notes a failure. Returns how long the outage has lasted, if that is to be logged.
    pub fn failed(&mut self, now: Instant) -> Option<Duration> {
        let since = *self.since.get_or_insert(now);
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < REMIND) {
            return None;
        }
        (self.told, self.open) = (Some(now), true);
        Some(now.saturating_duration_since(since))
    }

    /// Notes a success. Returns how long the outage lasted, if its end is to be logged.
    pub fn recovered(&mut self, now: Instant) -> Option<Duration> {
        let since = self.since.take()?;
        std::mem::take(&mut self.open).then(|| now.saturating_duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_at_its_beginning_once_a_minute_and_at_its_end() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut outage = Outage::default();
        assert_eq!(outage.recovered(at(0)), None, "nothing was wrong");
        let told: Vec<u64> = (0..150).filter(|second| outage.failed(at(*second)).is_some()).collect();
        assert_eq!(told, [0, 60, 120]);
        assert_eq!(outage.recovered(at(150)), Some(Duration::from_secs(150)));
        assert_eq!(outage.recovered(at(151)), None, "once");
    }

    #[test]
    fn one_that_comes_and_goes_is_told_no_more_than_twice_a_minute() {
        let start = Instant::now();
        let mut outage = Outage::default();
        let mut told = 0;
        for second in 0..60 {
            let now = start + Duration::from_secs(second);
            told += usize::from(outage.failed(now).is_some()) + usize::from(outage.recovered(now).is_some());
        }
        assert_eq!(told, 2);
        assert!(outage.failed(start + REMIND).is_some());
    }
}
