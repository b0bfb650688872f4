//! The range of times that are accepted.

use chrono::Datelike;

/// Whether a time or date is in the years 1 to 9999: only those are written by RFC 3339 and kept alike by both
/// databases.
pub fn is_usable(time: &impl Datelike) -> bool {
    (1..=9999).contains(&time.year())
}
