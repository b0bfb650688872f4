//! IDs: a prefix for the kind of object, and a UUIDv7, so that new rows sort last. Each kind has a type of its own, so that
//! nobody takes the ID of a connection for that of its company.

use std::{borrow::Borrow, fmt, ops::Deref};

use chrono::{DateTime, Utc};

use super::words::List;

/// `prefix_` and 32 hex digits: a UUIDv7 (RFC 9562 section 5.7) of `now` and `random`.
pub fn new_id(prefix: &str, now: DateTime<Utc>, random: [u8; 16]) -> String {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    let [a, b, c, d, e, f, g, h, i, j, ..] = random;
    let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j]).into_uuid();
    format!("{prefix}_{}", uuid.simple())
}

/// A text that names one kind of object. Nothing is checked: one that names no object is not found.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<&$name> for String {
            fn from(id: &$name) -> Self {
                id.0.clone()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<String> for $name {
            fn eq(&self, other: &String) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<$name> for String {
            fn eq(&self, other: &$name) -> bool {
                *self == other.0
            }
        }

        impl PartialEq<$name> for str {
            fn eq(&self, other: &$name) -> bool {
                self == other.0
            }
        }

        impl PartialEq<$name> for &str {
            fn eq(&self, other: &$name) -> bool {
                *self == other.0
            }
        }
    )+};
}

ids! {
    /// The ID of a company: `com_…`.
    CompanyId,
    /// The ID of a connection: `con_…`.
    ConnectionId,
    /// The ID of a record: `emp_…` or `cus_…`, by its list.
    RecordId,
    /// The ID of an app: `app_…`.
    AppId,
    /// The ID of a token of an app: `tok_…`.
    TokenId,
    /// The ID of a run: `run_…`.
    RunId,
    /// The ID that the gateway gives a message of a webhook: `msg_…`; not the sender's own.
    MessageId,
    /// The ID of a link: `lnk_…`.
    LinkId,
    /// The gateway's own ID of a profile: `prf_…`; not the app's ID of it.
    ProfileKey,
    /// The ID of an account: `acc_…`.
    AccountId,
    /// The ID of an account's session.
    SessionId,
    /// The ID of a Quicklink: `qul_…`.
    QuicklinkId,
}

/// New IDs are made where a new object gets its row.
macro_rules! prefixed {
    ($($name:ident = $prefix:literal),+ $(,)?) => {$(
        impl $name {
            pub fn new(now: DateTime<Utc>, random: [u8; 16]) -> Self {
                Self(new_id($prefix, now, random))
            }
        }
    )+};
}

prefixed! {
    CompanyId = "com",
    ConnectionId = "con",
    AppId = "app",
    TokenId = "tok",
    RunId = "run",
    MessageId = "msg",
    LinkId = "lnk",
    ProfileKey = "prf",
}

impl RecordId {
    /// The prefix tells the list.
    pub fn new(list: List, now: DateTime<Utc>, random: [u8; 16]) -> Self {
        Self(new_id(list.prefix(), now, random))
    }
}

/// The kind of object that a prefix stands for, in words for people.
const NAMED: [(&str, &str); 13] = [
    ("com_", "company"),
    ("con_", "connection"),
    ("app_", "app"),
    ("tok_", "token"),
    ("acc_", "account"),
    ("ses_", "session"),
    ("qul_", "Quicklink"),
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
