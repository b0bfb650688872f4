//! `POST /webhooks/{connection_id}`: takes the messages that source systems send.
//!
//! A message is verified with the secrets of its connection, kept if these have not changed meanwhile, and acknowledged
//! only then. A sender that is not verified learns nothing: an unknown connection, a kind without webhooks, a wrong
//! signature and a wrong time are answered alike. The body is read only if the headers make a valid message possible.
//! Of a refused message only a count and a line in the log are kept.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `body` | reads a body within its limit and the memory budget |
//! | `response` | the answer to a refused message |
//! | `counts` | counts for `/metrics` |
//! | `lookup` | looks up the connections that messages are for |
//! | `tenants` | messages that come to one address for all of a vendor's tenants |

mod body;
mod counts;
mod lookup;
mod response;
mod tenants;

pub use counts::WebhookCounts;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;
use tokio::time::Instant;

use super::{Gateway, admission::ExchangeHandle, limits::BodyFailure, log_throttle::LogThrottle, peer};
use crate::{
    connectors::{
        self,
        hook::{self, Delivery, Refused},
    },
    domain::{event::Message, words::Kind},
    store,
    sync::inbox::{Accepted, NotAccepted, WebhookCredentials},
};
use lookup::Lookup;
use response::Refusal;

/// Vendors wait at least so long for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a message is verified again because its connection has changed meanwhile.
const TRIES: usize = 3;

/// The state of the route, shared by its requests.
struct Webhooks {
    gateway: Gateway,
    counts: WebhookCounts,
    /// The largest body, in bytes.
    most: u64,
    lookup: Lookup,
    refusal_log: LogThrottle,
}

/// The route; it must be made within a runtime. A body of more than `most` bytes is refused.
pub fn router(gateway: Gateway, most: u64, counts: WebhookCounts) -> Router {
    let lookup = Lookup::start(gateway.store.clone(), gateway.sources.vault.clone());
    let state = Webhooks { gateway, counts, most, lookup, refusal_log: LogThrottle::default() };
    Router::new().route("/webhooks/{connection_id}", post(receive)).with_state(Arc::new(state))
}

/// Answers 202 after the commit, also to a repeated message. The query string is ignored: some vendors append one.
async fn receive(
    State(webhooks): State<Arc<Webhooks>>,
    Path(connection_id): Path<String>,
    request: Request,
) -> Response {
    let sender = peer::caller(request.extensions());
    let taken = tokio::time::timeout(PATIENCE, take(&webhooks, &connection_id, request)).await;
    match taken.unwrap_or(Err(Refusal::TooSlow)) {
        Ok(accepted) => {
            webhooks.counts.accepted(accepted);
            (StatusCode::ACCEPTED, Json(json!({ "status": "accepted" }))).into_response()
        }
        Err(refusal) => {
            webhooks.counts.refused(&refusal);
            // An ID, or a kind.
            let connection = id(&connection_id).unwrap_or("no ID of a connection");
            if let Some(more) = webhooks.refusal_log.permits(sender, Instant::now()) {
                let reason = refusal.reason();
                tracing::warn!(%sender, connection, reason, more, "a webhook was refused");
            }
            refusal.into_response()
        }
    }
}

async fn take(webhooks: &Webhooks, connection_id: &str, request: Request) -> Result<Accepted, Refusal> {
    if let Some(kind) = tenants::kind(connection_id) {
        return tenants::take(webhooks, kind, request).await;
    }
    let (parts, body) = request.into_parts();
    let (gateway, lookup) = (&webhooks.gateway, &webhooks.lookup);
    let known = match lookup.recall(connection_id) {
        Some(known) if can_be(&known, &parts.headers).is_ok() => known,
        _ => {
            let known = lookup.read(connection_id).await?;
            can_be(&known, &parts.headers)?;
            known
        }
    };
    let mut reservation = gateway.unverified_bodies.reserve(peer::caller(&parts.extensions));
    let body = body::receive(body, &parts.headers, webhooks.most, &mut reservation).await?;
    keep(webhooks, connection_id, Some(known), &parts, &body).await
}

/// Verifies a message with what is known of a connection, and keeps it for that connection.
async fn keep(
    webhooks: &Webhooks,
    connection_id: &str,
    known: Option<Arc<WebhookCredentials>>,
    parts: &Parts,
    body: &[u8],
) -> Result<Accepted, Refusal> {
    let (gateway, lookup) = (&webhooks.gateway, &webhooks.lookup);
    let mut known = match known.or_else(|| lookup.recall(connection_id)) {
        Some(known) => known,
        None => lookup.read(connection_id).await?,
    };
    // The cached connection may be out of date, and it may change again at any moment.
    for _ in 0..TRIES {
        let delivery = Delivery { headers: &parts.headers, body, now: gateway.ambient.now() };
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
        let accepted = match gateway.inbox.accept_verified(&known, message, body).await {
            Err(NotAccepted::Changed) => {
                known = lookup.read(connection_id).await?;
                continue;
            }
            accepted => accepted.map_err(not_accepted),
        };
        ExchangeHandle::of(&parts.extensions).authenticated();
        return match accepted? {
            Accepted::Reused if tells_reuse(known.kind) => Err(Refusal::Reused),
            // A vendor chooses the IDs of its messages itself; it could not send this one under another.
            Accepted::Reused => Ok(Accepted::Duplicate),
            accepted => Ok(accepted),
        };
    }
    Err(Refusal::NotKept(Box::new(NotAccepted::Changed)))
}

fn can_be(known: &WebhookCredentials, headers: &HeaderMap) -> Result<(), Refused> {
    hook::of(known.kind)?.can_be(&known.settings, &known.secrets, headers)
}

async fn verify(
    gateway: &Gateway,
    known: &WebhookCredentials,
    delivery: Delivery<'_>,
) -> Result<Message, Refused> {
    let hook = hook::of(known.kind)?;
    hook.receive(&known.settings, &known.secrets, &gateway.sources.outbound, delivery).await
}

fn not_accepted(error: NotAccepted) -> Refusal {
    match error {
        // The connection was deleted a moment ago, or its company is being removed.
        NotAccepted::Store(store::Error::Referred(_) | store::Error::Closing) => Refusal::Unknown,
        NotAccepted::Full => Refusal::Full,
        NotAccepted::Stopping => Refusal::Body(BodyFailure::Stopping),
        NotAccepted::Unavailable(unavailable) => Refusal::Unavailable(unavailable),
        NotAccepted::Store(error) => error.into(),
        error => Refusal::NotKept(Box::new(error)),
    }
}

/// Whether a sender of this kind can send a message under another ID, and so is told to.
fn tells_reuse(kind: Kind) -> bool {
    connectors::spec(kind).and_then(|spec| spec.webhooks).is_some_and(|webhooks| webhooks.tells_reuse)
}

/// Returns the text if it can be an ID: no database takes the character NUL, and no connection has another form.
fn id(text: &str) -> Option<&str> {
    Some(text).filter(|id| id.len() < 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}
