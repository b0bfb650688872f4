//! The gateway's HTTP side.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`server`] | the accept loop: connections, their limits, TLS, graceful shutdown |
//! | `server_limits` | what the loop and its connections put up with |
//! | `document` | what the OpenAPI document says beside its routes |
//! | `connection` | one connection: HTTP/1.1 or HTTP/2, and when it has been idle too long |
//! | `door` | who is let in, and who makes room for whom |
//! | `pace` | bodies, which must keep moving |
//! | `throttle` | what strangers bring about, logged once a minute |
//! | `peer`, `stop` | extensions of every request: where it comes from, and when the gateway stops |
//! | `forwarded` | where a request comes from, behind proxies too |
//! | `socket` | its bytes: read ahead, and never written to for ever |
//! | [`tls`] | the certificate, loaded and loaded again |
//! | [`layers`] | what every request passes through |
//! | `request_id` | what finds a request again in the log |
//! | `representation` | what the API shows: its tag, and its compression |
//! | `negotiation` | what a client says of the answers that it can use |
//! | [`limits`] | limits that a route chooses: the size of its body, the time to answer |
//! | [`room`] | what the bodies of unknown callers may take together |
//! | [`problem`] | errors as `application/problem+json` |
//! | [`RefusedTokens`] | tokens that nobody has |
//! | [`TokenUses`] | when tokens were used |
//! | [`qbwc`] | the Web Connector service |
//! | [`webhooks`] | what source systems tell by themselves |
//! | `policy` | the policy's word, before what is said of what was sent |
//! | [`extract`] | axum's extractors, with our errors |
//! | [`router`] | the route table of the whole gateway |
//! | [`api`] | the REST API under `/v1` |
//! | [`operations`] | probes, figures, and the API's description |

pub mod api;
mod connection;
mod document;
mod door;
pub mod extract;
mod forwarded;
pub mod layers;
pub mod limits;
mod negotiation;
pub mod operations;
mod pace;
pub mod peer;
mod policy;
pub mod problem;
pub mod qbwc;
mod read;
mod refused_tokens;
mod representation;
mod request_id;
pub mod room;
pub mod router;
pub mod server;
mod server_limits;
mod socket;
mod stop;
mod throttle;
pub mod tls;
mod token_uses;
pub mod webhooks;

pub use refused_tokens::RefusedTokens;
pub use token_uses::TokenUses;

use std::sync::Arc;

use tokio::sync::Notify;

use crate::{
    clock::Ambient,
    store::Store,
    sync::{
        inbox::{Inbox, SEALED_KEPT},
        source_access::SourceAccess,
        vault::Vault,
    },
    threads::Threads,
    workers::board::Workers,
};

/// Answers of QuickBooks that are read at once.
const READERS: usize = 128;

/// What every route works with.
#[derive(Clone)]
pub struct Gateway {
    pub store: Store,
    pub ambient: Ambient,
    /// Seals and opens the secrets of connections.
    pub vault: Vault,
    /// How the outside reaches this gateway, without a trailing slash: it goes into `.qwc` files and links.
    pub public_url: url::Url,
    /// The sources that are polled.
    pub sources: SourceAccess,
    /// Where the messages of webhooks go in.
    pub inbox: Inbox,
    /// Tells the worker that lists were asked for.
    pub wake: Arc<Notify>,
    /// Who guesses passwords of Web Connectors.
    pub sign_ins: qbwc::SignIns,
    /// What the bodies of unknown callers may take together.
    pub room: room::Room,
    /// Tokens that nobody has.
    pub refused_tokens: RefusedTokens,
    /// When tokens were used.
    pub token_uses: TokenUses,
    /// The threads on which answers of QuickBooks are read.
    pub readers: Threads,
    /// Who waits for the change feed to grow.
    pub waiting: api::changes::Waiting,
    /// How those are who work beside the requests.
    pub workers: Workers,
}

impl Gateway {
    /// Within a runtime: the inbox gathers messages in a task of its own.
    pub fn new(sources: SourceAccess) -> Self {
        let SourceAccess { store, ambient, vault, public_url, .. } = sources.clone();
        let inbox = Inbox::start(store.clone(), ambient.clone()).sealing(vault.clone(), SEALED_KEPT);
        let readers = Threads::new("qbwc-reader", READERS);
        let (room, wake, refused_tokens) = (room::Room::default(), Arc::default(), RefusedTokens::default());
        let sign_ins = qbwc::SignIns::default();
        Self {
            store,
            ambient,
            vault,
            public_url,
            sources,
            inbox,
            wake,
            sign_ins,
            room,
            refused_tokens,
            token_uses: TokenUses::default(),
            readers,
            waiting: api::changes::Waiting::default(),
            workers: Workers::default(),
        }
    }
}
