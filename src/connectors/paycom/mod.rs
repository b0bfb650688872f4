//! Paycom, which is polled and sends webhooks. It has people only.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`settings`](Settings) | how a client of Paycom is synchronised |
//! | `client` | its endpoints, one function each |
//! | `link` | where the next page is |
//! | `list` | a whole list, and whether it is whole |
//! | [`reading`](Reading) | full and delta runs, step by step |
//! | `probe` | the test of a connection |
//! | `refusals` | its statuses: what each means, and what a person should do |
//! | [`wire`] | its JSON, of which only the wanted fields exist |
//! | `dates` | its four ways to write a date |
//! | [`map`] | its words to ours |
//! | [`hook`](receive()) | its webhooks |

mod client;
mod dates;
mod hook;
mod link;
mod list;
pub mod map;
mod probe;
mod reading;
mod refusals;
mod settings;
pub mod wire;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    connectors::{
        outbound::{Gate, Outbound},
        source::{Ask, Failure, Fetched},
    },
    domain::{secret::Secret, words::List},
};

use client::Client;

pub use hook::{has_secret, message, receive};
pub use reading::Reading;
pub use settings::{ListFrom, Settings};

/// One client of Paycom, ready to be read.
pub struct Source {
    settings: Settings,
    client: Client,
}

impl Source {
    /// # Errors
    /// Settings or secrets with which no request can be made.
    pub fn new(
        settings: Settings,
        secrets: &BTreeMap<String, Secret>,
        _memory: Option<&str>,
        outbound: &Outbound,
        gate: Arc<dyn Gate>,
    ) -> Result<Self, Failure> {
        let client = Client::new(&settings, secrets, outbound, gate)?;
        Ok(Self { settings, client })
    }

    pub fn read(&self, ask: Ask) -> Reading<'_> {
        Reading::new(self, ask)
    }

    /// One employee. Without details there is nobody to be asked for one by one: only the directory can tell.
    pub async fn fetch(&self, list: List, external_id: &str) -> Result<Fetched, Failure> {
        if list != List::Employee || !self.settings.details {
            return Ok(Fetched::Missing);
        }
        let row = self.client.detail(external_id).await?;
        Ok(row.map_or(Fetched::Missing, |row| Fetched::Record(Box::new(map::record(external_id, &row)))))
    }

    pub async fn probe(&self) -> Result<String, Failure> {
        probe::probe(self).await
    }

    /// Nothing: what a run found out of Paycom's endpoints costs one request to find out again.
    pub fn memory(&self) -> Option<String> {
        None
    }
}
