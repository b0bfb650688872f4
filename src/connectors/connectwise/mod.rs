//! ConnectWise PSA (Manage): members are employees, companies and, if wanted, contacts are customers.
//!
//! | file | what |
//! | --- | --- |
//! | `spec`, `settings` | what a connection is told |
//! | `client` | who asks, and where the tenant's API is now |
//! | `refusals` | what the vendor's errors mean |
//! | `wire` | the vendor's words |
//! | `map` | its words to ours, and what is wanted |
//! | `list`, `reading`, `fetch` | one page, a list page by page, one record |
//! | `probe` | the test of a connection |
//! | `callbacks`, `hook`, `keys` | webhooks: registering for them, and who sent one |

mod callbacks;
mod client;
mod fetch;
pub mod hook;
mod keys;
mod list;
mod map;
mod probe;
mod reading;
mod refusals;
mod settings;
mod spec;
#[cfg(test)]
mod tests;
pub mod wire;

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;

use crate::{
    connectors::{
        Reading as PolledReading, Source,
        outbound::{Outbound, RequestLimiter},
        source::{Ask, Failure, Fetched, Subscribed},
    },
    domain::{secret::Secret, words::List},
};

use client::Client;
use reading::Reading;
pub use {settings::Settings, spec::Connectwise};

/// One tenant, ready to be read.
pub struct ConnectwiseSource {
    settings: Settings,
    /// Boxed, so that no kind's source is much larger than another's.
    client: Box<Client>,
    wanted: map::Wanted,
    /// Nothing is tried twice.
    hasty: bool,
}

impl ConnectwiseSource {
    /// `memory` is what `memory` said last time.
    ///
    /// # Errors
    /// Settings or secrets with which no request can be made.
    pub fn new(
        settings: Settings,
        secrets: &BTreeMap<String, Secret>,
        memory: Option<&str>,
        outbound: &Outbound,
        limiter: Arc<dyn RequestLimiter>,
    ) -> Result<Self, Failure> {
        let client = Box::new(Client::new(&settings, secrets, memory, outbound, limiter)?);
        let wanted = map::Wanted::new(&settings);
        Ok(Self { settings, client, wanted, hasty: false })
    }

    /// Each request is sent once, and must be answered soon: for a test of the connection, where a person waits.
    #[must_use]
    pub fn hurried(self) -> Self {
        Self { client: Box::new(self.client.hurried()), hasty: true, ..self }
    }
}

impl Source for ConnectwiseSource {
    fn read(&self, ask: Ask) -> Box<dyn PolledReading + '_> {
        Box::new(Reading::new(self, ask))
    }

    fn fetch<'a>(&'a self, list: List, external_id: &'a str) -> BoxFuture<'a, Result<Fetched, Failure>> {
        Box::pin(self.fetch_one(list, external_id))
    }

    /// Each request is sent once, and must be answered soon: a person waits.
    fn probe(self: Box<Self>) -> BoxFuture<'static, Result<String, Failure>> {
        Box::pin(async move { self.hurried().look().await })
    }

    /// Where the tenant's API was found.
    fn memory(&self) -> Option<String> {
        self.client.memory()
    }

    fn ensure_callbacks<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Option<Result<Subscribed, Failure>>> {
        Box::pin(async move { Some(self.register_callbacks(url).await) })
    }

    fn remove_callbacks<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Option<Result<usize, Failure>>> {
        Box::pin(async move { Some(self.withdraw_callbacks(url).await) })
    }
}
