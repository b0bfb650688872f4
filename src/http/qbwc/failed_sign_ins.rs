//! Counts wrong passwords for a while, and says how long the next answer is delayed and whether a line is logged.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::http::forwarded::neighbourhood;

/// The first wrong answer is delayed so long, which also hides how long the look-up took; each further one doubles the
/// delay.
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(20);

/// A count ends after so long without another wrong password.
const MEMORY: TimeDelta = TimeDelta::minutes(15);

/// Addresses and names that are counted, and pairs that have signed in: strangers can add to both.
const MOST: usize = 4096;

/// Answers that may be delayed at the same time: in all, and for one address.
const DELAYED: usize = 128;
const DELAYED_PER_ADDRESS: usize = 32;

/// Addresses with a count of their own in `/metrics`; all others share one.
const COUNTED: usize = 32;

/// At most one line is logged for each address in this time.
const LINE_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The hash of a user name.
pub(super) type Name = [u8; 32];

/// The subject of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Name(Name),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    times: u32,
    last: DateTime<Utc>,
    /// Failures since the last line in the log, and when that was.
    unlogged: u64,
    logged_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Default)]
pub(super) struct FailedSignIns {
    failures: HashMap<Key, Failures>,
    /// The addresses and names that have signed in together.
    known: HashSet<(IpAddr, Name)>,
    /// Answers that are being delayed now.
    delayed: HashMap<IpAddr, usize>,
    counts: BTreeMap<IpAddr, u64>,
    others: u64,
}

/// The consequence of a wrong password.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Penalty {
    pub delay: Duration,
    /// How many failures came since the last line in the log, if a line is due.
    pub log: Option<u64>,
}

impl FailedSignIns {
    /// Reserves an answer that may have to be delayed. False if too many are delayed: then nothing may be looked up,
    /// unless the name has signed in from this address before.
    pub(super) fn reserve(&mut self, from: IpAddr, name: Name) -> bool {
        let from = neighbourhood(from);
        let here = self.delayed.get(&from).copied().unwrap_or(0);
        let free = here < DELAYED_PER_ADDRESS && self.delayed.values().sum::<usize>() < DELAYED;
        let reserved = free || self.known.contains(&(from, name));
        if reserved {
            *self.delayed.entry(from).or_default() += 1;
        }
        reserved
    }

    pub(super) fn release(&mut self, from: IpAddr) {
        let from = neighbourhood(from);
        match self.delayed.get_mut(&from) {
            Some(here) if *here > 1 => *here -= 1,
            _ => drop(self.delayed.remove(&from)),
        }
    }

    pub(super) fn succeeded(&mut self, from: IpAddr, name: Name) {
        if self.known.len() < MOST {
            self.known.insert((neighbourhood(from), name));
        }
    }

    pub(super) fn failed(&mut self, from: IpAddr, name: Name, now: DateTime<Utc>) -> Penalty {
        self.count(from);
        let from = neighbourhood(from);
        let by_name = self.note(Key::Name(name), now).times;
        let failures = self.note(Key::Address(from), now);
        failures.unlogged += 1;
        let due = failures.logged_at.is_none_or(|told| now - told >= LINE_EVERY || told > now);
        let log = due.then(|| {
            failures.logged_at = Some(now);
            std::mem::take(&mut failures.unlogged)
        });
        Penalty { delay: delay(by_name.max(failures.times)), log }
    }

    fn note(&mut self, key: Key, now: DateTime<Utc>) -> &mut Failures {
        if self.failures.len() >= MOST && !self.failures.contains_key(&key) {
            self.make_room(now);
        }
        let new = Failures { times: 0, last: now, unlogged: 0, logged_at: None };
        let failures = self.failures.entry(key).or_insert(new);
        if is_over(failures.last, now) {
            failures.times = 0;
        }
        (failures.times, failures.last) = (failures.times.saturating_add(1), now);
        failures
    }

    fn make_room(&mut self, now: DateTime<Utc>) {
        self.failures.retain(|_, failures| !is_over(failures.last, now));
        if self.failures.len() >= MOST
            && let Some(oldest) =
                self.failures.iter().min_by_key(|(_, failures)| failures.last).map(|(key, _)| *key)
        {
            self.failures.remove(&oldest);
        }
    }

    fn count(&mut self, from: IpAddr) {
        let from = from.to_canonical();
        let known = self.counts.contains_key(&from) || self.counts.len() < COUNTED;
        *if known { self.counts.entry(from).or_default() } else { &mut self.others } += 1;
    }

    /// How many sign-ins failed: by address, and from all other addresses together.
    pub(super) fn counts(&self) -> (BTreeMap<IpAddr, u64>, u64) {
        (self.counts.clone(), self.others)
    }
}

/// A count is also over when the clock was set back.
fn is_over(last: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - last > MEMORY || last - now > MEMORY
}

fn delay(times: u32) -> Duration {
    FIRST_DELAY.saturating_mul(1 << times.saturating_sub(1).min(16)).min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(n.into())
    }

    fn start() -> DateTime<Utc> {
        "2026-11-26T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn each_wrong_one_waits_longer_by_address_and_by_name_up_to_a_bound_and_is_forgotten_in_time() {
        let mut failed = FailedSignIns::default();
        let mut seconds =
            |from, name: u8, now| failed.failed(address(from), [name; 32], now).delay.as_secs_f64();
        let waits: Vec<f64> = (0..8).map(|_| seconds(1, 1, start())).collect();
        assert_eq!(waits, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]);
        assert_eq!(seconds(2, 1, start()), 20.0, "another address, the same name");
        assert_eq!(seconds(1, 2, start()), 20.0, "another name, the same address");
        assert_eq!(seconds(3, 3, start()), 0.5);
        assert_eq!(seconds(1, 1, start() + MEMORY * 2), 0.5);
        assert_eq!(seconds(3, 3, start() - MEMORY * 2), 0.5, "a clock that was set back");
    }

    #[test]
    fn what_strangers_can_fill_is_bounded() {
        let mut failed = FailedSignIns::default();
        for n in 0..3 * MOST as u32 {
            let name = *blake3::hash(&n.to_be_bytes()).as_bytes();
            failed.failed(address(n), name, start() + TimeDelta::milliseconds(n.into()));
            failed.succeeded(address(n), name);
        }
        assert!(failed.failures.len() <= MOST && failed.known.len() <= MOST);
        let (counts, others) = failed.counts();
        assert_eq!((counts.len(), others), (COUNTED, (3 * MOST - COUNTED) as u64));
    }

    #[test]
    fn places_are_few_and_who_has_signed_in_from_there_needs_none() {
        let mut failed = FailedSignIns::default();
        failed.succeeded(address(1), [7; 32]);
        let reserved = (0..DELAYED).filter(|_| failed.reserve(address(1), [1; 32])).count();
        assert_eq!(reserved, DELAYED_PER_ADDRESS);
        assert!(failed.reserve(address(1), [7; 32]) && failed.reserve(address(2), [1; 32]));
        let all = (3..200).filter(|n| failed.reserve(address(*n), [1; 32])).count();
        assert_eq!(all, DELAYED - DELAYED_PER_ADDRESS - 2);
        failed.release(address(2));
        assert!(failed.reserve(address(300), [1; 32]));
    }

    #[test]
    fn one_line_a_minute_and_address_tells_how_many_there_were() {
        let mut failed = FailedSignIns::default();
        let mut told = |second| {
            let now = start() + TimeDelta::seconds(second);
            failed.failed(address(1), [1; 32], now).log
        };
        assert_eq!((told(0), told(1), told(59), told(60)), (Some(1), None, None, Some(3)));
    }

    #[test]
    fn an_address_of_ipv6_counts_as_its_neighbourhood() {
        assert_eq!(
            neighbourhood("2001:db8::1".parse().unwrap()),
            neighbourhood("2001:db8::2:3".parse().unwrap())
        );
        assert_ne!(
            neighbourhood("2001:db8::1".parse().unwrap()),
            neighbourhood("2001:db8:0:1::1".parse().unwrap())
        );
        assert_eq!(
            neighbourhood("::ffff:192.0.2.1".parse().unwrap()),
            "192.0.2.1".parse::<IpAddr>().unwrap()
        );
    }
}
