//! Looks up the connections that messages are for, with a cache and in batches. A cached connection may be out of date:
//! the inbox takes no message that was verified with one that has changed. While one read is under way, further
//! requests gather, and the next read answers them all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{mpsc, oneshot};

use super::{id, response::Refusal};
use crate::{
    http::limits::BodyFailure,
    store::Store,
    sync::{
        inbox::WebhookCredentials,
        vault::{Vault, VaultError},
    },
};

/// Requests that may wait for a read; further ones are refused.
const QUEUE: usize = 1024;

/// Requests that one read answers.
const BATCH: usize = 256;

/// Connections in the cache.
const KEPT: usize = 1024;

/// `None` for a connection that does not exist. An error goes to all who asked for the same connection.
type Found = Result<Option<Arc<WebhookCredentials>>, Arc<VaultError>>;

struct Request {
    id: String,
    reply: oneshot::Sender<Found>,
}

/// The cache and the queue of requests. Clones share both; the task ends with the last of them.
#[derive(Clone)]
pub(super) struct Lookup {
    queue: mpsc::Sender<Request>,
    kept: Arc<Mutex<HashMap<String, Arc<WebhookCredentials>>>>,
}

impl Lookup {
    /// Starts the task that reads. It must be called within a runtime.
    pub(super) fn start(store: Store, vault: Vault) -> Self {
        let (queue, asked) = mpsc::channel(QUEUE);
        tokio::spawn(reply(store, vault, asked));
        Self { queue, kept: Arc::default() }
    }

    /// The cached connection, if there is one.
    pub(super) fn recall(&self, connection_id: &str) -> Option<Arc<WebhookCredentials>> {
        self.kept().get(connection_id).cloned()
    }

    /// Reads a connection from the database, and caches it.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if the connection does not exist.
    pub(super) async fn read(&self, connection_id: &str) -> Result<Arc<WebhookCredentials>, Refusal> {
        let (reply, answered) = oneshot::channel();
        let id = id(connection_id).unwrap_or("con_").to_owned();
        self.queue.try_send(Request { id, reply }).map_err(|_| Refusal::Full)?;
        let found = answered.await.map_err(|_| Refusal::Body(BodyFailure::Stopping))??;
        let mut kept = self.kept();
        let Some(known) = found else {
            kept.remove(connection_id);
            return Err(Refusal::Unknown);
        };
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(connection_id.to_owned(), known.clone());
        Ok(known)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Arc<WebhookCredentials>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn reply(store: Store, vault: Vault, mut queue: mpsc::Receiver<Request>) {
    let mut asked = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut asked, BATCH).await > 0 {
        let mut waiting: HashMap<String, Vec<oneshot::Sender<Found>>> = HashMap::new();
        for Request { id, reply } in asked.drain(..) {
            waiting.entry(id).or_default().push(reply);
        }
        let (ids, vault): (Vec<String>, _) = (waiting.keys().cloned().collect(), vault.clone());
        let read = store.read(move |db| {
            let mut found = |id: String| {
                let known = WebhookCredentials::read(db, &vault, &id.as_str().into());
                (known.map(|known| known.map(Arc::new)).map_err(Arc::new), id)
            };
            Ok::<_, VaultError>(ids.into_iter().map(&mut found).collect::<Vec<_>>())
        });
        let found = match read.await {
            Ok(found) => found,
            Err(error) => {
                let error = Arc::new(error);
                waiting.keys().map(|id| (Err(error.clone()), id.clone())).collect()
            }
        };
        for (found, id) in found {
            for reply in waiting.remove(&id).unwrap_or_default() {
                // The request may have been dropped.
                let _ = reply.send(found.clone());
            }
        }
    }
}
