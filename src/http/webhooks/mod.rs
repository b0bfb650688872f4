//! `POST /webhooks/{connection_id}`: what source systems tell by themselves.
//!
//! The sender is verified by what is known of the connection, the message is kept if that still stands, and only then acknowledged. Whoever is
//! not known learns nothing: a connection that is not there, a kind without webhooks, a wrong signature and a wrong
//! time are answered alike. The body is read only where the headers say that it may be worth it. Nothing is kept of what
//! is refused but a count, and a line in the log.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `body` | a bounded body, within what all bodies together may hold |
//! | `answer` | the statuses |
//! | `count` | what `/metrics` tells |
//! | `known` | the connections that messages are for |
//! | `senders` | who was refused lately: a line a minute each |

mod answer;
mod body;
mod count;
mod known;
mod senders;

pub use count::WebhookCounts;

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
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
        hook::{self, Delivery, Refused},
    },
    domain::{event::Message, words::Kind},
    store,
    sync::inbox::{Accepted, Known, NotAccepted},
};
use answer::Refusal;
use known::Lookup;
use senders::Senders;

/// How long vendors wait for an answer, at least.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a message is verified anew because its connection has changed meanwhile.
const TRIES: usize = 3;

/// What the route works with.
#[derive(Clone)]
struct Webhooks {
    gateway: Gateway,
    counts: WebhookCounts,
    /// The largest body, in bytes.
    most: u64,
    lookup: Lookup,
    senders: Senders,
}

/// The route, to be made within a runtime. A body of more than `most` bytes is refused.
pub fn router(gateway: Gateway, most: u64, counts: WebhookCounts) -> Router {
    let lookup = Lookup::start(gateway.store.clone(), gateway.reach.vault.clone());
    let state = Webhooks { gateway, counts, most, lookup, senders: Senders::default() };
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
    let (gateway, lookup) = (&webhooks.gateway, &webhooks.lookup);
    let mut known = match lookup.recall(connection_id) {
        Some(known) if can_be(&known, &parts.headers).is_ok() => known,
        _ => {
            let known = lookup.read(connection_id).await?;
            can_be(&known, &parts.headers)?;
            known
        }
    };
    let mut room = gateway.room.enter(peer::caller(&parts.extensions));
    let body = body::receive(body, &parts.headers, webhooks.most, &mut room).await?;
    // The first time it may be by what does not stand any more; and it may change at any moment.
    for _ in 0..TRIES {
        let delivery = Delivery { headers: &parts.headers, body: &body, now: gateway.ambient.now() };
        let message = match verify(gateway, &known, delivery).await {
            Ok(message) => message,
            Err(refused) => {
                let read = lookup.read(connection_id).await?;
                if read.is_as(&known) {
                    return Err(refused.into());
                }
                known = read;
                continue;
            }
        };
        let accepted = match gateway.inbox.accept_verified(&known, message, &body).await {
            Err(NotAccepted::Changed) => {
                known = lookup.read(connection_id).await?;
                continue;
            }
            accepted => accepted.map_err(not_accepted),
        };
        Visitor::of(&parts.extensions).welcome();
        return match accepted? {
            Accepted::Reused if tells_reuse(known.kind) => Err(Refusal::Reused),
            // A vendor's names are its own; it could not send the message under another.
            Accepted::Reused => Ok(Accepted::Duplicate),
            accepted => Ok(accepted),
        };
    }
    Err(Refusal::NotKept(Box::new(NotAccepted::Changed)))
}

fn can_be(known: &Known, headers: &HeaderMap) -> Result<(), Refused> {
    hook::of(known.kind)?.can_be(&known.settings, &known.secrets, headers)
}

async fn verify(gateway: &Gateway, known: &Known, delivery: Delivery<'_>) -> Result<Message, Refused> {
    let hook = hook::of(known.kind)?;
    hook.receive(&known.settings, &known.secrets, &gateway.reach.outbound, delivery).await
}

fn not_accepted(error: NotAccepted) -> Refusal {
    match error {
        // It was deleted a moment ago.
        NotAccepted::Store(store::Error::Referred(_) | store::Error::Closing) => Refusal::Unknown,
        NotAccepted::Full => Refusal::Full,
        NotAccepted::Stopping => Refusal::Body(BodyFailure::Stopping),
        NotAccepted::Unavailable(unavailable) => Refusal::Unavailable(unavailable),
        NotAccepted::Store(error) => error.into(),
        error => Refusal::NotKept(Box::new(error)),
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
