//! `POST /webhooks/{connection_id}`: what source systems tell by themselves.
//!
//! The connection is looked up, the sender is verified, the message is kept, and only then acknowledged. Whoever is
//! not known learns nothing: a connection that is not there, a kind without webhooks, a wrong signature and a wrong
//! time are answered alike, after the same work. Nothing is kept of what is refused but a count.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `body` | a bounded body, within what all bodies together may hold |
//! | `answer` | the statuses |
//! | `count` | what `/metrics` tells |

mod answer;
mod body;
mod count;

pub use count::WebhookCounts;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;
use tokio::sync::Semaphore;

use super::Gateway;
use crate::{
    connectors::{
        hook::{self, Delivery, Refused},
        outbound::Outbound,
    },
    domain::{event::Message, secret::Secret, words::Kind},
    store::{self, connections},
    sync::inbox::{Accepted, NotAccepted},
};
use answer::Refusal;

/// How long vendors wait for an answer, at least.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of all bodies that are being received together.
const ROOM: usize = 256 << 20;

/// What the route works with.
#[derive(Clone)]
struct Webhooks {
    gateway: Gateway,
    counts: WebhookCounts,
    /// The largest body, in bytes.
    most: u64,
    room: Arc<Semaphore>,
}

/// The route. A body of more than `most` bytes is refused.
pub fn router(gateway: Gateway, most: u64, counts: WebhookCounts) -> Router {
    let state = Webhooks { gateway, counts, most, room: Arc::new(Semaphore::new(ROOM)) };
    Router::new().route("/webhooks/{connection_id}", post(receive)).with_state(state)
}

/// Answers 202 after the commit, also to a repetition. A query string means nothing: some vendors append one.
async fn receive(
    State(webhooks): State<Webhooks>,
    Path(connection_id): Path<String>,
    request: Request,
) -> Response {
    let taken = tokio::time::timeout(PATIENCE, take(&webhooks, &connection_id, request)).await;
    match taken.unwrap_or(Err(Refusal::TooSlow)) {
        Ok(accepted) => {
            webhooks.counts.accepted(accepted);
            (StatusCode::ACCEPTED, Json(json!({ "status": "accepted" }))).into_response()
        }
        Err(refusal) => {
            webhooks.counts.refused(&refusal);
            tracing::info!(reason = refusal.reason(), "a webhook was refused");
            refusal.into_response()
        }
    }
}

async fn take(webhooks: &Webhooks, connection_id: &str, request: Request) -> Result<Accepted, Refusal> {
    let (parts, body) = request.into_parts();
    let (body, _room) = body::receive(body, &parts.headers, webhooks.most, &webhooks.room).await?;
    let known = look_up(&webhooks.gateway, connection_id).await?;
    let message = verify(&webhooks.gateway, known, &parts.headers, &body).await?;
    drop(body);
    webhooks.gateway.inbox.accept(connection_id, message).await.map_err(|error| match error {
        // It was deleted a moment ago.
        NotAccepted::Store(store::Error::Referred(_)) => Refusal::Unknown,
        NotAccepted::Full => Refusal::Full,
        error => Refusal::NotKept(Box::new(error)),
    })
}

/// What a message is verified with.
struct Known {
    kind: Kind,
    settings: String,
    secrets: BTreeMap<String, Secret>,
}

/// `None` for a connection that is not there.
async fn look_up(gateway: &Gateway, connection_id: &str) -> Result<Option<Known>, Refusal> {
    // No database takes the character NUL, and no connection has another form of ID.
    let sound =
        connection_id.len() < 64 && connection_id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let id = if sound { connection_id.to_owned() } else { "con_".to_owned() };
    let vault = gateway.reach.vault.clone();
    let read = gateway.store.read(move |db| match connections::get(db, &id) {
        Ok(connection) => {
            let secrets = vault.secrets(db, &id).map_err(|error| Refusal::Unavailable(error.to_string()))?;
            Ok(Some(Known { kind: connection.kind, settings: connection.settings, secrets }))
        }
        Err(store::Error::NotFound(_)) => {
            // As many queries as for one that is there.
            let _ = vault.secrets(db, &id).map_err(|error| Refusal::Unavailable(error.to_string()))?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    });
    read.await
}

async fn verify(
    gateway: &Gateway,
    known: Option<Known>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Message, Refusal> {
    let outbound = &gateway.reach.outbound;
    let delivery = Delivery { headers, body, now: gateway.ambient.now() };
    let Some(Known { kind, settings, secrets }) = known else {
        pretend(outbound, delivery).await;
        return Err(Refusal::Unknown);
    };
    let received = hook::receive(kind, &settings, &secrets, outbound, delivery).await;
    if matches!(received, Err(Refused::NoWebhooks)) {
        pretend(outbound, delivery).await;
    }
    Ok(received?)
}

/// The work of a verification, for those who must not learn that there is nothing to verify.
async fn pretend(outbound: &Outbound, delivery: Delivery<'_>) {
    // Nobody can sign with it: whatever comes of it is refused.
    let secret = Secret::new("whsec_bm90aGluZyBpcyBzaWduZWQgd2l0aCB0aGlzIGtleQ==");
    let secrets = BTreeMap::from([("webhook_secret".to_owned(), secret)]);
    drop(hook::receive(Kind::Push, "{}", &secrets, outbound, delivery).await);
}
