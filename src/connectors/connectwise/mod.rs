//! ConnectWise PSA (Manage): members are employees, companies and, if wanted, contacts are customers.
//!
//! | file | what |
//! | --- | --- |
//! | `settings` | what a connection is told |
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
#[cfg(test)]
mod tests;
pub mod wire;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    connectors::{
        outbound::{Gate, Outbound},
        source::{Ask, Failure},
    },
    domain::secret::Secret,
};

use client::Client;
pub use {reading::Reading, settings::Settings};

/// One tenant, ready to be read.
pub struct Source {
    settings: Settings,
    /// Boxed, so that no kind's source is much larger than another's.
    client: Box<Client>,
    wanted: map::Wanted,
    /// Nothing is tried twice.
    hasty: bool,
}

impl Source {
    /// `memory` is what [`Self::memory`] said last time.
    ///
    /// # Errors
    /// Settings or secrets with which no request can be made.
    pub fn new(
        settings: Settings,
        secrets: &BTreeMap<String, Secret>,
        memory: Option<&str>,
        outbound: &Outbound,
        gate: Arc<dyn Gate>,
    ) -> Result<Self, Failure> {
        let client = Box::new(Client::new(&settings, secrets, memory, outbound, gate)?);
        let wanted = map::Wanted::new(&settings);
        Ok(Self { settings, client, wanted, hasty: false })
    }

    /// Each request is sent once, and must be answered soon: for a test of the connection, where a person waits.
    #[must_use]
    pub fn hurried(self) -> Self {
        Self { client: Box::new(self.client.hurried()), hasty: true, ..self }
    }

    pub fn read(&self, ask: Ask) -> Reading<'_> {
        Reading::new(self, ask)
    }

    /// Where the tenant's API was found.
    pub fn memory(&self) -> Option<String> {
        self.client.memory()
    }
}
