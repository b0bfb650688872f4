//! Accepting comes first. What gives messages their meaning takes small bites of the database, so that nothing waits long
//! for it, and while messages come in faster than it works them off, it leaves the database to them for most of the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

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

/// How long a transaction may take: others wait for its end.
const BITE: Duration = Duration::from_millis(10);

/// Messages of the first transaction of a turn, of the shortest, and of the longest.
const FIRST: usize = 25;
const FEWEST: usize = 5;
const MOST: usize = 200;

/// While messages come in faster: rest for so many times as long as the work took, and for no longer than this.
const REST: u32 = 3;
const LONGEST_REST: Duration = Duration::from_millis(250);

/// The size of the next bite, and whether to rest before it.
#[derive(Debug)]
pub(super) struct Pace {
    traffic: Traffic,
    seen: u64,
    most: usize,
}

impl Pace {
    pub(super) fn new(traffic: &Traffic) -> Self {
        Self { traffic: traffic.clone(), seen: traffic.count(), most: FIRST }
    }

    /// How many messages to take.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Learns from `dealt` messages that `took` so long; for how long to rest.
    pub(super) fn rest_after(&mut self, dealt: usize, took: Duration) -> Option<Duration> {
        if took > BITE {
            self.most = (self.most / 2).max(FEWEST);
        } else if took < BITE / 2 && dealt >= self.most {
            self.most = (self.most * 2).min(MOST);
        }
        let came = self.traffic.count();
        let faster = came - self.seen > dealt as u64;
        self.seen = came;
        faster.then(|| (took * REST).min(LONGEST_REST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_millis(40);

    #[test]
    fn who_works_rests_only_while_more_comes_in_than_is_dealt_with() {
        let traffic = Traffic::default();
        let mut pace = Pace::new(&traffic);
        assert_eq!(pace.rest_after(20, LONG), None);
        traffic.came(20);
        assert_eq!(pace.rest_after(20, LONG), None, "as fast as they come");
        traffic.came(21);
        assert_eq!(pace.rest_after(20, LONG), Some(LONG * 3));
        traffic.came(100_000);
        assert_eq!(
            pace.rest_after(20, Duration::from_secs(9)),
            Some(LONGEST_REST),
            "it goes on all the same"
        );
        assert_eq!(pace.rest_after(20, LONG), None, "nothing came since");
    }

    #[test]
    fn a_bite_is_as_large_as_its_time_allows() {
        let mut pace = Pace::new(&Traffic::default());
        for _ in 0..9 {
            pace.rest_after(pace.most(), SHORT);
        }
        assert_eq!(pace.most(), MOST);
        pace.rest_after(3, SHORT);
        assert_eq!(pace.most(), MOST, "a small one tells nothing of a large one");
        for _ in 0..9 {
            pace.rest_after(pace.most(), LONG);
        }
        assert_eq!(pace.most(), FEWEST);
        pace.rest_after(1, SHORT);
        assert_eq!(pace.most(), FEWEST);
    }
}
