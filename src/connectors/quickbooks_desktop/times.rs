//! QuickBooks' times: local ones of its computer, whose offset is wrong by an hour while daylight saving time lasts, and
//! whose clock may be wrong by years.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

/// How far ahead a time may seem to be: the hour of daylight saving time, and a clock that is a little fast.
const AHEAD: TimeDelta = TimeDelta::minutes(75);

/// The most that a local time can be ahead of UTC, and behind it.
const EASTERNMOST: TimeDelta = TimeDelta::hours(14);
const WESTERNMOST: TimeDelta = TimeDelta::hours(12);

const LOCAL: &str = "%Y-%m-%dT%H:%M:%S";

/// The local part of a qbXML time, `2026-03-29T01:59:59-05:00` without its offset: QuickBooks takes a time without one as
/// the local time that it showed.
pub fn local_part(time: &str) -> Option<&str> {
    let local = time.get(..19)?;
    NaiveDateTime::parse_from_str(local, LOCAL).ok().map(|_| local)
}

/// Local time of the computer that wrote `time`, and now there: at the latest, where it does not tell its offset.
fn with_now(time: &str, now: DateTime<Utc>) -> Option<(NaiveDateTime, NaiveDateTime)> {
    let local = NaiveDateTime::parse_from_str(local_part(time)?, LOCAL).ok()?;
    let there = match DateTime::parse_from_rfc3339(time) {
        Ok(time) => now.with_timezone(time.offset()).naive_local(),
        Err(_) => now.naive_utc().checked_add_signed(EASTERNMOST)?,
    };
    Some((local, there))
}

/// From when to ask for changes where `newest` was the newest one: `minutes` before it, and never later than now, as a
/// local time without offset.
pub fn ask_from(newest: &str, minutes: u32, now: DateTime<Utc>) -> Option<String> {
    let (local, there) = with_now(newest, now)?;
    let from = match local > there {
        true if DateTime::parse_from_rfc3339(newest).is_err() => now.naive_utc() - WESTERNMOST,
        true => there,
        false => local,
    };
    let earlier = from.checked_sub_signed(TimeDelta::minutes(i64::from(minutes)))?;
    Some(earlier.format(LOCAL).to_string())
}

/// The newest change that was seen. One that is yet to come hides none of those that come before it.
#[derive(Debug, Clone)]
pub struct HighWater {
    newest: Option<String>,
    /// One of those that are yet to come, cut down to now.
    cut: Option<String>,
    now: DateTime<Utc>,
}

impl HighWater {
    pub fn new(before: Option<String>, now: DateTime<Utc>) -> Self {
        Self { newest: before, cut: None, now }
    }

    /// Keeps the newer of two times by their local parts, which sort as they are written.
    pub fn raise(&mut self, time: Option<&str>) {
        let Some((time, (local, there))) = time.and_then(|time| Some((time, with_now(time, self.now)?)))
        else {
            return;
        };
        if local > there + AHEAD {
            if self.cut.is_none() {
                let offset = time.get(19..).unwrap_or_default();
                self.cut = Some(format!("{}{offset}", there.format(LOCAL)));
            }
            return;
        }
        let before = self.newest.as_deref().and_then(local_part);
        if before.is_none_or(|before| local_part(time).is_some_and(|local| local > before)) {
            self.newest = Some(time.to_owned());
        }
    }

    /// In QuickBooks' own words. Where all are yet to come, now.
    pub fn get(&self) -> Option<&str> {
        self.newest.as_deref().or(self.cut.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-07-01T15:00:00Z".parse().unwrap()
    }

    fn high(times: &[&str]) -> Option<String> {
        let mut high = HighWater::new(None, now());
        for time in times {
            high.raise(Some(time));
        }
        high.get().map(str::to_owned)
    }

    #[test]
    fn a_change_that_is_yet_to_come_hides_none() {
        let (old, new) = ("2026-06-30T08:00:00-05:00", "2026-07-01T09:59:00-05:00");
        assert_eq!(high(&[new, "2037-01-01T00:00:00-05:00", old]).as_deref(), Some(new));
        assert_eq!(high(&["2037-01-01T00:00:00-05:00"]).as_deref(), Some("2026-07-01T10:00:00-05:00"));
        assert_eq!(high(&["2037-01-01T00:00:00"]).as_deref(), Some("2026-07-02T05:00:00"));
        assert_eq!(high(&["no time", ""]), None);
    }

    #[test]
    fn an_offset_that_is_wrong_by_the_hour_of_daylight_saving_time_is_no_future() {
        let now_there = "2026-07-01T11:00:00-05:00";
        assert_eq!(high(&[now_there]).as_deref(), Some(now_there));
    }

    #[test]
    fn changes_are_never_asked_for_from_later_than_now() {
        let from = |newest| ask_from(newest, 70, now()).unwrap();
        assert_eq!(from("2026-07-01T08:00:00-05:00"), "2026-07-01T06:50:00");
        assert_eq!(from("2037-01-01T00:00:00-05:00"), "2026-07-01T08:50:00");
        assert_eq!(from("2037-01-01T00:00:00+10:00"), "2026-07-01T23:50:00");
        assert_eq!(from("2037-01-01T00:00:00"), "2026-07-01T01:50:00");
        assert_eq!(from("2026-07-01T14:00:00"), "2026-07-01T12:50:00");
        assert_eq!(ask_from("soon", 70, now()), None);
    }
}
