//! The HTTP side of the gateway.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`server`] | the accept loop: connections, their limits, TLS, graceful shutdown |
//! | `server_limits` | the limits of the accept loop and its connections |
//! | `admission` | limits open connections and requests, and evicts idle ones |
//! | `connection` | serves one connection: HTTP/1.1 or HTTP/2, until it ends or is idle for too long |
//! | `socket` | the bytes of a connection: read ahead, and closed when the client takes none |
//! | `bodies` | the bodies of requests and answers, and the rate that they must keep |
//! | `cookies` | the cookies by which browsers show who calls |
//! | `csrf` | keeps other sites from acting in the name of whoever is signed in |
//! | [`memory_budget`] | bounds the memory for the bodies of unauthenticated callers |
//! | `log_throttle` | limits log lines to one a minute and address, or outage |
//! | `peer`, `stop` | extensions of each request: the client's address, and the signal that the gateway stops |
//! | `forwarded` | finds the client's address behind trusted proxies |
//! | [`tls`] | the certificate, loaded at the start and reloaded |
//! | [`layers`] | the layers that each request passes through |
//! | `request_id` | the ID of a request, in the log and in the answer |
//! | `document` | the OpenAPI document, without its routes |
//! | `representation` | entity tags and compression of JSON answers |
//! | `negotiation` | parses `Accept-Encoding` and `If-None-Match` |
//! | `decode` | decodes bodies and queries, with errors that name the place |
//! | [`oidc`] | signing in with an identity provider |
//! | [`limits`] | limits that a route chooses: the size of its body, the time to answer |
//! | [`problem`] | errors as `application/problem+json` |
//! | [`RefusedTokens`] | counts and logs tokens that are not valid |
//! | [`TokenUses`] | records when tokens and sessions were used |
//! | [`qbwc`] | the Web Connector service |
//! | [`webhooks`] | takes the messages that source systems send |
//! | `policy` | lets the policy answer before a wrong query or body is explained |
//! | [`extract`] | axum's extractors, with our errors |
//! | [`router`] | the route table of the whole gateway |
//! | [`api`] | the REST API under `/v1` |
//! | `pages` | the pages for people |
//! | [`operations`] | probes, metrics, and the API's description |

mod admission;
pub mod api;
mod bodies;
mod connection;
mod cookies;
mod csrf;
mod decode;
mod document;
pub mod extract;
mod forwarded;
pub mod layers;
pub mod limits;
mod log_throttle;
pub mod memory_budget;
mod negotiation;
pub mod oidc;
pub mod operations;
mod pages;
pub mod peer;
mod policy;
pub mod problem;
pub mod qbwc;
mod refused_tokens;
mod representation;
mod request_id;
pub mod router;
pub mod server;
mod server_limits;
mod socket;
mod stop;
pub mod tls;
mod token_uses;
pub mod webhooks;

pub use refused_tokens::RefusedTokens;
pub use token_uses::TokenUses;

use std::sync::Arc;

use memory_budget::MemoryBudget;
use tokio::sync::{Notify, Semaphore};

use crate::{
    clock::Ambient,
    config::PageSettings,
    connectors::identity::Providers,
    connectors::mail::Mailer,
    service::sign_in::Desk,
    store::Store,
    sync::{
        inbox::{Inbox, SEALED_KEPT},
        source_access::SourceAccess,
        vault::Vault,
    },
    threads::Threads,
    workers::board::Workers,
};

/// Answers of QuickBooks that are read at the same time.
const READERS: usize = 128;

/// Mails with links for another password that are under way at the same time.
const RESET_MAILS: usize = 8;

/// The state that every route works with.
#[derive(Clone)]
pub struct Gateway {
    pub store: Store,
    pub ambient: Ambient,
    /// Seals and opens the secrets of connections.
    pub vault: Vault,
    /// The address by which others reach this gateway, without a trailing slash: it goes into `.qwc` files and links.
    pub public_url: url::Url,
    /// Calls the sources that are polled.
    pub sources: SourceAccess,
    /// Takes the messages of webhooks.
    pub inbox: Inbox,
    /// Wakes the worker when lists were requested.
    pub wake: Arc<Notify>,
    /// Counts failed sign-ins of Web Connectors.
    pub sign_ins: qbwc::SignIns,
    /// Bounds the memory for the bodies of unauthenticated callers.
    pub unverified_bodies: MemoryBudget,
    /// Counts and logs tokens that are not valid.
    pub refused_tokens: RefusedTokens,
    /// Records when tokens and sessions were used.
    pub token_uses: TokenUses,
    /// Keeps an outage from writing a line for each call of a Web Connector.
    pub(in crate::http) outages: Arc<log_throttle::OutageThrottle>,
    /// The threads on which answers of QuickBooks are read.
    pub readers: Threads,
    /// Limits the readers that wait for the change feed to grow.
    pub waiting_readers: api::changes::WaitingReaders,
    /// What pages may do.
    pub pages: Arc<PageSettings>,
    /// Sends mail to people; `None` where no server is set.
    pub mailer: Option<Mailer>,
    /// Limits the mails that strangers may ask for and that are under way at once.
    pub reset_mails: Arc<Semaphore>,
    /// The health of the background workers.
    pub workers: Workers,
    /// The identity providers that people may sign in with.
    pub identity: Providers,
}

impl Gateway {
    /// Must be called within a runtime: the inbox gathers messages in a task of its own.
    pub fn new(sources: SourceAccess) -> Self {
        let SourceAccess { store, ambient, vault, public_url, .. } = sources.clone();
        let inbox = Inbox::start(store.clone(), ambient.clone()).sealing(vault.clone(), SEALED_KEPT);
        let readers = Threads::new("qbwc-reader", READERS);
        let (unverified_bodies, wake, refused_tokens) =
            (MemoryBudget::default(), Arc::default(), RefusedTokens::default());
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
            unverified_bodies,
            refused_tokens,
            token_uses: TokenUses::default(),
            outages: Arc::default(),
            readers,
            waiting_readers: api::changes::WaitingReaders::default(),
            pages: Arc::default(),
            mailer: None,
            reset_mails: Arc::new(Semaphore::new(RESET_MAILS)),
            workers: Workers::default(),
            identity: Providers::default(),
        }
    }

    /// What signing in works with.
    pub(crate) fn desk(&self) -> Desk {
        Desk { store: self.store.clone(), ambient: self.ambient.clone(), vault: self.vault.clone() }
    }
}
