//! The kinds that are polled, behind one face.

use std::{collections::BTreeMap, future::ready, sync::Arc};

use futures_util::future::BoxFuture;

use crate::domain::{secret::Secret, words::List};

use super::{
    outbound::{NotSent, Outbound, RequestLimiter},
    source::{Ask, Failure, Fetched, Rate, Schedule, Step, Subscribed},
};

/// The settings of a connection that is polled, read.
pub trait Polled: Send + Sync {
    /// The lists that the source has, in the order in which they are read.
    fn lists(&self) -> &'static [List];
    fn schedule(&self) -> Schedule;
    /// The host and port of the source.
    fn authority(&self) -> String;
    /// Whether the source may be in a private network.
    fn allows_private(&self) -> bool;
    /// What is to be kept to; all of them at once.
    fn rates(&self, secrets: &BTreeMap<String, Secret>) -> Vec<Rate>;
    /// A source that is ready to be read.
    ///
    /// # Errors
    /// Settings or secrets with which no request can be made.
    fn open(&self, context: SourceContext<'_>) -> Result<Box<dyn Source>, Failure>;
}

/// What a source is opened with.
pub struct SourceContext<'a> {
    pub secrets: &'a BTreeMap<String, Secret>,
    /// What the source wanted remembered.
    pub memory: Option<&'a str>,
    pub outbound: &'a Outbound,
    pub limiter: Arc<dyn RequestLimiter>,
    pub keeper: Arc<dyn SecretKeeper>,
}

/// Keeps secrets that a vendor replaces while a source is read, such as refresh tokens that are good once.
pub trait SecretKeeper: Send + Sync {
    /// Puts `secret` in place of the one of that name, sealed, in a transaction of its own. Only when this has returned
    /// may it be used: a crash in between must not lose it.
    ///
    /// # Errors
    /// [`NotSent::LeaseLost`] where the connection's lease is not held: another gateway, or a person, has the word.
    fn replace(&self, name: &'static str, secret: Secret) -> BoxFuture<'_, Result<(), NotSent>>;
}

/// A source that is polled, ready to be read.
pub trait Source: Send + Sync {
    /// Begins to read a list.
    fn read(&self, ask: Ask) -> Box<dyn Reading + '_>;
    /// Fetches one record.
    fn fetch<'a>(&'a self, list: List, external_id: &'a str) -> BoxFuture<'a, Result<Fetched, Failure>>;
    /// Tests the connection with as few requests as tell its causes apart; what it found, for people.
    fn probe(self: Box<Self>) -> BoxFuture<'static, Result<String, Failure>>;
    /// What is to be remembered until the next poll.
    fn memory(&self) -> Option<String>;

    /// Sees to it that the source tells `url` of its changes; `None` where that cannot be asked of it by a program.
    fn ensure_callbacks<'a>(&'a self, _url: &'a str) -> BoxFuture<'a, Option<Result<Subscribed, Failure>>> {
        Box::pin(ready(None))
    }

    /// Undoes [`Self::ensure_callbacks`]; how many were taken back.
    fn remove_callbacks<'a>(&'a self, _url: &'a str) -> BoxFuture<'a, Option<Result<usize, Failure>>> {
        Box::pin(ready(None))
    }
}

/// A list that is being read.
pub trait Reading: Send {
    /// # Errors
    /// What keeps the list from being read; what was staged stays.
    fn next(&mut self) -> BoxFuture<'_, Result<Step, Failure>>;
}
