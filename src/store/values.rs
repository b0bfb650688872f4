//! How values cross between the tables and the domain.

use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

use super::{Error, Result};

/// A time as the tables hold it: UTC without an offset, cut to microseconds.
pub(super) fn at(time: DateTime<Utc>) -> NaiveDateTime {
    time.naive_utc().trunc_subsecs(6)
}

pub(super) fn utc(time: NaiveDateTime) -> DateTime<Utc> {
    time.and_utc()
}

/// A word of a closed vocabulary, as read from a table.
pub(super) fn word<T: FromStr>(what: &'static str, text: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| Error::Corrupt { what, why: error.to_string() })
}

/// A count as the tables hold it.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn uncount(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The text of a `LIKE` pattern that matches `text` anywhere; `\` escapes.
pub(super) fn contains(text: &str) -> String {
    format!("%{}%", escaped(text))
}

/// Text that stands for itself within a `LIKE` pattern; `\` escapes.
pub(super) fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// How many rows a page holds: 1 to 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u16);

impl PageLimit {
    pub const DEFAULT: Self = Self(100);
    pub const MAX: u16 = 500;
    /// For the program's own passes over a whole list.
    pub const SCAN: Self = Self(5000);

    /// `None` where `rows` is 0 or more than [`PageLimit::MAX`].
    pub fn new(rows: u16) -> Option<Self> {
        (1..=Self::MAX).contains(&rows).then_some(Self(rows))
    }

    pub fn rows(self) -> usize {
        usize::from(self.0)
    }

    /// One more than fits: it tells whether there is a next page.
    pub(super) fn and_one(self) -> i64 {
        i64::from(self.0) + 1
    }
}

/// Some rows, and whether more follow.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub more: bool,
}

impl<T> Page<T> {
    /// From rows read with [`PageLimit::and_one`].
    pub(super) fn cut(mut rows: Vec<T>, limit: PageLimit) -> Self {
        let more = rows.len() > limit.rows();
        rows.truncate(limit.rows());
        Self { rows, more }
    }
}
