//! Paycom, which is polled and sends webhooks. It has people only.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`spec`](Paycom), [`settings`](Settings) | how a client of Paycom is synchronised |
//! | `client` | its endpoints, one function each |
//! | `link` | where the next page is |
//! | `list` | a whole list, and whether it is whole |
//! | `reading` | full and delta runs |
//! | `codes`, `strikes` | the employees of a run, each for itself |
//! | `probe` | the test of a connection |
//! | `refusals` | its statuses: what each means, and what a person should do |
//! | [`wire`] | its JSON, of which only the wanted fields exist |
//! | [`map`] | its words to ours |
//! | `hook` | its webhooks |

mod client;
mod codes;
mod failure_streak;
mod hook;
mod link;
mod list;
pub mod map;
mod probe;
mod reading;
mod refusals;
mod settings;
mod spec;
pub mod wire;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::{
    connectors::{
        Reading as PolledReading, Source,
        outbound::{Outbound, RequestLimiter},
        source::{Ask, Failure, Fetched},
    },
    domain::{secret::Secret, words::List},
};

use client::Client;
use reading::Reading;

pub use settings::{ListFrom, Settings};
pub use spec::Paycom;

/// One client of Paycom, ready to be read.
pub struct PaycomSource {
    settings: Settings,
    client: Client,
    /// Who could not be read: asked for again with the next delta.
    again: Mutex<BTreeSet<String>>,
}

/// More are not remembered between two polls; the next full run asks for all.
const MOST_AGAIN: usize = 200;

/// What is remembered between polls.
#[derive(Default, Serialize, Deserialize)]
struct Memory {
    again: BTreeSet<String>,
}

impl PaycomSource {
    /// # Errors
    /// Settings or secrets with which no request can be made.
    pub fn new(
        settings: Settings,
        secrets: &BTreeMap<String, Secret>,
        memory: Option<&str>,
        outbound: &Outbound,
        limiter: Arc<dyn RequestLimiter>,
    ) -> Result<Self, Failure> {
        let client = Client::new(&settings, secrets, outbound, limiter)?;
        let memory: Memory = memory.and_then(|memory| serde_json::from_str(memory).ok()).unwrap_or_default();
        Ok(Self { settings, client, again: Mutex::new(memory.again) })
    }

    /// Who could not be read so far.
    fn again(&self) -> BTreeSet<String> {
        self.again.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes whether somebody could not be read.
    fn note(&self, code: &str, lacks: bool) {
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        if !lacks {
            again.remove(code);
        } else if again.len() < MOST_AGAIN {
            again.insert(code.to_owned());
        }
    }
}

impl Source for PaycomSource {
    fn read(&self, ask: Ask) -> Box<dyn PolledReading + '_> {
        Box::new(Reading::new(self, ask))
    }

    /// One employee. Without details there is nobody to be asked for one by one: only the directory can tell.
    fn fetch<'a>(&'a self, list: List, external_id: &'a str) -> BoxFuture<'a, Result<Fetched, Failure>> {
        Box::pin(async move {
            if list != List::Employee || !self.settings.details {
                return Ok(Fetched::Missing);
            }
            let row = self.client.detail(external_id).await?;
            let record = |row| Fetched::Record(Box::new(map::record(&row, self.client.today())));
            Ok(row.map_or(Fetched::Missing, record))
        })
    }

    fn probe(self: Box<Self>) -> BoxFuture<'static, Result<String, Failure>> {
        Box::pin(async move { probe::probe(&self).await })
    }

    /// Who could not be read: with the next delta they are asked for again.
    fn memory(&self) -> Option<String> {
        let again = self.again();
        if again.is_empty() { None } else { serde_json::to_string(&Memory { again }).ok() }
    }
}
