//! Who was refused lately: what a stranger sends a thousand times a second is one line a minute in the log.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// Senders that are known apart; all others share a line.
const MOST: usize = 1024;

/// A sender's next line.
const PERIOD: TimeDelta = TimeDelta::minutes(1);

/// Writes the lines. Clones write together.
#[derive(Debug, Clone, Default)]
pub(super) struct Senders(Arc<Mutex<HashMap<Option<IpAddr>, Line>>>);

#[derive(Debug)]
struct Line {
    written: DateTime<Utc>,
    /// What was refused since.
    unsaid: u64,
}

impl Senders {
    /// Logs that a webhook was refused, unless that was logged of the same sender less than a minute ago.
    pub(super) fn log(
        &self,
        sender: Option<IpAddr>,
        now: DateTime<Utc>,
        connection: &str,
        reason: &'static str,
    ) {
        if let Some(unsaid) = self.turn(sender, now) {
            let sender = sender.map(|sender| sender.to_string());
            tracing::warn!(sender, connection, reason, more = unsaid, "a webhook was refused");
        }
    }

    /// Whether a line is due, and how many were refused without one since the last.
    fn turn(&self, sender: Option<IpAddr>, now: DateTime<Utc>) -> Option<u64> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sender = sender.map(network);
        if lines.len() >= MOST && !lines.contains_key(&sender) {
            lines.retain(|_, line| now - line.written < PERIOD);
            if lines.len() >= MOST {
                sender = None;
            }
        }
        let line = lines.entry(sender).or_insert(Line { written: now - PERIOD, unsaid: 0 });
        // A clock that was set back must not keep it silent.
        if (now - line.written).abs() < PERIOD {
            line.unsaid = line.unsaid.saturating_add(1);
            return None;
        }
        line.written = now;
        Some(std::mem::take(&mut line.unsaid))
    }
}

/// Whoever has one address of IPv6 has a whole network of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_sender_has_a_line_a_minute_that_says_how_many_were_not_said() {
        let (senders, start) = (Senders::default(), DateTime::UNIX_EPOCH);
        let one = "2001:db8::1".parse().ok();
        assert_eq!(senders.turn(one, start), Some(0));
        for n in 0..59 {
            assert_eq!(senders.turn("2001:db8::2".parse().ok(), start + TimeDelta::seconds(n)), None, "{n}");
        }
        assert_eq!(senders.turn("192.0.2.1".parse().ok(), start), Some(0), "another one");
        assert_eq!(senders.turn(one, start + TimeDelta::seconds(60)), Some(59));
        assert_eq!(senders.turn(one, start - TimeDelta::days(9)), Some(0), "the clock was set back");
    }

    #[test]
    fn so_many_senders_as_there_are_take_no_more_room() {
        let (senders, start) = (Senders::default(), DateTime::UNIX_EPOCH);
        let lines = |second: i64| {
            let now = start + TimeDelta::seconds(second);
            (0..20_000).filter(|n| senders.turn(Some(Ipv4Addr::from_bits(*n).into()), now).is_some()).count()
        };
        assert_eq!(lines(0), MOST + 1);
        assert_eq!(senders.0.lock().unwrap().len(), MOST + 1);
        assert_eq!(lines(60), MOST + 1);
        assert_eq!(senders.0.lock().unwrap().len(), MOST + 1);
    }
}
