//! Records when tokens were used: at most once a minute for each, without delaying the request.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::Gateway;
use crate::store::apps;

/// How often the use of a token is written.
const OFTEN: TimeDelta = TimeDelta::minutes(1);

/// When this process recorded the use of each token last, by ID. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct TokenUses(Arc<Mutex<HashMap<String, DateTime<Utc>>>>);

impl TokenUses {
    /// Records that a token was used now, unless `stored`, the time in the database, or our own is recent. The request
    /// does not wait for the write.
    pub(super) fn note(&self, gateway: &Gateway, token_id: String, stored: Option<DateTime<Utc>>) {
        let now = gateway.ambient.now();
        let fresh = |noted: &DateTime<Utc>| (now - *noted).abs() < OFTEN;
        if stored.as_ref().is_some_and(fresh) {
            return;
        }
        {
            let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if noted.get(&token_id).is_some_and(fresh) {
                return;
            }
            noted.insert(token_id.clone(), now);
        }
        let store = gateway.store.clone();
        // In the gateway's own queue: spawned tasks have none of a caller.
        tokio::spawn(async move {
            let written = store.write(move |db| apps::token_used(db, &token_id, now, now - OFTEN)).await;
            if let Err(error) = written {
                tracing::debug!(%error, "the use of a token was not noted");
            }
        });
    }
}
