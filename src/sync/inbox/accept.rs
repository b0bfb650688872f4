//! Group commit: messages that arrive at the same time are kept by one transaction. There is no waiting for more: while
//! one batch is committed, the next one gathers.

use std::{collections::HashSet, sync::Arc, time::Instant};

use chrono::TimeDelta;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::{
    clock::Ambient,
    domain::{
        event::Message,
        ids::{ConnectionId, MessageId},
        outage::Outage,
        record::ContentHash,
    },
    store::{
        self, Engine, Store,
        inbox::{self, Kept, NewMessage, Verified},
    },
    sync::vault::Vault,
};

use super::{pace::Traffic, sealed::Sealing, texts::not_understood, webhook_credentials::WebhookCredentials};

/// Messages that wait for a commit; more are sent away.
const QUEUE: usize = 1024;

/// Messages of one transaction.
const BATCH: usize = 256;

/// The longest message ID that is kept as it is: an index holds it.
const LONGEST_ID: usize = 200;

/// What became of a message that is kept now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    New,
    /// It was there already.
    Duplicate,
    /// Its ID was there already, with something else under it: what was there first counts.
    Reused,
}

/// Why a message is not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotAccepted {
    #[error("too many messages wait to be written")]
    Full,
    #[error("the message cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// What happened to the batch that it was part of.
    #[error("{}", .0.what)]
    Unavailable(store::Unavailable),
    #[error("the gateway stops")]
    Stopping,
    /// What it was verified with does not stand any more: the connection was changed or deleted.
    #[error("the connection has changed meanwhile")]
    Changed,
    #[error(transparent)]
    Store(#[from] store::Error),
}

type Answer = Result<Accepted, NotAccepted>;

/// A message, and what it was verified with: it must still stand when the message is kept.
#[derive(Clone)]
struct Offered {
    message: NewMessage,
    verified: Option<Arc<WebhookCredentials>>,
}

struct Offer {
    offered: Offered,
    answer: oneshot::Sender<Answer>,
}

/// Where messages go in. Cheap to clone; what it started ends with its last clone.
#[derive(Clone)]
pub struct Inbox {
    queue: mpsc::Sender<Offer>,
    arrived: Arc<Notify>,
    traffic: Traffic,
    ambient: Ambient,
    store: Store,
    sealing: Option<Sealing>,
}

impl Inbox {
    /// Starts the task that commits. To be called within a runtime.
    pub fn start(store: Store, ambient: Ambient) -> Self {
        let (queue, offers) = mpsc::channel(QUEUE);
        let (arrived, traffic) = (Arc::new(Notify::new()), Traffic::default());
        tokio::spawn(commit(store.clone(), offers, arrived.clone(), traffic.clone()));
        Self { queue, arrived, traffic, ambient, store, sealing: None }
    }

    /// The same, but what is not understood is `kept`, sealed.
    #[must_use]
    pub fn sealing(self, vault: Vault, kept: TimeDelta) -> Self {
        Self { sealing: Some(Sealing { vault, kept }), ..self }
    }

    /// What is notified when messages have come, or were asked to be tried again.
    pub fn arrived(&self) -> Arc<Notify> {
        self.arrived.clone()
    }

    /// How many messages it has kept.
    pub fn traffic(&self) -> Traffic {
        self.traffic.clone()
    }

    /// Keeps a message. It returns after the commit.
    ///
    /// # Errors
    /// It is not known to be kept, and the sender is to send it again.
    pub async fn accept(&self, connection_id: &ConnectionId, message: Message) -> Answer {
        self.accept_whole(connection_id, message, &[]).await
    }

    /// Keeps a message, and of one that was not understood what came. It returns after the commit.
    ///
    /// # Errors
    /// As [`Inbox::accept`].
    pub async fn accept_whole(&self, connection_id: &ConnectionId, message: Message, whole: &[u8]) -> Answer {
        self.keep(connection_id, None, message, whole).await
    }

    /// The same of a message that was verified with what was known of its connection.
    ///
    /// # Errors
    /// As [`Inbox::accept`], and [`NotAccepted::Changed`] where that does not stand any more: nothing was kept then.
    pub async fn accept_verified(
        &self,
        known: &Arc<WebhookCredentials>,
        message: Message,
        whole: &[u8],
    ) -> Answer {
        self.keep(&known.id, Some(known.clone()), message, whole).await
    }

    async fn keep(
        &self,
        connection_id: &ConnectionId,
        verified: Option<Arc<WebhookCredentials>>,
        message: Message,
        whole: &[u8],
    ) -> Answer {
        let received_at = self.ambient.now();
        let id = MessageId::new(received_at, self.ambient.entropy.bytes());
        let (body, problem, sealed) = match message.event {
            Ok(event) => (Some(serde_json::to_string(&event)?), None, None),
            Err(why) => {
                let sealed = match &self.sealing {
                    Some(sealing) => sealing.seal(&self.store, connection_id, &id, whole, received_at).await,
                    None => None,
                };
                let until = sealed.as_ref().map(|sealed| sealed.kept_until);
                (None, Some(not_understood(&why, until)), sealed)
            }
        };
        let content_hash = content_hash(&message.name, body.as_deref());
        let message = NewMessage {
            id,
            connection_id: connection_id.to_owned(),
            message_id: bounded(message.message_id),
            event: crate::domain::problem::cut(message.name),
            body,
            received_at,
            problem,
            told_at: message.told_at,
            content_hash,
            sealed,
        };
        let (answer, answered) = oneshot::channel();
        let offered = Offered { message, verified };
        self.queue.try_send(Offer { offered, answer }).map_err(|_| NotAccepted::Full)?;
        answered.await.unwrap_or_else(|_| Err(NotAccepted::Stopping))
    }
}

/// Equal for what says the same: of what is not kept nothing goes into it.
fn content_hash(name: &str, body: Option<&str>) -> ContentHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
    hasher.update(body.unwrap_or_default().as_bytes());
    let mut hash = ContentHash::default();
    hasher.finalize_xof().fill(&mut hash);
    hash
}

/// A longer ID is kept as its hash.
fn bounded(message_id: String) -> String {
    match message_id.len() {
        0..=LONGEST_ID => message_id,
        _ => format!("blake3:{}", blake3::hash(message_id.as_bytes())),
    }
}

async fn commit(store: Store, mut offers: mpsc::Receiver<Offer>, arrived: Arc<Notify>, traffic: Traffic) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut outage = Outage::default();
    while offers.recv_many(&mut batch, BATCH).await > 0 {
        let (offered, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|offer| (offer.offered, offer.answer)).unzip();
        let offered = Arc::new(offered);
        match insert(&store, offered.clone()).await {
            Ok(accepted) => {
                if let Some(lasted) = outage.recovered(Instant::now()) {
                    tracing::info!(seconds = lasted.as_secs(), "webhooks can be kept again");
                }
                traffic.came(accepted.len());
                arrived.notify_one();
                for (answer, accepted) in answers.into_iter().zip(accepted) {
                    // A sender that went away sends again: the message is recognised then.
                    let _ = answer.send(accepted.ok_or(NotAccepted::Changed));
                }
            }
            Err(error) => {
                if let Some(lasted) = outage.failed(Instant::now()) {
                    let (messages, seconds) = (offered.len(), lasted.as_secs());
                    tracing::warn!(%error, messages, seconds, "webhooks could not be kept together");
                }
                explain(&store, &offered, answers, &error).await;
                arrived.notify_one();
            }
        }
    }
}

/// What became of each; `None` of one that was verified with what does not stand any more.
async fn insert(store: &Store, offered: Arc<Vec<Offered>>) -> store::Result<Vec<Option<Accepted>>> {
    if let Some(accepted) = insert_at_once(store, offered.clone()).await? {
        return Ok(accepted);
    }
    let write = move |db: &mut store::WriteDb| {
        let stands = standing(db, &offered)?;
        let stands = |offered: &Offered| {
            offered.verified.as_ref().is_none_or(|known| stands.contains(&Arc::as_ptr(known)))
        };
        let messages: Vec<&NewMessage> =
            offered.iter().filter(|offered| stands(offered)).map(|offered| &offered.message).collect();
        let kept = inbox::insert(db, &messages)?;
        Ok(offered.iter().map(|offered| stands(offered).then(|| accepted(&kept, offered))).collect())
    };
    store.write(write).await
}

/// Where all that was verified was so with what still stands, which is nearly always, one statement does it on PostgreSQL.
async fn insert_at_once(
    store: &Store,
    offered: Arc<Vec<Offered>>,
) -> store::Result<Option<Vec<Option<Accepted>>>> {
    if store.engine() == Engine::Sqlite {
        return Ok(None);
    }
    let write = move |db: &mut store::WriteDb| {
        let mut known: Vec<&Verified> = Vec::new();
        for credentials in offered.iter().filter_map(|offered| offered.verified.as_ref()) {
            if !known.contains(&&credentials.verified) {
                known.push(&credentials.verified);
            }
        }
        let messages: Vec<&NewMessage> = offered.iter().map(|offered| &offered.message).collect();
        let kept = inbox::insert_at_once(db, &messages, &known)?;
        Ok(kept.map(|kept| offered.iter().map(|offered| Some(accepted(&kept, offered))).collect()))
    };
    store.write_alone(write).await
}

fn accepted(kept: &Kept, offered: &Offered) -> Accepted {
    match &offered.message.id {
        id if kept.new.contains(id) => Accepted::New,
        id if kept.other.contains(id) => Accepted::Reused,
        _ => Accepted::Duplicate,
    }
}

/// What still stands of that with which messages were verified: mostly the same for all of a connection.
fn standing(db: &mut store::Db, offered: &[Offered]) -> store::Result<HashSet<*const WebhookCredentials>> {
    let (mut asked, mut stands) = (HashSet::new(), HashSet::new());
    for known in offered.iter().filter_map(|offered| offered.verified.as_ref()) {
        if asked.insert(Arc::as_ptr(known)) && known.stands(db)? {
            stands.insert(Arc::as_ptr(known));
        }
    }
    Ok(stands)
}

/// After a failure: one by one, so that one message that cannot be kept does not take its neighbours with it.
async fn explain(
    store: &Store,
    offered: &[Offered],
    answers: Vec<oneshot::Sender<Answer>>,
    error: &store::Error,
) {
    for (answer, offered) in answers.into_iter().zip(offered) {
        let told = if let Some(unavailable) = error.unavailable() {
            Err(NotAccepted::Unavailable(unavailable))
        } else {
            match insert(store, Arc::new(vec![offered.clone()])).await {
                Ok(accepted) => accepted.first().copied().flatten().ok_or(NotAccepted::Changed),
                Err(error) => Err(error.into()),
            }
        };
        let _ = answer.send(told);
    }
}
