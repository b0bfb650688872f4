//! The connections that messages are for. What was read of one is used again: the inbox takes no message that was verified
//! with what does not stand any more. What is to be read for several messages at the same time is read once: while one
//! read is under way, the next ones gather.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{mpsc, oneshot};

use super::{answer::Refusal, id};
use crate::{
    http::limits::BodyFailure,
    store::Store,
    sync::{
        inbox::WebhookCredentials,
        vault::{Vault, VaultError},
    },
};

/// Messages that wait for a read; more are sent away.
const QUEUE: usize = 1024;

/// Messages of one read.
const BATCH: usize = 256;

/// Connections of which what was read is used again.
const KEPT: usize = 1024;

/// `None` for a connection that is not there. An error is everybody's who asked for the same.
type Found = Result<Option<Arc<WebhookCredentials>>, Arc<VaultError>>;

struct Asked {
    id: String,
    answer: oneshot::Sender<Found>,
}

/// Looks connections up. Clones look together; what it started ends with the last of them.
#[derive(Clone)]
pub(super) struct Lookup {
    queue: mpsc::Sender<Asked>,
    kept: Arc<Mutex<HashMap<String, Arc<WebhookCredentials>>>>,
}

impl Lookup {
    /// Starts the task that reads. To be called within a runtime.
    pub(super) fn start(store: Store, vault: Vault) -> Self {
        let (queue, asked) = mpsc::channel(QUEUE);
        tokio::spawn(answer(store, vault, asked));
        Self { queue, kept: Arc::default() }
    }

    /// What was read of a connection before, if anything.
    pub(super) fn recall(&self, connection_id: &str) -> Option<Arc<WebhookCredentials>> {
        self.kept().get(connection_id).cloned()
    }

    /// Reads it anew.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] where the connection is not there.
    pub(super) async fn read(&self, connection_id: &str) -> Result<Arc<WebhookCredentials>, Refusal> {
        let (answer, answered) = oneshot::channel();
        let id = id(connection_id).unwrap_or("con_").to_owned();
        self.queue.try_send(Asked { id, answer }).map_err(|_| Refusal::Full)?;
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

async fn answer(store: Store, vault: Vault, mut queue: mpsc::Receiver<Asked>) {
    let mut asked = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut asked, BATCH).await > 0 {
        let mut waiting: HashMap<String, Vec<oneshot::Sender<Found>>> = HashMap::new();
        for Asked { id, answer } in asked.drain(..) {
            waiting.entry(id).or_default().push(answer);
        }
        let (ids, vault): (Vec<String>, _) = (waiting.keys().cloned().collect(), vault.clone());
        let read = store.read(move |db| {
            let mut found = |id: String| {
                let known = WebhookCredentials::read(db, &vault, &id);
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
            for answer in waiting.remove(&id).unwrap_or_default() {
                // A sender may have gone away.
                let _ = answer.send(found.clone());
            }
        }
    }
}
