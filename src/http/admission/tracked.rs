//! The connections and requests that hold slots.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use axum::http::Extensions;
use tokio::sync::Notify;

use super::{Admission, slots::Evictable};

/// Milliseconds without activity after which a connection or request may be evicted. The network is not always quick,
/// and a handler that has the whole request is at work.
const IDLE_LIMIT: u64 = 250;
pub(super) const HANDLING_LIMIT: u64 = 5_000;

/// An open connection.
#[derive(Debug)]
pub(in crate::http) struct ClientConnection {
    pub(super) id: u64,
    pub(super) admission: Arc<Admission>,
    pub(super) address: IpAddr,
    /// The peer is a trusted proxy: it is known, and has no limit of its own.
    pub(super) proxy: bool,
    /// It took a slot for probes: only probes are answered.
    pub(in crate::http) probes_only: bool,
    /// When there was activity last, in [`Admission::millis`].
    pub(super) last_activity: AtomicU64,
    /// Its authenticated requests.
    pub(super) authenticated_exchanges: AtomicUsize,
    /// Its requests that have arrived, are not authenticated, and are being handled.
    pub(super) handling: AtomicUsize,
    /// Requests that came on it.
    pub(in crate::http) requests: AtomicU64,
    /// Its handlers that are running.
    pub(in crate::http) active_handlers: AtomicU64,
    /// Grows with each read and write.
    pub(in crate::http) activity: AtomicU64,
    /// Grows with each write that the client takes.
    pub(in crate::http) writes: AtomicU64,
    /// Our half of the connection is shut down: all was sent.
    pub(in crate::http) write_shut: AtomicBool,
    /// Bytes of answers that were not sent yet.
    pub(in crate::http) unsent: AtomicUsize,
    /// The body of its last request was not read to the end: the client may still be sending it.
    pub(in crate::http) unread: AtomicBool,
    pub(super) eviction: Notify,
}

/// One request and its answer.
#[derive(Debug)]
pub(in crate::http) struct Exchange {
    pub(super) id: u64,
    pub(in crate::http) client: Arc<ClientConnection>,
    pub(super) address: IpAddr,
    pub(super) last_activity: AtomicU64,
    pub(super) phase: Mutex<Phase>,
    /// The client waits for the gateway: that nothing moves is not the client's fault.
    pub(in crate::http) waits_for_server: AtomicBool,
    pub(super) eviction: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The request is not authenticated, and is still arriving.
    Receiving,
    /// The request is not authenticated, has arrived, and is being handled.
    Handling,
    /// The request is authenticated, and is being handled.
    Authenticated,
    /// The answer is being sent.
    Responding,
}

/// An extension of each request, by which handlers report that they authenticated it.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct ExchangeHandle(Option<Arc<Exchange>>);

impl ExchangeHandle {
    /// The handle of the request with these extensions. It does nothing for a request that took no slot.
    pub(in crate::http) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }

    /// Reports that the request is authenticated: it is not evicted any more, and its address is known.
    pub(in crate::http) fn authenticated(&self) {
        if let Some(exchange) = &self.0 {
            exchange.authenticated();
        }
    }
}

impl Evictable for ClientConnection {
    fn address(&self) -> IpAddr {
        self.address
    }

    fn idle_since(&self) -> Option<u64> {
        (self.authenticated_exchanges.load(Relaxed) == 0).then(|| self.last_activity.load(Relaxed))
    }

    fn idle_limit(&self) -> u64 {
        if self.handling.load(Relaxed) > 0 { HANDLING_LIMIT } else { IDLE_LIMIT }
    }

    fn is_proxy(&self) -> bool {
        self.proxy
    }

    fn evict(&self) {
        self.eviction.notify_one();
    }
}

impl Evictable for Exchange {
    fn address(&self) -> IpAddr {
        self.address
    }

    fn idle_since(&self) -> Option<u64> {
        (self.phase() != Phase::Authenticated).then(|| self.last_activity.load(Relaxed))
    }

    fn idle_limit(&self) -> u64 {
        if self.phase() == Phase::Handling { HANDLING_LIMIT } else { IDLE_LIMIT }
    }

    fn is_proxy(&self) -> bool {
        false
    }

    /// An answer that the client does not take can only be ended with its connection.
    fn evict(&self) {
        match self.phase() {
            Phase::Responding => self.client.evict(),
            _ => self.eviction.notify_one(),
        }
    }
}

impl ClientConnection {
    /// Notes activity.
    pub(in crate::http) fn touch(&self) {
        self.activity.fetch_add(1, Relaxed);
        self.last_activity.store(self.admission.millis(), Relaxed);
    }

    /// Returns when this connection is evicted.
    pub(in crate::http) async fn evicted(&self) {
        self.eviction.notified().await;
    }
}

impl Exchange {
    pub(super) fn phase(&self) -> Phase {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_phase(&self, phase: Phase) {
        let before =
            std::mem::replace(&mut *self.phase.lock().unwrap_or_else(PoisonError::into_inner), phase);
        for (counted, count) in [
            (Phase::Authenticated, &self.client.authenticated_exchanges),
            (Phase::Handling, &self.client.handling),
        ] {
            match (before == counted, phase == counted) {
                (false, true) => drop(count.fetch_add(1, Relaxed)),
                (true, false) => drop(count.fetch_sub(1, Relaxed)),
                _ => {}
            }
        }
        self.touch();
    }

    /// Notes that all of the request has arrived.
    pub(in crate::http) fn request_complete(&self) {
        if self.phase() == Phase::Receiving {
            self.set_phase(Phase::Handling);
        }
    }

    pub(super) fn authenticated(&self) {
        self.set_phase(Phase::Authenticated);
        self.client.admission.remember(self.address);
    }

    /// Notes that the handler has answered.
    pub(in crate::http) fn responding(&self) {
        self.set_phase(Phase::Responding);
    }

    pub(in crate::http) fn touch(&self) {
        self.last_activity.store(self.client.admission.millis(), Relaxed);
        self.waits_for_server.store(false, Relaxed);
        self.client.touch();
    }

    /// Returns when this request is evicted.
    pub(in crate::http) async fn evicted(&self) {
        self.eviction.notified().await;
    }
}

/// A connection or request that holds a slot; the slot is released on drop.
#[derive(Debug)]
pub(in crate::http) struct Admitted<T: Release>(pub(in crate::http) Arc<T>);

/// How a slot is released.
pub(in crate::http) trait Release {
    fn release(&self);
}

impl Release for ClientConnection {
    fn release(&self) {
        let mut state = self.admission.state();
        let slots = if self.probes_only { &mut state.probes } else { &mut state.connections };
        slots.remove(self.id);
    }
}

impl Release for Exchange {
    fn release(&self) {
        self.set_phase(Phase::Responding);
        self.client.admission.state().requests.remove(self.id);
    }
}

impl<T: Release> Drop for Admitted<T> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl Admitted<Exchange> {
    /// Gives handlers an [`ExchangeHandle`].
    pub(in crate::http) fn attach_to(&self, extensions: &mut Extensions) {
        extensions.insert(ExchangeHandle(Some(Arc::clone(&self.0))));
    }
}
