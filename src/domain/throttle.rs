//! How fast wrong tries to sign in may follow each other. No rule locks: each only delays, by half a minute at most for
//! whoever does not know the password, so that nobody can keep another person out for long.

use std::net::{IpAddr, Ipv6Addr};

use chrono::{DateTime, TimeDelta, Utc};

/// The part of an address that counts as one client: of IPv6 a network of 64 bits, because a client usually has all of
/// it.
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

/// What tries are counted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An address (of IPv6 its network of 64 bits), whatever account it tries.
    Address,
    /// An account, from browsers in which it has not signed in.
    Account,
    /// A browser in which the account has signed in.
    Device,
    /// The second factor of an account, by somebody who knows the password.
    Code,
}

/// The tries that were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Those that failed, and those that are under way.
    pub failures: u32,
    pub last_at: DateTime<Utc>,
    /// None is taken before then.
    pub free_at: DateTime<Utc>,
}

/// After so many failures in a row a browser is treated as any other.
pub const DEVICE_BUDGET: u32 = 10;

/// After so many failures in a row a password alone is not enough any more in other browsers (NIST SP 800-63B-4 section
/// 3.2.2).
pub const PASSWORD_ALONE: u32 = 100;

/// Failures of a subject that are not delayed yet.
fn free(subject: Subject) -> u32 {
    match subject {
        Subject::Address => 10,
        Subject::Account | Subject::Code => 5,
        Subject::Device => DEVICE_BUDGET,
    }
}

/// The longest delay. Who tries codes knows the password already, and a code has a million values only.
fn longest(subject: Subject) -> TimeDelta {
    match subject {
        Subject::Address | Subject::Account | Subject::Device => TimeDelta::seconds(30),
        Subject::Code => TimeDelta::minutes(5),
    }
}

/// For how long a count is kept without another failure.
pub fn memory(subject: Subject) -> TimeDelta {
    match subject {
        Subject::Address => TimeDelta::minutes(15),
        Subject::Code => TimeDelta::days(1),
        Subject::Account | Subject::Device => TimeDelta::days(30),
    }
}

impl Subject {
    /// The count with one more failure, at `now`.
    pub fn failed(self, before: Option<Count>, now: DateTime<Utc>) -> Count {
        let failures = before.map_or(0, |before| self.left(before, now)).saturating_add(1);
        let beyond = failures.saturating_sub(free(self));
        let wait = match beyond {
            0 => TimeDelta::zero(),
            _ => TimeDelta::seconds(1 << (beyond - 1).min(16)).min(longest(self)),
        };
        Count { failures, last_at: now, free_at: now + wait }
    }

    /// What is left of a count: of an address ten failures a minute are forgiven; the others last until a success.
    fn left(self, count: Count, now: DateTime<Utc>) -> u32 {
        let passed = now - count.last_at;
        // A clock that was set back must not keep a count for ever.
        if passed > memory(self) || -passed > memory(self) {
            return 0;
        }
        let forgiven = match self {
            Self::Address => u32::try_from(passed.num_seconds().max(0) / 6).unwrap_or(u32::MAX),
            _ => 0,
        };
        count.failures.saturating_sub(forgiven)
    }

    /// The failures that count now.
    pub fn failures(self, count: Option<Count>, now: DateTime<Utc>) -> u32 {
        count.map_or(0, |count| self.left(count, now))
    }

    /// How long the next try must wait, if it must. Never longer than the longest delay, whatever a clock has noted.
    pub fn wait(self, count: Option<Count>, now: DateTime<Utc>) -> Option<TimeDelta> {
        let wait = (count?.free_at - now).min(longest(self));
        (wait > TimeDelta::zero()).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> DateTime<Utc> {
        "2026-11-27T00:00:00Z".parse().unwrap()
    }

    /// The waits after each of so many failures at once.
    fn waits(subject: Subject, failures: usize) -> Vec<i64> {
        let mut count = None;
        let mut waits = Vec::new();
        for _ in 0..failures {
            count = Some(subject.failed(count, start()));
            waits.push(subject.wait(count, start()).map_or(0, |wait| wait.num_seconds()));
        }
        waits
    }

    #[test]
    fn the_delay_grows_from_the_sixth_failure_of_an_account_up_to_half_a_minute_and_is_never_a_lock() {
        assert_eq!(waits(Subject::Account, 12), [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(waits(Subject::Account, 5000).last(), Some(&30));
        assert_eq!(waits(Subject::Code, 20).last(), Some(&300));
    }

    #[test]
    fn an_address_may_fail_ten_times_a_minute_for_ever() {
        assert_eq!(waits(Subject::Address, 13), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4]);
        let (mut count, mut now) = (None, start());
        for _ in 0..200 {
            now += TimeDelta::seconds(6);
            count = Some(Subject::Address.failed(count, now));
            assert_eq!(Subject::Address.wait(count, now), None);
        }
        assert_eq!(Subject::Address.failures(count, now + TimeDelta::minutes(1)), 0);
    }

    #[test]
    fn failures_of_an_account_are_counted_until_it_signs_in_and_do_not_fade_by_the_hour() {
        let mut count = None;
        for n in 0..150 {
            count = Some(Subject::Account.failed(count, start() + TimeDelta::hours(n)));
        }
        assert_eq!(Subject::Account.failures(count, start() + TimeDelta::hours(160)), 150);
    }

    #[test]
    fn a_clock_that_was_ahead_keeps_nobody_waiting() {
        let ahead = Some(Subject::Account.failed(None, start() + TimeDelta::days(300)));
        let wait = Subject::Account.wait(ahead, start()).unwrap();
        assert!(wait <= TimeDelta::seconds(30), "{wait}");
        assert_eq!(Subject::Account.failures(ahead, start()), 0);
    }
}
