//! Webhooks: who sent a message, and what it means. Each kind has its own way to tell.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
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

/// A kind's webhooks. `settings` are those of the connection, as JSON.
pub trait Hook: Sync {
    /// Checks who sent a message and reads it.
    ///
    /// # Errors
    /// See [`Refused`]. A message whose sender is known but whose meaning is not comes back as a [`Message`] without
    /// event, where the sender is a vendor that could not correct it.
    fn receive<'a>(
        &'a self,
        settings: &'a str,
        secrets: &'a BTreeMap<String, Secret>,
        outbound: &'a Outbound,
        delivery: Delivery<'a>,
    ) -> BoxFuture<'a, Result<Message, Refused>>;

    /// Whether a message can be one of this connection, by its headers alone: if not, its body need not be read.
    ///
    /// # Errors
    /// See [`Refused`].
    fn can_be(
        &self,
        settings: &str,
        secrets: &BTreeMap<String, Secret>,
        headers: &HeaderMap,
    ) -> Result<(), Refused>;

    /// Whose a message may be that came to the address of all tenants, as connections are told apart by their tenants
    /// ([`Connector::tenant`](super::connector::Connector::tenant)): one body may tell of several. Nothing is verified yet:
    /// each of their connections receives the message by itself.
    fn tenants(&self, _body: &[u8]) -> Vec<String> {
        Vec::new()
    }

    /// The meaning of a message whose sender was verified when it came; `None` where the kind keeps no such messages.
    fn read(&self, _settings: &str, _body: &[u8]) -> Option<Message> {
        None
    }
}

/// The webhooks of a kind.
///
/// # Errors
/// [`Refused::NoWebhooks`].
pub fn of(kind: Kind) -> Result<&'static dyn Hook, Refused> {
    super::of(kind)?.hook().ok_or(Refused::NoWebhooks)
}

/// See [`Hook::read`].
pub fn read(kind: Kind, settings: &str, body: &[u8]) -> Option<Message> {
    of(kind).ok()?.read(settings, body)
}

/// How far a sender's clock may be off (Standard Webhooks: five minutes).
pub const TOLERANCE: Duration = Duration::from_mins(5);
