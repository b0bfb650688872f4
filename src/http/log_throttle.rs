//! Limits log lines about unauthenticated clients to one a minute and address, so that nobody can fill the log.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::forwarded::neighbourhood;

const EVERY: Duration = Duration::from_mins(1);
/// Addresses that are counted separately; all others share one line.
const MOST: usize = 1024;
const OTHERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// When a line was last written about each address, and how many were left out since.
#[derive(Debug, Default)]
pub(super) struct LogThrottle(Mutex<HashMap<IpAddr, (Instant, u64)>>);

impl LogThrottle {
    /// Whether a line about `address` may be written now; if so, how many were left out since the last one.
    pub(super) fn permits(&self, address: IpAddr, now: Instant) -> Option<u64> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut address = neighbourhood(address);
        if lines.len() >= MOST && !lines.contains_key(&address) {
            lines.retain(|_, (last, _)| now.duration_since(*last) < EVERY);
            if lines.len() >= MOST {
                address = OTHERS;
            }
        }
        match lines.get_mut(&address) {
            Some((last, left_out)) if now.duration_since(*last) < EVERY => {
                *left_out += 1;
                None
            }
            found => {
                let left_out = found.map_or(0, |(_, left_out)| *left_out);
                lines.insert(address, (now, 0));
                Some(left_out)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_about_once_a_minute_and_many_addresses_as_one() {
        let throttle = LogThrottle::default();
        let now = Instant::now();
        let at = |n: u32| IpAddr::from(n.to_be_bytes());
        let lines = [at(1), at(1), at(2)].map(|address| throttle.permits(address, now));
        assert_eq!(lines, [Some(0), None, Some(0)]);
        let now = now + EVERY;
        assert_eq!(throttle.permits(at(1), now), Some(1));
        let lines = (10..5000).filter(|n| throttle.permits(at(*n), now).is_some()).count();
        assert!(lines <= MOST + 1, "{lines}");
        assert!(throttle.0.lock().unwrap().len() <= MOST + 1);
    }
}
