//! What each source's words mean: one folder a source, and this registry. No connector knows another.

pub mod connectwise;
pub mod hook;
pub mod outbound;
pub mod paycom;
mod polled;
pub mod push;
pub mod quickbooks_desktop;
pub mod source;

pub use polled::{Polled, Reading, Source, is_polled};

use std::collections::BTreeMap;

use crate::domain::words::Kind;

/// The kinds that this version can make connections of.
pub const KINDS: &[Kind] = &[Kind::QuickbooksDesktop, Kind::Paycom, Kind::Connectwise, Kind::Push];

/// Their words.
pub const KIND_WORDS: &[&str] = &["quickbooks_desktop", "paycom", "connectwise", "push"];

fn known() -> String {
    KIND_WORDS.join(", ")
}

/// A kind that this version can make connections of, by its word.
///
/// # Errors
/// Those that there are, for people.
pub fn kind(word: &str) -> Result<Kind, String> {
    let found = KINDS.iter().copied().find(|kind| kind.as_str() == word);
    found.ok_or_else(|| {
        format!("`{word}` is no kind of connection that this version has; it has: {}", known())
    })
}

/// Why a connection's settings were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("this version of Rollcall has no connector for `{0}`; it has: {known}", known = known())]
    NoConnector(Kind),
    #[error("{0}")]
    Invalid(String),
}

/// The settings of a connection of `kind` as JSON: those of `before` (JSON, or none) with `changes` applied. An empty
/// text puts a setting back to its default.
///
/// # Errors
/// A kind without a connector; a setting that the kind does not have, or a value that it does not take.
pub fn settings(
    kind: Kind,
    before: Option<&str>,
    changes: &BTreeMap<String, String>,
) -> Result<String, SettingsError> {
    match kind {
        Kind::QuickbooksDesktop => changed::<quickbooks_desktop::Settings>(before, changes),
        Kind::Paycom => changed::<paycom::Settings>(before, changes),
        Kind::Connectwise => changed::<connectwise::Settings>(before, changes),
        Kind::Push => changed::<push::Settings>(before, changes),
        other => Err(SettingsError::NoConnector(other)),
    }
}

/// Applies changes by way of JSON, so that a kind's settings are one plain struct.
fn changed<S>(before: Option<&str>, changes: &BTreeMap<String, String>) -> Result<String, SettingsError>
where
    S: Default + serde::Serialize + serde::de::DeserializeOwned + Check,
{
    use serde_json::Value;
    let invalid = |error: serde_json::Error| SettingsError::Invalid(error.to_string());
    let before: S = before.map_or_else(|| Ok(S::default()), serde_json::from_str).map_err(invalid)?;
    let default = serde_json::to_value(S::default()).map_err(invalid)?;
    let mut value = serde_json::to_value(before).map_err(invalid)?;
    for (name, text) in changes {
        let Some(was) = default.get(name) else {
            let known: Vec<&String> =
                default.as_object().into_iter().flat_map(serde_json::Map::keys).collect();
            let known = known.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
            let known =
                if known.is_empty() { "this kind has none".to_owned() } else { format!("known: {known}") };
            return Err(SettingsError::Invalid(format!("there is no setting `{name}`; {known}")));
        };
        let new = match was {
            _ if text.is_empty() => was.clone(),
            Value::Number(_) | Value::Bool(_) => serde_json::from_str(text).map_err(|_| {
                SettingsError::Invalid(format!("`{name}` must be like `{was}`, not `{text}`"))
            })?,
            _ => Value::String(text.clone()),
        };
        if let Some(slot) = value.get_mut(name) {
            *slot = new;
        }
    }
    let settings: S = serde_json::from_value(value).map_err(invalid)?;
    settings.check().map_err(SettingsError::Invalid)?;
    serde_json::to_string(&settings).map_err(invalid)
}

/// What a kind's settings must keep, beyond their types.
trait Check {
    fn check(&self) -> Result<(), String>;
}

/// A secret of a connection: what a source wants to know of us, or signs its webhooks with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretSpec {
    pub name: &'static str,
    /// Made by us where none is given, with this before it, and shown once; without it, it must be given.
    pub generated: Option<&'static str>,
    /// What it is, for people.
    pub meaning: &'static str,
}

const fn given(name: &'static str, meaning: &'static str) -> SecretSpec {
    SecretSpec { name, generated: None, meaning }
}

/// The secrets that a kind takes.
pub fn secrets(kind: Kind) -> &'static [SecretSpec] {
    match kind {
        Kind::Paycom => {
            const {
                &[
                    given("sid", "the SID of the API user"),
                    given("token", "the API token of that SID"),
                    SecretSpec {
                        name: "webhook_secret",
                        generated: Some("rcw_"),
                        meaning: "the value of the custom header of Paycom's webhooks",
                    },
                ]
            }
        }
        Kind::Connectwise => {
            const { &[given("public_key", "the API member's public key"), given("private_key", "its private key")] }
        }
        Kind::Push => &[SecretSpec {
            name: "webhook_secret",
            generated: Some("whsec_"),
            meaning: "the key that the sender signs its messages with",
        }],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_are_offered_are_those_of_the_kinds() {
        assert!(KINDS.iter().map(|kind| kind.as_str()).eq(KIND_WORDS.iter().copied()));
    }
}
