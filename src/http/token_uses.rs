//! Records when tokens and sessions were used: at most once a minute for each, without delaying the request.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::Gateway;
use crate::service::call::Used;

/// How often the use of a token or session is written.
const OFTEN: TimeDelta = TimeDelta::minutes(1);

/// So many are remembered before those are forgotten that are not recent.
const MANY: usize = 10_000;

/// When this process recorded the use of each token and session last, by ID. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct TokenUses(Arc<Mutex<HashMap<String, DateTime<Utc>>>>);

impl TokenUses {
    /// Records that a token or session was used now, unless the time in the database, or our own, is recent. The request
    /// does not wait for the write.
    pub(super) fn note(&self, gateway: &Gateway, used: Used) {
        let now = gateway.ambient.now();
        let fresh = |noted: &DateTime<Utc>| (now - *noted).abs() < OFTEN;
        if used.noted_at.as_ref().is_some_and(fresh) {
            return;
        }
        {
            let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if noted.get(&used.id).is_some_and(fresh) {
                return;
            }
            if noted.len() >= MANY {
                noted.retain(|_, noted| fresh(noted));
            }
            noted.insert(used.id.clone(), now);
        }
        let store = gateway.store.clone();
        // In the gateway's own queue: spawned tasks have none of a caller.
        tokio::spawn(async move {
            let written = store.write(move |db| used.note(db, now, now - OFTEN)).await;
            if let Err(error) = written {
                tracing::debug!(%error, "the use of a token or session was not noted");
            }
        });
    }
}
