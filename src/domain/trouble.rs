//! When to tell of a trouble that lasts: once when it begins, now and then while it lasts, and once when it is over.

use std::time::{Duration, Instant};

/// The least time between two times that it is told of.
const REMIND: Duration = Duration::from_secs(60);

/// What was told of one trouble so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    /// When it began.
    since: Option<Instant>,
    /// When it was told of last. It outlives the trouble: what comes and goes is not told of each time.
    told: Option<Instant>,
    /// Of what was told of is not said yet that it is over.
    open: bool,
}

impl Trouble {
    /// It is so, or still so; for how long already where that is to be told.
    pub fn met(&mut self, now: Instant) -> Option<Duration> {
        let since = *self.since.get_or_insert(now);
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < REMIND) {
            return None;
        }
        (self.told, self.open) = (Some(now), true);
        Some(now.saturating_duration_since(since))
    }

    /// It is not so; for how long it was so where that is to be told.
    pub fn over(&mut self, now: Instant) -> Option<Duration> {
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
        let mut trouble = Trouble::default();
        assert_eq!(trouble.over(at(0)), None, "nothing was wrong");
        let told: Vec<u64> = (0..150).filter(|second| trouble.met(at(*second)).is_some()).collect();
        assert_eq!(told, [0, 60, 120]);
        assert_eq!(trouble.over(at(150)), Some(Duration::from_secs(150)));
        assert_eq!(trouble.over(at(151)), None, "once");
    }

    #[test]
    fn one_that_comes_and_goes_is_told_no_more_than_twice_a_minute() {
        let start = Instant::now();
        let mut trouble = Trouble::default();
        let mut told = 0;
        for second in 0..60 {
            let now = start + Duration::from_secs(second);
            told += usize::from(trouble.met(now).is_some()) + usize::from(trouble.over(now).is_some());
        }
        assert_eq!(told, 2);
        assert!(trouble.met(start + REMIND).is_some());
    }
}
