//! Which entries a query is about.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::super::company_file::CompanyFile;
use super::super::entry::List;
use super::answer::Status;
use super::parse::Element;

/// The filter of a list query.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// `None` is `All`.
    active: Option<bool>,
    /// Inclusive, in the local time of the company file's computer.
    from: Option<NaiveDateTime>,
    to: Option<NaiveDateTime>,
    name: Option<NameTest>,
}

/// Names compare without case.
#[derive(Debug, Clone)]
enum NameTest {
    StartsWith(String),
    Contains(String),
    EndsWith(String),
    Range(Option<String>, Option<String>),
}

impl Filter {
    /// Reads the filter elements of a query.
    ///
    /// # Errors
    /// The status to answer: a date that is none, or a range whose end comes first.
    pub(super) fn read(query: &Element, offset: FixedOffset) -> Result<Self, Status> {
        let active = match query.text_of("ActiveStatus") {
            Some("All") => None,
            Some("InactiveOnly") => Some(false),
            _ => Some(true),
        };
        let (from, to) = range(query, "FromModifiedDate", "ToModifiedDate", offset)?;
        let lower = |element: &Element, name: &str| element.text_of(name).map(str::to_lowercase);
        let name = if let Some(filter) = query.child("NameFilter") {
            let part = lower(filter, "Name").unwrap_or_default();
            Some(match filter.text_of("MatchCriterion") {
                Some("Contains") => NameTest::Contains(part),
                Some("EndsWith") => NameTest::EndsWith(part),
                _ => NameTest::StartsWith(part),
            })
        } else {
            query.child("NameRangeFilter").map(|r| NameTest::Range(lower(r, "FromName"), lower(r, "ToName")))
        };
        Ok(Self { active, from, to, name })
    }

    /// The first entry at or after `from` that passes.
    pub(super) fn next(&self, file: &CompanyFile, list: List, from: u64) -> Option<u64> {
        (from..file.end(list)).find(|index| self.passes(file, list, *index))
    }

    /// How many entries pass, at or after `from`.
    pub(super) fn count(&self, file: &CompanyFile, list: List, from: u64) -> u64 {
        (from..file.end(list)).filter(|index| self.passes(file, list, *index)).count() as u64
    }

    fn passes(&self, file: &CompanyFile, list: List, index: u64) -> bool {
        let Some(glance) = file.glance(list, index) else { return false };
        if self.active.is_some_and(|active| active != glance.active) {
            return false;
        }
        if self.from.is_some() || self.to.is_some() {
            let modified = DateTime::from_timestamp(glance.modified, 0)
                .map(|t| t.with_timezone(&file.offset()).naive_local());
            let after = self.from.is_none_or(|from| modified.is_some_and(|modified| modified >= from));
            let before = self.to.is_none_or(|to| modified.is_some_and(|modified| modified <= to));
            if !after || !before {
                return false;
            }
        }
        let Some(test) = &self.name else { return true };
        let name = file.entry(list, index).map(|entry| entry.name.to_lowercase()).unwrap_or_default();
        match test {
            NameTest::StartsWith(part) => name.starts_with(part.as_str()),
            NameTest::Contains(part) => name.contains(part.as_str()),
            NameTest::EndsWith(part) => name.ends_with(part.as_str()),
            NameTest::Range(from, to) => {
                from.as_ref().is_none_or(|from| name >= *from) && to.as_ref().is_none_or(|to| name <= *to)
            }
        }
    }
}

/// A range of two date elements; an absent end is open.
pub(super) fn range(
    element: &Element,
    from: &str,
    to: &str,
    offset: FixedOffset,
) -> Result<(Option<NaiveDateTime>, Option<NaiveDateTime>), Status> {
    let read = |name: &str, last: bool| match element.text_of(name) {
        None | Some("") => Ok(None),
        Some(text) => moment(text, offset, last).map(Some).ok_or_else(|| {
            Status::error(
                3020,
                format!(
                    "There was an error when converting the date value \"{text}\" in the field \"{name}\"."
                ),
            )
        }),
    };
    let (from, to) = (read(from, false)?, read(to, true)?);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(Status::error(3030, "The starting date is later than the ending date."));
    }
    Ok((from, to))
}

/// The parts of a `DATETIMETYPE`: `YYYY-M-D[Th[:m[:s[±hh:mm]]]]` (schema). No fraction, no `Z`.
#[derive(Debug, Clone, Copy)]
pub(super) struct DateTimeParts {
    year: u32,
    month: u32,
    day: u32,
    time: Option<(u32, u32, u32)>,
    /// Minutes east of UTC.
    offset: Option<i32>,
}

pub(super) fn date_time_parts(text: &str) -> Option<DateTimeParts> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let mut result = DateTimeParts {
        year: digits(year, 4)?,
        month: digits(month, 2)?,
        day: digits(day, 2)?,
        time: None,
        offset: None,
    };
    let Some(time) = time else { return Some(result) };
    let (time, offset) = match time.find(['+', '-']) {
        Some(at) => (time.get(..at)?, Some(time.get(at..)?)),
        None => (time, None),
    };
    let mut parts = time.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = parts.next().map(|part| digits(part, 2));
    let second = parts.next().map(|part| digits(part, 2));
    if parts.next().is_some() || (offset.is_some() && second.is_none()) {
        return None;
    }
    let or_zero = |part: Option<Option<u32>>| part.map_or(Some(0), |value| value);
    result.time = Some((hour, or_zero(minute)?, or_zero(second)?));
    if let Some(offset) = offset {
        let east = offset.starts_with('+');
        let (hours, minutes) = offset.get(1..)?.split_once(':')?;
        let minutes = i32::try_from(digits(hours, 2)? * 60 + digits(minutes, 2)?).ok()?;
        result.offset = Some(if east { minutes } else { -minutes });
    }
    Some(result)
}

fn digits(text: &str, max: usize) -> Option<u32> {
    let fits = (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// Local time of the company file's computer. A bare date is its first second, or its `last` one. QuickBooks knows
/// 1970-01-01 to 2038-01-19T03:14:07 (Intuit's on-screen reference).
fn moment(text: &str, offset: FixedOffset, last: bool) -> Option<NaiveDateTime> {
    let parts = date_time_parts(text)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(parts.year).ok()?, parts.month, parts.day)?;
    let (hour, minute, second) = parts.time.unwrap_or(if last { (23, 59, 59) } else { (0, 0, 0) });
    let mut moment = date.and_time(NaiveTime::from_hms_opt(hour, minute, second)?);
    if let Some(minutes) = parts.offset {
        let ours = TimeDelta::seconds(i64::from(offset.local_minus_utc()));
        moment = moment - TimeDelta::minutes(i64::from(minutes)) + ours;
    }
    let earliest = NaiveDate::from_ymd_opt(1970, 1, 1)?.and_hms_opt(0, 0, 0)?;
    let latest = NaiveDate::from_ymd_opt(2038, 1, 19)?.and_hms_opt(3, 14, 7)?;
    (earliest..=latest).contains(&moment).then_some(moment)
}
