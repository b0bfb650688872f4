//! The settings of a connection: checked by the specification of its kind, kept as JSON.
//!
//! An error names a setting that there is. It repeats neither a value nor a name that there is not: either may be a
//! secret that was pasted into the wrong place.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json};

use crate::domain::{schedule::Window, similarity::nearest, words::Kind};

use super::{
    source::Schedule,
    spec::{Setting, Spec, UNBOUNDED, Value},
};

/// Why a connection's settings were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("this version of Rollcall has no connector for `{kind}`; it has: {known}")]
    NoConnector { kind: Kind, known: String },
    /// A name that the kind does not have; those that it has.
    #[error("there is no setting of that name; {0}")]
    Unknown(String),
    #[error("`{setting}` {why}")]
    Invalid { setting: &'static str, why: Cow<'static, str> },
    /// Another version of Rollcall wrote them, or a person did.
    #[error("the settings that are stored cannot be read by this version")]
    Unreadable,
}

/// The value of a setting is not taken. `why` goes on after its name and does not repeat the value.
pub fn wrong(setting: &'static str, why: impl Into<Cow<'static, str>>) -> SettingsError {
    SettingsError::Invalid { setting, why: why.into() }
}

/// Those of `before` (JSON, or none) with `changes` applied, as JSON. An empty text puts a setting back to its default.
pub(super) fn change(
    spec: &Spec,
    before: Option<&str>,
    changes: &BTreeMap<String, String>,
) -> Result<String, SettingsError> {
    let mut values = values(spec, before.unwrap_or("{}"))?;
    for (name, text) in changes {
        let setting = spec.setting(name).ok_or_else(|| unknown(spec, name))?;
        let value = if text.is_empty() { setting.value.default() } else { read(setting, text)? };
        values.insert(setting.name.to_owned(), value);
    }
    for setting in spec.settings.iter().filter(|setting| setting.value == Value::Required) {
        if values.get(setting.name).and_then(Json::as_str).is_none_or(|text| text.trim().is_empty()) {
            let colon = if setting.shown.is_empty() { setting.meaning } else { setting.shown };
            return Err(wrong(setting.name, format!("is missing: {colon}")));
        }
    }
    Ok(Json::Object(values).to_string())
}

/// The settings of a kind as its own type, the defaults where nothing is stored.
///
/// # Errors
/// [`SettingsError::Unreadable`].
pub fn load<S: DeserializeOwned>(spec: &Spec, stored: &str) -> Result<S, SettingsError> {
    serde_json::from_value(Json::Object(values(spec, stored)?)).map_err(|_| SettingsError::Unreadable)
}

/// All settings of a kind: the defaults, and over them what is stored.
fn values(spec: &Spec, stored: &str) -> Result<Map<String, Json>, SettingsError> {
    let stored: Map<String, Json> = serde_json::from_str(stored).map_err(|_| SettingsError::Unreadable)?;
    let all = spec.settings.iter().map(|setting| {
        let value = stored.get(setting.name).cloned().unwrap_or_else(|| setting.value.default());
        (setting.name.to_owned(), value)
    });
    Ok(all.collect())
}

/// A setting's value as it is stored.
fn read(setting: &'static Setting, text: &str) -> Result<Json, SettingsError> {
    let wrong = |why: String| Err(wrong(setting.name, why));
    match setting.value {
        Value::Text { .. } | Value::Required => Ok(text.into()),
        Value::Switch { .. } => match text.trim() {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => wrong("must be true or false".into()),
        },
        Value::Number { least, most, .. } => match text.trim().parse::<u32>() {
            Ok(number) if (least..=most).contains(&number) => Ok(number.into()),
            _ if most == UNBOUNDED => wrong(format!("must be a whole number: {}", setting.meaning)),
            _ => wrong(format!("must be a whole number from {least} to {most}: {}", setting.meaning)),
        },
        Value::Word { known, .. } if known.contains(&text) => Ok(text.into()),
        Value::Word { known, .. } => wrong(format!("must be one of: {}", known.join(", "))),
        Value::Window => match Window::try_from(text.to_owned()) {
            Ok(_) => Ok(text.into()),
            Err(error) => wrong(error.to_string()),
        },
    }
}

fn unknown(spec: &Spec, name: &str) -> SettingsError {
    let names = || spec.settings.iter().map(|setting| setting.name);
    let known = match spec.settings {
        [] => "this kind has none".to_owned(),
        _ => format!("known: {}", names().collect::<Vec<_>>().join(", ")),
    };
    SettingsError::Unknown(match nearest(name, names()) {
        Some(meant) => format!("did you mean `{meant}`? {known}"),
        None => known,
    })
}

/// The settings that every kind has that is polled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollSettings {
    /// Whether the source may have a private address, and plain HTTP: for tests and servers on the premises.
    pub allow_private_address: bool,
    pub poll_every_minutes: u32,
    /// How often the whole list is read, in hours; 0 for every time.
    pub full_every_hours: u32,
    /// How far a delta reaches back before the last one, in minutes: for changes that were being written then.
    pub delta_overlap_minutes: u32,
    /// Hours in which it may be polled, like `22:00-06:00 America/New_York`; empty for always.
    pub window: String,
    /// Rows a page.
    pub page_size: u32,
    /// At most so many in any minute.
    pub requests_per_minute: u32,
}

impl PollSettings {
    pub fn schedule(&self) -> Schedule {
        Schedule {
            every: Duration::from_secs(u64::from(self.poll_every_minutes) * 60),
            full_every: Duration::from_secs(u64::from(self.full_every_hours) * 3600),
            window: Window::try_from(self.window.clone()).ok(),
        }
    }

    pub fn overlap(&self) -> chrono::Duration {
        chrono::Duration::minutes(i64::from(self.delta_overlap_minutes))
    }
}

const fn number(least: u32, most: u32, default: u32) -> Value {
    Value::Number { least, most, default }
}

const ALLOW_PRIVATE_ADDRESS: Setting = Setting::new(
    "allow_private_address",
    "Private addresses",
    Value::Switch { default: false },
    "true lets this connection reach loopback and private addresses",
);

pub const WINDOW: Setting = Setting::new(
    "window",
    "Hours",
    Value::Window,
    "hours in which it may run: 22:00-06:00 America/New_York; empty for always",
);

/// How often the whole list is read: more than a day would leave those who are gone among those who are there.
pub const FULL_EVERY_HOURS: Setting = Setting::new(
    "full_every_hours",
    "Whole list every (hours)",
    number(0, 24, 24),
    "how often the whole list is read, in hours; 0 for every time",
);

pub const fn delta_overlap_minutes(least: u32, most: u32, default: u32) -> Setting {
    let meaning = "how far a delta reaches back, in minutes";
    Setting::new("delta_overlap_minutes", "Overlap (minutes)", number(least, most, default), meaning)
}

/// In what the kinds that are polled differ of the settings that they share.
#[derive(Debug, Clone, Copy)]
pub struct Polling {
    pub every_minutes: u32,
    /// The least overlap, in minutes.
    pub least_overlap: u32,
    /// Rows a page at most, and what they are.
    pub page: (u32, &'static str),
    /// Requests a minute where nothing is set, and why.
    pub requests: (u32, &'static str),
}

/// How many of its settings a kind shares with all that are polled: those of [`PollSettings`].
const SHARED: usize = 7;

/// The settings of a kind that is polled: its own, and those that all such kinds share. `ALL` is the sum of both.
#[expect(clippy::indexing_slicing, reason = "at compile time: an index out of bounds does not compile")]
pub const fn with_polling<const OWN: usize, const ALL: usize>(
    own: [Setting; OWN],
    of: Polling,
) -> [Setting; ALL] {
    assert!(ALL == OWN + SHARED);
    let shared: [Setting; SHARED] = [
        ALLOW_PRIVATE_ADDRESS,
        Setting::new(
            "poll_every_minutes",
            "Poll every (minutes)",
            number(1, 10_080, of.every_minutes),
            "how often it asks for what changed, in minutes",
        ),
        FULL_EVERY_HOURS,
        delta_overlap_minutes(of.least_overlap, 1440, 10),
        WINDOW,
        Setting::new("page_size", "Page size", number(1, of.page.0, 500), of.page.1),
        Setting::new(
            "requests_per_minute",
            "Requests a minute",
            number(1, 1000, of.requests.0),
            of.requests.1,
        ),
    ];
    let mut all = [WINDOW; ALL];
    let mut at = 0;
    while at < ALL {
        all[at] = if at < OWN { own[at] } else { shared[at - OWN] };
        at += 1;
    }
    all
}
