//! What each source's words mean: one folder a source, and this registry. No connector knows another.

pub mod connectwise;
pub mod hook;
pub mod outbound;
pub mod paycom;
pub mod push;
pub mod quickbooks_desktop;
pub mod source;

use std::{collections::BTreeMap, sync::Arc};

use crate::domain::{
    secret::Secret,
    words::{Kind, List},
};

use outbound::{Gate, Outbound};
use source::{Ask, Failure, Fetched, Rate, Schedule, Step, Subscribed};

/// Why a connection's settings were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error(
        "this version of Rollcall has no connector for `{0}`; it has: quickbooks_desktop, paycom, connectwise, push"
    )]
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
            return Err(SettingsError::Invalid(format!("there is no setting `{name}`; known: {known}")));
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

/// Whether connections of a kind are polled.
pub fn is_polled(kind: Kind) -> bool {
    matches!(kind, Kind::Paycom | Kind::Connectwise)
}

/// The settings of a connection that is polled, read.
#[derive(Debug, Clone)]
pub enum Polled {
    Paycom(paycom::Settings),
    Connectwise(connectwise::Settings),
}

impl Polled {
    /// # Errors
    /// A kind that is not polled; settings that this version does not understand.
    pub fn read(kind: Kind, settings: &str) -> Result<Self, SettingsError> {
        let invalid = |error: serde_json::Error| SettingsError::Invalid(error.to_string());
        match kind {
            Kind::Paycom => serde_json::from_str(settings).map(Self::Paycom).map_err(invalid),
            Kind::Connectwise => serde_json::from_str(settings).map(Self::Connectwise).map_err(invalid),
            other => Err(SettingsError::NoConnector(other)),
        }
    }

    /// The lists that the source has, in the order in which they are read.
    pub fn lists(&self) -> &'static [List] {
        match self {
            Self::Paycom(settings) => settings.lists(),
            Self::Connectwise(settings) => settings.lists(),
        }
    }

    pub fn schedule(&self) -> Schedule {
        match self {
            Self::Paycom(settings) => settings.schedule(),
            Self::Connectwise(settings) => settings.schedule(),
        }
    }

    /// Whether the source may be in a private network.
    pub fn allows_private(&self) -> bool {
        match self {
            Self::Paycom(settings) => settings.allow_private_address,
            Self::Connectwise(settings) => settings.allow_private_address,
        }
    }

    pub fn rate(&self, secrets: &BTreeMap<String, Secret>) -> Rate {
        match self {
            Self::Paycom(settings) => settings.rate(secrets),
            Self::Connectwise(settings) => settings.rate(secrets),
        }
    }
}

/// A source that is polled, ready to be read.
pub enum Source {
    Paycom(paycom::Source),
    Connectwise(connectwise::Source),
}

impl Source {
    /// `memory` is what the source wanted remembered.
    ///
    /// # Errors
    /// Settings or secrets with which no request can be made.
    pub fn open(
        settings: Polled,
        secrets: &BTreeMap<String, Secret>,
        memory: Option<&str>,
        outbound: &Outbound,
        gate: Arc<dyn Gate>,
    ) -> Result<Self, Failure> {
        Ok(match settings {
            Polled::Paycom(settings) => {
                Self::Paycom(paycom::Source::new(settings, secrets, memory, outbound, gate)?)
            }
            Polled::Connectwise(settings) => {
                Self::Connectwise(connectwise::Source::new(settings, secrets, memory, outbound, gate)?)
            }
        })
    }

    /// Begins to read a list.
    pub fn read(&self, ask: Ask) -> Reading<'_> {
        match self {
            Self::Paycom(source) => Reading::Paycom(source.read(ask)),
            Self::Connectwise(source) => Reading::Connectwise(source.read(ask)),
        }
    }

    /// Fetches one record.
    pub async fn fetch(&self, list: List, external_id: &str) -> Result<Fetched, Failure> {
        match self {
            Self::Paycom(source) => source.fetch(list, external_id).await,
            Self::Connectwise(source) => source.fetch(list, external_id).await,
        }
    }

    /// Tests the connection with as few requests as tell its causes apart; what it found, for people.
    pub async fn probe(&self) -> Result<String, Failure> {
        match self {
            Self::Paycom(source) => source.probe().await,
            Self::Connectwise(source) => source.probe().await,
        }
    }

    /// Sees to it that the source tells `url` of its changes; `None` where that cannot be asked of it by a program.
    pub async fn ensure_callbacks(&self, url: &str) -> Option<Result<Subscribed, Failure>> {
        match self {
            Self::Paycom(_) => None,
            Self::Connectwise(source) => Some(source.ensure_callbacks(url).await),
        }
    }

    /// Undoes [`Self::ensure_callbacks`]; how many were taken back.
    pub async fn remove_callbacks(&self, url: &str) -> Option<Result<usize, Failure>> {
        match self {
            Self::Paycom(_) => None,
            Self::Connectwise(source) => Some(source.remove_callbacks(url).await),
        }
    }

    /// What is to be remembered until the next poll.
    pub fn memory(&self) -> Option<String> {
        match self {
            Self::Paycom(source) => source.memory(),
            Self::Connectwise(source) => source.memory(),
        }
    }
}

/// A list that is being read.
pub enum Reading<'a> {
    Paycom(paycom::Reading<'a>),
    Connectwise(connectwise::Reading<'a>),
}

impl Reading<'_> {
    /// # Errors
    /// What keeps the list from being read; what was staged stays.
    pub async fn next(&mut self) -> Result<Step, Failure> {
        match self {
            Self::Paycom(reading) => reading.next().await,
            Self::Connectwise(reading) => reading.next().await,
        }
    }
}
