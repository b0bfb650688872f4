//! `POST /webhooks/{connection_id}`: what source systems tell by themselves.
//!
//! The connection is looked up, the sender is verified, the message is kept, and only then acknowledged. Whoever is
//! not known learns nothing: a connection that is not there, a kind without webhooks, a wrong signature and a wrong
//! time are answered alike. The body is read only where the headers say that it may be worth it. Nothing is kept of what
//! is refused but a count, and a line in the log.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `body` | a bounded body, within what all bodies together may hold |
//! | `answer` | the statuses |
//! | `count` | what `/metrics` tells |
//! | `senders` | who was refused lately: a line a minute each |

mod answer;
mod body;
mod count;
mod senders;

pub use count::WebhookCounts;

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;

use super::{
    Gateway,
    door::Visitor,
    limits::BodyFailure,
    peer::{self, Peer},
};
use crate::{
    connectors::{
        self,
        hook::{self, Delivery},
    },
    domain::{secret::Secret, words::Kind},
    store::{self, connections},
    sync::inbox::{Accepted, NotAccepted},
};
use answer::Refusal;
use senders::Senders;

/// How long vendors wait for an answer, at least.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the route works with.
#[derive(Clone)]
struct Webhooks {
    gateway: Gateway,
    counts: WebhookCounts,
    /// The largest body, in bytes.
    most: u64,
    senders: Senders,
}

/// The route. A body of more than `most` bytes is refused.
pub fn router(gateway: Gateway, most: u64, counts: WebhookCounts) -> Router {
    let state = Webhooks { gateway, counts, most, senders: Senders::default() };
    Router::new().route("/webhooks/{connection_id}", post(receive)).with_state(state)
}

/// Answers 202 after the commit, also to a repetition. A query string means nothing: some vendors append one.
async fn receive(
    State(webhooks): State<Webhooks>,
    Path(connection_id): Path<String>,
    request: Request,
) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let taken = tokio::time::timeout(PATIENCE, take(&webhooks, &connection_id, request)).await;
    match taken.unwrap_or(Err(Refusal::TooSlow)) {
        Ok(accepted) => {
            webhooks.counts.accepted(accepted);
            (StatusCode::ACCEPTED, Json(json!({ "status": "accepted" }))).into_response()
        }
        Err(refusal) => {
            webhooks.counts.refused(&refusal);
            let connection = id(&connection_id).unwrap_or("no ID of a connection");
            webhooks.senders.log(peer, webhooks.gateway.ambient.now(), connection, refusal.reason());
            refusal.into_response()
        }
    }
}

async fn take(webhooks: &Webhooks, connection_id: &str, request: Request) -> Result<Accepted, Refusal> {
    let (parts, body) = request.into_parts();
    let gateway = &webhooks.gateway;
    let Known { kind, settings, secrets } = look_up(gateway, connection_id).await?.ok_or(Refusal::Unknown)?;
    let hook = hook::of(kind)?;
    hook.can_be(&settings, &secrets, &parts.headers)?;
    let mut room = gateway.room.enter(peer::caller(&parts.extensions));
    let body = body::receive(body, &parts.headers, webhooks.most, &mut room).await?;
    let delivery = Delivery { headers: &parts.headers, body: &body, now: gateway.ambient.now() };
    let message = hook.receive(&settings, &secrets, &gateway.reach.outbound, delivery).await?;
    Visitor::of(&parts.extensions).welcome();
    let accepted = gateway.inbox.accept_whole(connection_id, message, &body).await;
    let accepted = accepted.map_err(|error| match error {
        // It was deleted a moment ago.
        NotAccepted::Store(store::Error::Referred(_)) => Refusal::Unknown,
        NotAccepted::Full => Refusal::Full,
        NotAccepted::Stopping => Refusal::Body(BodyFailure::Stopping),
        NotAccepted::Unavailable(unavailable) => Refusal::Unavailable(unavailable),
        NotAccepted::Store(error) => error.into(),
        error => Refusal::NotKept(Box::new(error)),
    })?;
    match accepted {
        Accepted::Reused if tells_reuse(kind) => Err(Refusal::Reused),
        // A vendor's names are its own; it could not send the message under another.
        Accepted::Reused => Ok(Accepted::Duplicate),
        accepted => Ok(accepted),
    }
}

/// Whether a sender can send a message under another ID, and so is told that it has to.
fn tells_reuse(kind: Kind) -> bool {
    connectors::spec(kind).and_then(|spec| spec.webhooks).is_some_and(|webhooks| webhooks.tells_reuse)
}

/// What may be an ID: no database takes the character NUL, and no connection has another form.
fn id(text: &str) -> Option<&str> {
    Some(text).filter(|id| id.len() < 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

/// What a message is verified with.
struct Known {
    kind: Kind,
    settings: String,
    secrets: BTreeMap<String, Secret>,
}

/// `None` for a connection that is not there.
async fn look_up(gateway: &Gateway, connection_id: &str) -> Result<Option<Known>, Refusal> {
    let id = id(connection_id).unwrap_or("con_").to_owned();
    let vault = gateway.reach.vault.clone();
    let read = gateway.store.read(move |db| match connections::get(db, &id) {
        Ok(connection) => {
            let secrets = vault.secrets(db, &id)?;
            Ok(Some(Known { kind: connection.kind, settings: connection.settings, secrets }))
        }
        Err(store::Error::NotFound(_)) => {
            // As many queries as for one that is there.
            let _ = vault.secrets(db, &id)?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    });
    read.await
}
