//! Identity providers (OpenID Connect): people prove there who they are.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `provider` | one provider: what is known of it, and its two steps |
//! | `trouble` | why a provider cannot be used, for those who look after it |
//! | `wire` | the types of the library, as they are used here |

mod provider;
mod trouble;
mod wire;

pub use provider::{Failure, Flow, Provider};

use std::{sync::Arc, time::Duration};

use url::Url;

use crate::{connectors::outbound::Outbound, domain::identity::ProviderSettings};

/// The providers that the operator has set. Clones share what is known of them.
#[derive(Clone, Default)]
pub struct Providers(Arc<[Provider]>);

impl Providers {
    /// `callback` is our own address, to which they send people back.
    pub fn new(outbound: &Outbound, settings: Vec<ProviderSettings>, callback: &Url) -> Self {
        let provider = |settings| Provider::new(outbound.clone(), settings, callback.clone());
        Self(settings.into_iter().map(provider).collect())
    }

    /// The same with less patience: no request takes longer.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self(self.0.iter().map(|provider| provider.within(time)).collect())
    }

    pub fn get(&self, id: &str) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.settings().id == id)
    }

    /// In the operator's order.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.0.iter()
    }

    /// IDs and names, in the operator's order: one button each.
    pub fn list(&self) -> Vec<(String, String)> {
        let one = |provider: &Provider| (provider.settings().id.clone(), provider.settings().name.clone());
        self.0.iter().map(one).collect()
    }

    /// The origins that people are led to.
    pub fn origins(&self) -> Vec<String> {
        // The settings have looked whether they are addresses.
        let issuers = self.0.iter().filter_map(|provider| Url::parse(&provider.settings().issuer).ok());
        issuers.map(|issuer| issuer.origin().ascii_serialization()).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
