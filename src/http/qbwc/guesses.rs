//! Wrong passwords, remembered for a while: how long the next wrong answer is kept back, and what is told of them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

/// The first wrong answer is kept back so long, which also hides how long looking took; each one more doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// A wrong password is forgotten after so long without another.
const MEMORY: TimeDelta = TimeDelta::minutes(15);

/// Addresses and names that are remembered, and pairs that have signed in: what strangers can fill.
const MOST: usize = 4096;

/// Answers that are kept back at the same time: in all, and for one address.
const PLACES: usize = 128;
const PLACES_EACH: usize = 32;

/// Addresses that have a count of their own; all others share one.
const COUNTED: usize = 32;

/// One line an address in so long.
const LINE_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The hash of a user name.
pub(super) type Name = [u8; 32];

/// Who or what was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Name(Name),
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    times: u32,
    last: DateTime<Utc>,
    /// Those since the last line, and when that was.
    untold: u64,
    told_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Default)]
pub(super) struct Guesses {
    wrong: HashMap<Key, Wrong>,
    /// From where which names have signed in.
    known: HashSet<(IpAddr, Name)>,
    /// Answers that are kept back now.
    waiting: HashMap<IpAddr, usize>,
    counts: BTreeMap<IpAddr, u64>,
    others: u64,
}

/// What a wrong password comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Consequence {
    pub wait: Duration,
    /// How many there were since the last line, where one is due.
    pub tell: Option<u64>,
}

impl Guesses {
    /// Takes a place for an answer that may have to be kept back. False where there is none left: then nothing may be
    /// looked up, but for a name that has signed in from there before.
    pub(super) fn enter(&mut self, from: IpAddr, name: Name) -> bool {
        let from = network(from);
        let here = self.waiting.get(&from).copied().unwrap_or(0);
        let free = here < PLACES_EACH && self.waiting.values().sum::<usize>() < PLACES;
        let enters = free || self.known.contains(&(from, name));
        if enters {
            *self.waiting.entry(from).or_default() += 1;
        }
        enters
    }

    pub(super) fn leave(&mut self, from: IpAddr) {
        let from = network(from);
        match self.waiting.get_mut(&from) {
            Some(here) if *here > 1 => *here -= 1,
            _ => drop(self.waiting.remove(&from)),
        }
    }

    pub(super) fn right(&mut self, from: IpAddr, name: Name) {
        if self.known.len() < MOST {
            self.known.insert((network(from), name));
        }
    }

    pub(super) fn wrong(&mut self, from: IpAddr, name: Name, now: DateTime<Utc>) -> Consequence {
        self.count(from);
        let from = network(from);
        let by_name = self.note(Key::Name(name), now).times;
        let wrong = self.note(Key::Address(from), now);
        wrong.untold += 1;
        let due = wrong.told_at.is_none_or(|told| now - told >= LINE_EVERY || told > now);
        let tell = due.then(|| {
            wrong.told_at = Some(now);
            std::mem::take(&mut wrong.untold)
        });
        Consequence { wait: wait(by_name.max(wrong.times)), tell }
    }

    fn note(&mut self, key: Key, now: DateTime<Utc>) -> &mut Wrong {
        if self.wrong.len() >= MOST && !self.wrong.contains_key(&key) {
            self.make_room(now);
        }
        let new = Wrong { times: 0, last: now, untold: 0, told_at: None };
        let wrong = self.wrong.entry(key).or_insert(new);
        if is_over(wrong.last, now) {
            wrong.times = 0;
        }
        (wrong.times, wrong.last) = (wrong.times.saturating_add(1), now);
        wrong
    }

    fn make_room(&mut self, now: DateTime<Utc>) {
        self.wrong.retain(|_, wrong| !is_over(wrong.last, now));
        if self.wrong.len() >= MOST
            && let Some(oldest) = self.wrong.iter().min_by_key(|(_, wrong)| wrong.last).map(|(key, _)| *key)
        {
            self.wrong.remove(&oldest);
        }
    }

    fn count(&mut self, from: IpAddr) {
        let from = from.to_canonical();
        let known = self.counts.contains_key(&from) || self.counts.len() < COUNTED;
        *if known { self.counts.entry(from).or_default() } else { &mut self.others } += 1;
    }

    /// How many were wrong: by address, and from all others.
    pub(super) fn counts(&self) -> (BTreeMap<IpAddr, u64>, u64) {
        (self.counts.clone(), self.others)
    }
}

/// A clock that was set back forgets as well.
fn is_over(last: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - last > MEMORY || last - now > MEMORY
}

fn wait(times: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << times.saturating_sub(1).min(16)).min(LONGEST_WAIT)
}

/// Who has one address of IPv6 has its whole network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
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
        let mut guesses = Guesses::default();
        let mut seconds =
            |from, name: u8, now| guesses.wrong(address(from), [name; 32], now).wait.as_secs_f64();
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
        let mut guesses = Guesses::default();
        for n in 0..3 * MOST as u32 {
            let name = *blake3::hash(&n.to_be_bytes()).as_bytes();
            guesses.wrong(address(n), name, start() + TimeDelta::milliseconds(n.into()));
            guesses.right(address(n), name);
        }
        assert!(guesses.wrong.len() <= MOST && guesses.known.len() <= MOST);
        let (counts, others) = guesses.counts();
        assert_eq!((counts.len(), others), (COUNTED, (3 * MOST - COUNTED) as u64));
    }

    #[test]
    fn places_are_few_and_who_has_signed_in_from_there_needs_none() {
        let mut guesses = Guesses::default();
        guesses.right(address(1), [7; 32]);
        let entered = (0..PLACES).filter(|_| guesses.enter(address(1), [1; 32])).count();
        assert_eq!(entered, PLACES_EACH);
        assert!(guesses.enter(address(1), [7; 32]) && guesses.enter(address(2), [1; 32]));
        let all = (3..200).filter(|n| guesses.enter(address(*n), [1; 32])).count();
        assert_eq!(all, PLACES - PLACES_EACH - 2);
        guesses.leave(address(2));
        assert!(guesses.enter(address(300), [1; 32]));
    }

    #[test]
    fn one_line_a_minute_and_address_tells_how_many_there_were() {
        let mut guesses = Guesses::default();
        let mut told = |second| {
            let now = start() + TimeDelta::seconds(second);
            guesses.wrong(address(1), [1; 32], now).tell
        };
        assert_eq!((told(0), told(1), told(59), told(60)), (Some(1), None, None, Some(3)));
    }

    #[test]
    fn an_address_of_ipv6_counts_as_its_network() {
        assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::2:3".parse().unwrap()));
        assert_ne!(network("2001:db8::1".parse().unwrap()), network("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
