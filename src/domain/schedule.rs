//! When a connection may be synchronised, and when something is due.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Hours of the day in a time zone in which a connection may be synchronised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    from_minute: u32,
    to_minute: u32,
    zone: Tz,
}

/// Why a text is not a window. The text is not repeated: it may be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadWindow {
    #[error("must be hours with their time zone, like `22:00-06:00 America/New_York`")]
    Shape,
    #[error("must end with a time zone that there is, like `America/New_York`, `Europe/Paris` or `UTC`")]
    Zone,
}

impl Window {
    /// Whether `now` is inside the window. A window that ends before it begins spans midnight; one that ends where it
    /// begins is the whole day.
    pub fn contains(&self, now: DateTime<Utc>) -> bool {
        let local = now.with_timezone(&self.zone);
        let minute = local.hour() * 60 + local.minute();
        if self.from_minute < self.to_minute {
            (self.from_minute..self.to_minute).contains(&minute)
        } else {
            minute >= self.from_minute || minute < self.to_minute
        }
    }

    /// The first minute from `now` on that is inside the window.
    pub fn next(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if self.contains(now) {
            return now;
        }
        let minute = now - TimeDelta::seconds(i64::from(now.second()));
        // Minutes are local time, which daylight saving time changes: two days contain every window.
        let minutes = (1..=2 * 24 * 60).map(|ahead| minute + TimeDelta::minutes(ahead));
        minutes.into_iter().find(|minute| self.contains(*minute)).unwrap_or(now)
    }
}

impl TryFrom<String> for Window {
    type Error = BadWindow;
    fn try_from(text: String) -> Result<Self, BadWindow> {
        let parse = |text: &str| {
            let (hours, zone) = text.trim().split_once(' ')?;
            let (from, to) = hours.split_once('-')?;
            Some((minute_of_day(from)?, minute_of_day(to)?, zone.trim().to_owned()))
        };
        let Some((from_minute, to_minute, zone)) = parse(&text) else { return Err(BadWindow::Shape) };
        let zone = zone.parse().map_err(|_| BadWindow::Zone)?;
        Ok(Window { from_minute, to_minute, zone })
    }
}

impl From<Window> for String {
    fn from(window: Window) -> String {
        let time = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        format!("{}-{} {}", time(window.from_minute), time(window.to_minute), window.zone)
    }
}

/// A duration as a difference of times, capped at a day if no calendar can hold it.
pub fn span(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::days(1)).min(TimeDelta::days(365))
}

/// How far apart the clocks of gateways may be.
pub const SKEW: TimeDelta = TimeDelta::hours(1);

/// Whether a time was recorded by a clock that was ahead and has been set back: then it means nothing.
pub fn is_ahead(noted: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    noted > now + SKEW
}

/// Whether something that was done at `last` is due again after `pause`; what was never done is due.
pub fn is_past(last: Option<DateTime<Utc>>, pause: TimeDelta, now: DateTime<Utc>) -> bool {
    last.is_none_or(|last| now - last >= pause || is_ahead(last, now))
}

/// `HH:MM`, 00:00 to 24:00, as minutes.
fn minute_of_day(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && minute <= 24 * 60).then_some(minute)
}

#[cfg(test)]
mod tests {
    use super::{BadWindow, Window};

    fn window(text: &str) -> Window {
        Window::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_window_is_in_its_own_time_zone_and_may_go_over_midnight() {
        let night = window("22:00-06:00 America/New_York");
        let open = |at: &str| night.contains(at.parse().unwrap());
        assert!(open("2026-01-10T03:00:00Z")); // 22:00 EST
        assert!(!open("2026-01-10T02:59:00Z"));
        assert!(open("2026-07-10T02:00:00Z")); // 22:00 EDT
        assert!(!open("2026-07-10T10:00:00Z")); // 06:00 EDT
    }

    #[test]
    fn the_next_opening_is_found_over_midnight_and_over_a_change_of_the_clocks() {
        let night = window("22:00-06:00 America/New_York");
        let next = |at: &str| night.next(at.parse().unwrap()).to_rfc3339();
        assert_eq!(next("2026-01-10T03:00:30Z"), "2026-01-10T03:00:30+00:00");
        assert_eq!(next("2026-01-10T12:00:30Z"), "2026-01-11T03:00:00+00:00");
        assert_eq!(next("2026-03-08T11:00:00Z"), "2026-03-09T02:00:00+00:00");
    }

    #[test]
    fn a_window_reads_back_as_written_and_nonsense_is_refused() {
        assert_eq!(String::from(window("09:30-17:00 Europe/Paris")), "09:30-17:00 Europe/Paris");
        for bad in ["", "9-17", "25:00-26:00 UTC", "09:61-10:00 UTC", "09:00-10:00 Mars/Base"] {
            assert!(Window::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        let wrong = |text: &str| Window::try_from(text.to_owned()).unwrap_err();
        assert_eq!((wrong("09:00-10:00 Mars/Base"), wrong("9 to 10")), (BadWindow::Zone, BadWindow::Shape));
    }
}
