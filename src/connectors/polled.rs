//! The kinds that are polled, behind one face.

use std::{collections::BTreeMap, sync::Arc};

use crate::domain::{
    secret::Secret,
    words::{Kind, List},
};

use super::{
    SettingsError, connectwise,
    outbound::{Gate, Outbound},
    paycom,
    source::{Ask, Failure, Fetched, Rate, Schedule, Step, Subscribed},
};

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

    /// The host and port of the source.
    pub fn place(&self) -> String {
        match self {
            Self::Paycom(settings) => settings.place(),
            Self::Connectwise(settings) => settings.place(),
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
    pub async fn probe(self) -> Result<String, Failure> {
        match self {
            Self::Paycom(source) => source.probe().await,
            Self::Connectwise(source) => source.hurried().probe().await,
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
