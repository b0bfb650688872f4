//! Webhooks: who sent a message, and what it means. One function for all kinds; each kind has its own way to tell.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use http::HeaderMap;

use crate::domain::{event::Message, secret::Secret, words::Kind};

use super::{SettingsError, outbound::Outbound};

/// A message as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    pub headers: &'a HeaderMap,
    /// The bytes as they came: signatures are over these.
    pub body: &'a [u8],
    pub now: DateTime<Utc>,
}

/// Why a message is not taken. A sender learns no more than the HTTP status of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the connection's kind takes no webhooks")]
    NoWebhooks,
    #[error("the signature or the secret is missing or wrong")]
    Signature,
    #[error("the message is too old or from the future")]
    Stale,
    /// The sender is known, and told what it did wrong: nothing is lost, for it has the message still.
    #[error("{0}")]
    Unreadable(String),
    /// The key that tells who sent it could not be fetched: the sender is to try again.
    #[error("the sender's key could not be fetched: {0}")]
    KeyUnavailable(String),
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Checks who sent a message and reads it.
///
/// # Errors
/// See [`Refused`]. A message whose sender is known but whose meaning is not comes back as a [`Message`] without event,
/// where the sender is a vendor that could not correct it.
pub async fn receive(
    kind: Kind,
    settings: &str,
    secrets: &BTreeMap<String, Secret>,
    outbound: &Outbound,
    delivery: Delivery<'_>,
) -> Result<Message, Refused> {
    match kind {
        Kind::Paycom => super::paycom::receive(&of_kind(settings)?, secrets, delivery),
        Kind::Connectwise => super::connectwise::hook::receive(&of_kind(settings)?, outbound, delivery).await,
        Kind::Push => super::push::receive(secrets, delivery),
        _ => Err(Refused::NoWebhooks),
    }
}

/// Whether a message can be one of this connection, by its headers alone: if not, its body need not be read.
///
/// # Errors
/// See [`Refused`].
pub fn can_be(
    kind: Kind,
    settings: &str,
    secrets: &BTreeMap<String, Secret>,
    headers: &HeaderMap,
) -> Result<(), Refused> {
    match kind {
        Kind::Paycom => super::paycom::has_secret(&of_kind(settings)?, secrets, headers),
        Kind::Connectwise => super::connectwise::hook::signature(headers).map(drop),
        Kind::Push => super::push::may_be_signed(headers),
        _ => Err(Refused::NoWebhooks),
    }
}

/// The meaning of a message whose sender was verified when it came; `None` where its kind keeps no such messages.
pub fn read(kind: Kind, settings: &str, body: &[u8]) -> Option<Message> {
    match kind {
        Kind::Paycom => Some(super::paycom::message(&of_kind(settings).ok()?, body)),
        Kind::Connectwise => Some(super::connectwise::hook::message(&of_kind(settings).ok()?, body)),
        _ => None,
    }
}

/// How far a sender's clock may be off (Standard Webhooks: five minutes).
pub const TOLERANCE: Duration = Duration::from_secs(300);

fn of_kind<S: serde::de::DeserializeOwned>(settings: &str) -> Result<S, SettingsError> {
    serde_json::from_str(settings).map_err(|error| SettingsError::Invalid(error.to_string()))
}
