//! IDs: a prefix for the kind of object, and a UUIDv7, so that new rows sort last.

use chrono::{DateTime, Utc};

/// `prefix_` and 32 hex digits: a UUIDv7 (RFC 9562 section 5.7) of `now` and `random`.
pub fn new_id(prefix: &str, now: DateTime<Utc>, random: [u8; 16]) -> String {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    let [a, b, c, d, e, f, g, h, i, j, ..] = random;
    let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j]).into_uuid();
    format!("{prefix}_{}", uuid.simple())
}

/// The kind of object that a prefix stands for, in words for people.
const NAMED: [(&str, &str); 12] = [
    ("com_", "company"),
    ("con_", "connection"),
    ("app_", "app"),
    ("tok_", "token"),
    ("acc_", "account"),
    ("ses_", "session"),
    ("run_", "run"),
    ("msg_", "message"),
    ("emp_", "employee"),
    ("cus_", "customer"),
    ("prf_", "profile"),
    ("lnk_", "link"),
];

/// The kind of object that an ID names, by its prefix.
pub fn named_by(id: &str) -> Option<&'static str> {
    NAMED.iter().find(|(prefix, _)| id.starts_with(prefix)).map(|(_, what)| *what)
}

/// A GUID in the form that QuickBooks wants: `{8-4-4-4-12}` hex digits in braces (qbXML type `GUIDTYPE`).
pub fn new_guid(random: [u8; 16]) -> String {
    let uuid = uuid::Builder::from_random_bytes(random).into_uuid();
    format!("{{{}}}", uuid.hyphenated()).to_uppercase()
}

/// Whether a text is a GUID, with or without braces.
pub fn is_guid(text: &str) -> bool {
    uuid::Uuid::parse_str(text).is_ok()
}
