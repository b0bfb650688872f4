//! Which times are taken.

use chrono::Datelike;

/// Whether a time or a date is one of the years 1 to 9999: the only ones that RFC 3339 writes and both databases keep alike.
pub fn is_usable(time: &impl Datelike) -> bool {
    (1..=9999).contains(&time.year())
}
