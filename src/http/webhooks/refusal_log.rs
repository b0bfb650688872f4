//! Logs refused webhooks, at most one line a minute and sender, so that nobody can fill the log.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// Senders that are counted separately; all others share one line.
const MOST: usize = 1024;

/// The time between two lines about one sender.
const PERIOD: TimeDelta = TimeDelta::minutes(1);

/// When a line was last written about each sender. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct RefusalLog(Arc<Mutex<HashMap<Option<IpAddr>, Line>>>);

#[derive(Debug)]
struct Line {
    written: DateTime<Utc>,
    /// Webhooks that were refused since.
    left_out: u64,
}

impl RefusalLog {
    /// Logs that a webhook was refused, unless a line about the same sender was written less than a minute ago.
    pub(super) fn log(
        &self,
        sender: Option<IpAddr>,
        now: DateTime<Utc>,
        connection: &str,
        reason: &'static str,
    ) {
        if let Some(left_out) = self.due(sender, now) {
            let sender = sender.map(|sender| sender.to_string());
            tracing::warn!(sender, connection, reason, more = left_out, "a webhook was refused");
        }
    }

    /// Whether a line is due; if so, how many webhooks were refused without one since the last.
    fn due(&self, sender: Option<IpAddr>, now: DateTime<Utc>) -> Option<u64> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sender = sender.map(network);
        if lines.len() >= MOST && !lines.contains_key(&sender) {
            lines.retain(|_, line| now - line.written < PERIOD);
            if lines.len() >= MOST {
                sender = None;
            }
        }
        let line = lines.entry(sender).or_insert(Line { written: now - PERIOD, left_out: 0 });
        // A clock that was set back must not stop the log.
        if (now - line.written).abs() < PERIOD {
            line.left_out = line.left_out.saturating_add(1);
            return None;
        }
        line.written = now;
        Some(std::mem::take(&mut line.left_out))
    }
}

/// An IPv6 client usually has a whole network of 64 bits, so the network is what counts.
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
        let (log, start) = (RefusalLog::default(), DateTime::UNIX_EPOCH);
        let one = "2001:db8::1".parse().ok();
        assert_eq!(log.due(one, start), Some(0));
        for n in 0..59 {
            assert_eq!(log.due("2001:db8::2".parse().ok(), start + TimeDelta::seconds(n)), None, "{n}");
        }
        assert_eq!(log.due("192.0.2.1".parse().ok(), start), Some(0), "another one");
        assert_eq!(log.due(one, start + TimeDelta::seconds(60)), Some(59));
        assert_eq!(log.due(one, start - TimeDelta::days(9)), Some(0), "the clock was set back");
    }

    #[test]
    fn so_many_senders_as_there_are_take_no_more_room() {
        let (log, start) = (RefusalLog::default(), DateTime::UNIX_EPOCH);
        let lines = |second: i64| {
            let now = start + TimeDelta::seconds(second);
            (0..20_000).filter(|n| log.due(Some(Ipv4Addr::from_bits(*n).into()), now).is_some()).count()
        };
        assert_eq!(lines(0), MOST + 1);
        assert_eq!(log.0.lock().unwrap().len(), MOST + 1);
        assert_eq!(lines(60), MOST + 1);
        assert_eq!(log.0.lock().unwrap().len(), MOST + 1);
    }
}
