//! How fast each credential is used, over all gateways.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{
    Result, WriteDb,
    db::per_backend,
    dsl::*,
    schema::rate_limits,
    values::{at, utc},
};

/// For how long a right to send a request is good.
pub const FRESH: Duration = Duration::from_secs(1);

/// How fast requests may follow each other: the generic cell rate algorithm (ITU-T I.371). At most
/// `61 s / every + 1 + burst / every` rights are given in any 61 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The time between two requests in the long run.
    pub every: TimeDelta,
    /// How far ahead of an even pace requests may come.
    pub burst: TimeDelta,
}

impl Pace {
    /// At most `requests` in any 60 seconds, though a right may be used up to [`FRESH`] after it was taken; a quarter of
    /// them at once: what is small is read at once, and what is large at three quarters of the pace.
    pub fn per_minute(requests: u32) -> Self {
        Self::within(requests, 60)
    }

    /// The same for 3,600 seconds.
    pub fn per_hour(requests: u32) -> Self {
        Self::within(requests, 3600)
    }

    fn within(requests: u32, seconds: i64) -> Self {
        let requests = i64::from(requests.max(1));
        let at_once = (requests / 4).max(1);
        // Rounded up to the microseconds that are stored: never a request too many.
        let every = (seconds * 1_000_000 + FRESH.as_micros() as i64) / (requests - at_once).max(1) + 1;
        Self { every: TimeDelta::microseconds(every), burst: TimeDelta::microseconds(every * (at_once - 1)) }
    }

    /// That of a bucket that holds `at_once` requests and is filled with `a_second`. What is taken within [`FRESH`] may be
    /// used together, so as many are left in it.
    pub fn bucket(a_second: u32, at_once: u32) -> Self {
        let a_second = i64::from(a_second.max(1));
        let every = 1_000_000 / a_second + 1;
        let fresh = a_second * FRESH.as_secs() as i64;
        let at_once = (i64::from(at_once) - fresh).max(1);
        Self { every: TimeDelta::microseconds(every), burst: TimeDelta::microseconds(every * (at_once - 1)) }
    }
}

/// Takes the row's lock until the transaction ends: two gateways that read it at once would both go.
fn lock(db: &mut WriteDb, id: &str, now: DateTime<Utc>) -> Result<(DateTime<Utc>, Option<DateTime<Utc>>)> {
    per_backend!(db, |connection| diesel::insert_into(rate_limits::table)
        .values((rate_limits::id.eq(id), rate_limits::arrival_at.eq(at(now))))
        .on_conflict(rate_limits::id)
        .do_update()
        .set(rate_limits::arrival_at.eq(rate_limits::arrival_at))
        .execute(connection))?;
    let columns = (rate_limits::arrival_at, rate_limits::closed_until);
    let (arrival, closed): (NaiveDateTime, Option<NaiveDateTime>) =
        rate_limits::table.find(id).select(columns).first(db)?;
    Ok((utc(arrival), closed.map(utc)))
}

/// What came of asking for rights to send a request each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// So many, at least one, to be used within [`FRESH`].
    Rights(u32),
    /// None before then.
    NotBefore(DateTime<Utc>),
}

/// Takes the rights to send up to `most` requests now.
pub fn take(db: &mut WriteDb, id: &str, pace: Pace, most: u32, now: DateTime<Utc>) -> Result<Taken> {
    let (arrival, closed) = lock(db, id, now)?;
    if let Some(closed) = closed.filter(|closed| *closed > now) {
        return Ok(Taken::NotBefore(closed));
    }
    // No further ahead than an honest pace gets: a clock that was once wrong does not close the gate for days.
    let stored = arrival;
    let arrival = arrival.clamp(now, now + pace.burst + pace.every);
    let earliest = arrival - pace.burst;
    if earliest > now {
        if arrival < stored {
            // Kept, or it would be as far ahead the next time.
            let set = rate_limits::arrival_at.eq(at(arrival));
            diesel::update(rate_limits::table.find(id)).set(set).execute(db)?;
        }
        return Ok(Taken::NotBefore(earliest));
    }
    let mut rights = 1;
    let mut arrival = arrival + pace.every;
    while rights < most && arrival - pace.burst <= now {
        rights += 1;
        arrival += pace.every;
    }
    let set = rate_limits::arrival_at.eq(at(arrival));
    diesel::update(rate_limits::table.find(id)).set(set).execute(db)?;
    Ok(Taken::Rights(rights))
}

/// Lets nobody through before `until`: the source said so.
pub fn close(db: &mut WriteDb, id: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    let (_, closed) = lock(db, id, now)?;
    if closed.is_none_or(|closed| closed < until) {
        let set = rate_limits::closed_until.eq(at(until));
        diesel::update(rate_limits::table.find(id)).set(set).execute(db)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pace alone, without a database: when each of `count` requests that all want to go at once may go.
    fn times(pace: Pace, count: usize) -> Vec<i64> {
        let (mut arrival, mut now) = (0, 0);
        let micros = |time: TimeDelta| time.num_microseconds().unwrap();
        (0..count)
            .map(|_| {
                now = now.max(arrival - micros(pace.burst));
                arrival = arrival.max(now) + micros(pace.every);
                now
            })
            .collect()
    }

    #[test]
    fn a_bucket_never_runs_over_and_is_used_up() {
        for (a_second, at_once) in [(3, 20), (1, 1), (10, 5), (2, 100)] {
            let times = times(Pace::bucket(a_second, at_once), 300);
            // A right may be used a second after it was taken: all that were taken before then at one moment.
            for (index, start) in times.iter().enumerate() {
                for (more, end) in times[index..].iter().enumerate() {
                    let filled = (end - start - 1_000_000).max(0) * i64::from(a_second) / 1_000_000;
                    let least = i64::from(at_once.max(a_second + 1));
                    assert!((more as i64) < least + filled + 1, "{more} of {a_second}, {at_once}");
                }
            }
            let whole = (300 - i64::from(at_once)).max(0) * 1_000_000 / i64::from(a_second);
            assert!(times[299] <= whole + 2_000_000 * i64::from(at_once), "too slow");
        }
    }

    #[test]
    fn no_minute_holds_more_requests_than_are_allowed() {
        for allowed in [1, 2, 3, 9, 10, 11, 59, 60, 61, 240, 600, 1000] {
            let times = times(Pace::per_minute(allowed), allowed as usize * 12);
            for (index, start) in times.iter().enumerate() {
                let within = times[index..].iter().take_while(|time| **time < start + 61_000_000).count();
                assert!(within <= allowed as usize, "{within} of {allowed}");
            }
            let per_minute = times.iter().filter(|time| **time < 600_000_000).count() / 10;
            assert!(per_minute + 1 >= (allowed as usize) * 3 / 4, "{per_minute} of {allowed}: too slow");
        }
    }
}
