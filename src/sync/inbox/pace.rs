//! Accepting comes first. What gives messages their meaning takes small bites of the database, so that nothing waits long
//! for it, and leaves the database to them for most of the time: but only while they come in faster than it works them off,
//! and never so much that it stands still.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

/// How many messages were kept so far, by this gateway. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<AtomicU64>);

impl Traffic {
    pub(super) fn came(&self, messages: usize) {
        self.0.fetch_add(messages as u64, Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// While messages come in faster: how long a transaction may take, as others wait for its end.
const BITE: Duration = Duration::from_millis(10);

/// Messages of the first transaction of a turn, of the shortest, and of the longest.
const FIRST: usize = 25;
const FEWEST: usize = 5;
const MOST: usize = 200;

/// While messages come in faster: rest for so many times as long as the work took, and for no longer than this.
const REST: u32 = 7;
const LONGEST_REST: Duration = Duration::from_millis(250);

/// However fast they come in: a full transaction's worth is dealt with in each such time, or there is no rest.
const FLOOR: Duration = Duration::from_secs(1);

/// The size of the next bite, and whether to rest before it.
#[derive(Debug)]
pub(super) struct Pace {
    traffic: Traffic,
    seen: u64,
    most: usize,
    /// The present time of the floor: when it began, and what was dealt with since.
    since: Instant,
    dealt: usize,
}

impl Pace {
    pub(super) fn new(traffic: &Traffic, now: Instant) -> Self {
        Self { traffic: traffic.clone(), seen: traffic.count(), most: FIRST, since: now, dealt: 0 }
    }

    /// How many messages to take.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Learns from `dealt` messages that `took` so long until `now`; for how long to rest.
    pub(super) fn rest_after(&mut self, dealt: usize, took: Duration, now: Instant) -> Option<Duration> {
        let came = self.traffic.count();
        let faster = came - self.seen > dealt as u64;
        self.seen = came;
        let ahead = self.ahead(dealt, now);
        if !faster {
            self.most = MOST;
            return None;
        }
        if ahead.is_zero() {
            self.most = (self.most * 2).min(MOST);
            return None;
        }
        if took > BITE {
            self.most = (self.most / 2).max(FEWEST);
        } else if took < BITE / 2 && dealt >= self.most {
            self.most = (self.most * 2).min(MOST);
        }
        Some((took * REST).min(LONGEST_REST).min(ahead))
    }

    /// How much time may pass before less is dealt with than the floor asks for.
    fn ahead(&mut self, dealt: usize, now: Instant) -> Duration {
        self.dealt = self.dealt.saturating_add(dealt);
        let worth = FLOOR.mul_f64(self.dealt as f64 / MOST as f64);
        let passed = now.saturating_duration_since(self.since);
        if passed >= FLOOR {
            // What was done or left undone before counts no more.
            (self.since, self.dealt) = (now, 0);
        }
        worth.saturating_sub(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_millis(40);

    #[test]
    fn who_works_rests_only_while_more_comes_in_than_is_dealt_with() {
        let (traffic, now) = (Traffic::default(), Instant::now());
        let mut pace = Pace::new(&traffic, now);
        assert_eq!(pace.rest_after(50, LONG, now), None);
        traffic.came(50);
        assert_eq!(pace.rest_after(50, LONG, now), None, "as fast as they come");
        traffic.came(51);
        assert_eq!(pace.rest_after(50, SHORT, now), Some(SHORT * REST));
        traffic.came(100_000);
        let long = Duration::from_secs(9);
        assert_eq!(pace.rest_after(50, long, now), Some(LONGEST_REST), "it goes on all the same");
        assert_eq!(pace.rest_after(50, LONG, now), None, "nothing came since");
    }

    #[test]
    fn bites_are_full_unless_more_comes_in_and_then_as_large_as_their_time_allows() {
        let (traffic, now) = (Traffic::default(), Instant::now());
        let mut pace = Pace::new(&traffic, now);
        pace.rest_after(pace.most(), LONG, now);
        assert_eq!(pace.most(), MOST, "nobody waits for its end");
        for _ in 0..9 {
            traffic.came(10_000);
            pace.rest_after(pace.most(), LONG, now);
        }
        assert_eq!(pace.most(), FEWEST);
        traffic.came(10_000);
        pace.rest_after(1, SHORT, now);
        assert_eq!(pace.most(), FEWEST, "a small one tells nothing of a large one");
        for _ in 0..9 {
            traffic.came(10_000);
            pace.rest_after(pace.most(), SHORT, now);
        }
        assert_eq!(pace.most(), MOST);
    }

    /// How many messages are dealt with in ten seconds, where a transaction costs so much and each message of it so much.
    fn dealt_in_ten_seconds(commit: Duration, message: Duration, come: usize) -> usize {
        let (traffic, start) = (Traffic::default(), Instant::now());
        let (mut pace, mut now, mut dealt) = (Pace::new(&traffic, start), start, 0);
        while now.duration_since(start) < Duration::from_secs(10) {
            let bite = pace.most();
            let took = commit + message * u32::try_from(bite).unwrap();
            now += took;
            dealt += bite;
            traffic.came(come);
            now += pace.rest_after(bite, took, now).unwrap_or_default();
        }
        dealt
    }

    #[test]
    fn a_backlog_shrinks_fast_where_nothing_comes_in_however_long_a_commit_takes() {
        let dealt = dealt_in_ten_seconds(Duration::from_millis(15), Duration::from_micros(300), 0);
        assert!(dealt > 20_000, "{dealt}");
    }

    #[test]
    fn a_full_batch_is_dealt_with_each_second_however_many_come_in() {
        for commit in [1, 10, 30, 60].map(Duration::from_millis) {
            let dealt = dealt_in_ten_seconds(commit, Duration::from_micros(300), 1_000_000);
            assert!(dealt >= 1_800, "{dealt} where a commit takes {commit:?}");
        }
    }
}
