//! Limits open connections and requests, per address and in total, and decides which idle one is closed first.
//!
//! A connection takes a slot, and so does each request on it: the streams of HTTP/2 and the clients behind a proxy
//! count like connections. If no slot is free, for an address or in total, the unauthenticated connection or request
//! that has been idle for the longest time is evicted, so clients that only wait, or send slowly, cannot keep newcomers
//! out. If none is idle, the newcomer waits a moment for a slot.
//!
//! Addresses that have authenticated lately have slots reserved for them. Probes have slots of their own.

mod slots;
mod tracked;

pub(super) use tracked::{Admitted, ClientConnection, Exchange, ExchangeHandle};

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore},
    time::{Instant, sleep},
};

use super::forwarded::neighbourhood;
use slots::{Evictable, Slots};
use tracked::{HANDLING_LIMIT, Phase};

/// How long an address counts as known after a request from it was authenticated.
const KNOWN_FOR: Duration = Duration::from_hours(1);
/// Known addresses that are remembered at the same time.
const MOST_KNOWN: usize = 4096;
/// How long a newcomer waits for a slot, and how often it tries.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
const RETRY_EVERY: Duration = Duration::from_millis(100);
/// Connections beyond the limit, for probes, when all slots are taken and none is idle.
const PROBE_SLOTS: usize = 16;
/// Bytes of answers that may wait to be sent, over all connections.
const UNSENT: usize = 256 << 20;
/// One in so many slots is reserved for known addresses.
const RESERVED_SHARE: usize = 8;

/// Admits the connections and requests of one gateway.
#[derive(Debug)]
pub(super) struct Admission {
    most: usize,
    per_address: usize,
    start: Instant,
    state: Mutex<State>,
    /// Bounds how many newcomers may wait at the same time.
    waiting: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    connections: Slots<ClientConnection>,
    probes: Slots<ClientConnection>,
    requests: Slots<Exchange>,
    /// The known addresses, each with the time when it stops being known.
    known: HashMap<IpAddr, Instant>,
}

impl State {
    fn is_known(&self, address: IpAddr, now: Instant) -> bool {
        self.known.get(&address).is_some_and(|until| now < *until)
    }
}

impl Admission {
    pub(super) fn new(most: usize, per_address: usize) -> Arc<Self> {
        let waiting = Semaphore::new(most.min(Semaphore::MAX_PERMITS));
        Arc::new(Self { most, per_address, start: Instant::now(), state: Mutex::default(), waiting })
    }

    /// Admits a connection from `address`; waits if no slot is free. `None` if there is not even a slot for probes.
    pub(super) async fn admit_connection(
        self: &Arc<Self>,
        address: IpAddr,
        proxy: bool,
    ) -> Option<Admitted<ClientConnection>> {
        self.wait_for(|| self.try_connection(address, proxy, false))
            .await
            .or_else(|| self.try_connection(address, proxy, true))
    }

    /// Admits a request from `address` on a connection; waits if no slot is free.
    pub(super) async fn admit_exchange(
        self: &Arc<Self>,
        client: &Arc<ClientConnection>,
        address: IpAddr,
    ) -> Option<Admitted<Exchange>> {
        self.wait_for(|| self.try_exchange(client, address)).await
    }

    async fn wait_for<T>(&self, slot: impl Fn() -> Option<T>) -> Option<T> {
        let found = slot();
        if found.is_some() {
            return found;
        }
        let _waiting = self.waiting.try_acquire().ok()?;
        let end = Instant::now() + LONGEST_WAIT;
        while Instant::now() < end {
            sleep(RETRY_EVERY).await;
            let found = slot();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Takes a slot for a connection; with `probes_only` a slot on which only probes are answered.
    fn try_connection(
        self: &Arc<Self>,
        address: IpAddr,
        proxy: bool,
        probes_only: bool,
    ) -> Option<Admitted<ClientConnection>> {
        let address = neighbourhood(address);
        let now = Instant::now();
        let mut state = self.state();
        let known = proxy || state.is_known(address, now);
        let State { connections, known: known_addresses, .. } = &mut *state;
        let bound = if proxy { usize::MAX } else { self.per_address };
        let free = match probes_only {
            false => self.find_slot(connections, address, bound, known, known_addresses, now),
            true => state.probes.entries.len() < PROBE_SLOTS || state.probes.evict_idlest(u64::MAX, |_| true),
        };
        if !free {
            return None;
        }
        state.last += 1;
        let client = Arc::new(ClientConnection {
            id: state.last,
            admission: Arc::clone(self),
            address,
            proxy,
            probes_only,
            last_activity: AtomicU64::new(self.millis()),
            authenticated_exchanges: AtomicUsize::new(0),
            handling: AtomicUsize::new(0),
            requests: AtomicU64::new(0),
            active_handlers: AtomicU64::new(0),
            activity: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            write_shut: AtomicBool::new(false),
            unsent: AtomicUsize::new(0),
            unread: AtomicBool::new(false),
            eviction: Notify::new(),
        });
        let slots = if probes_only { &mut state.probes } else { &mut state.connections };
        slots.add(client.id, &client);
        Some(Admitted(client))
    }

    fn try_exchange(
        self: &Arc<Self>,
        client: &Arc<ClientConnection>,
        address: IpAddr,
    ) -> Option<Admitted<Exchange>> {
        let address = neighbourhood(address);
        let now = Instant::now();
        let mut state = self.state();
        let known = state.is_known(address, now);
        let State { requests, known: known_addresses, .. } = &mut *state;
        if !self.find_slot(requests, address, self.per_address, known, known_addresses, now) {
            return None;
        }
        state.last += 1;
        let exchange = Arc::new(Exchange {
            id: state.last,
            client: Arc::clone(client),
            address,
            last_activity: AtomicU64::new(self.millis()),
            phase: Mutex::new(Phase::Receiving),
            waits_for_server: AtomicBool::new(false),
            eviction: Notify::new(),
        });
        state.requests.add(exchange.id, &exchange);
        Some(Admitted(exchange))
    }

    /// Whether a slot is free, if need be after evicting an idle holder.
    fn find_slot<T: Evictable>(
        &self,
        slots: &mut Slots<T>,
        address: IpAddr,
        bound: usize,
        known: bool,
        known_addresses: &HashMap<IpAddr, Instant>,
        now: Instant,
    ) -> bool {
        let time = self.millis();
        if slots.of(address) >= bound && !slots.evict_idlest(time, |entry| entry.address() == address) {
            return false;
        }
        let most = if known { self.most } else { self.most - self.most / RESERVED_SHARE };
        let stranger = |entry: &T| {
            !entry.is_proxy() && known_addresses.get(&entry.address()).is_none_or(|until| *until <= now)
        };
        slots.entries.len() < most
            || slots.evict_idlest(time, stranger)
            || (known && slots.evict_idlest(time, |_| true))
    }

    /// Evicts the connections on which an answer has not moved for `longest`; and if too many bytes wait to be sent,
    /// those that have been idle for the longest time.
    pub(super) fn end_stalled(&self, longest: Duration) {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        let before = self.millis().saturating_sub(longest);
        let state = self.state();
        let unsent = |client: &ClientConnection| client.unsent.load(Relaxed);
        let mut all: usize = state.connections.entries.values().map(|client| unsent(client)).sum();
        if all > UNSENT {
            let mut waiting: Vec<_> = state.connections.entries.values().collect();
            waiting.sort_by_key(|client| client.last_activity.load(Relaxed));
            for client in waiting {
                if all > UNSENT && unsent(client) > 0 {
                    all = all.saturating_sub(unsent(client));
                    client.evict();
                }
            }
        }
        for exchange in state.requests.entries.values() {
            let stalled =
                exchange.last_activity.load(Relaxed) < before && !exchange.waits_for_server.load(Relaxed);
            if stalled && exchange.phase() == Phase::Responding {
                exchange.client.evict();
            }
        }
    }

    fn remember(&self, address: IpAddr) {
        let now = Instant::now();
        let mut state = self.state();
        if state.known.len() >= MOST_KNOWN && !state.known.contains_key(&address) {
            state.known.retain(|_, until| now < *until);
            let first = state.known.iter().min_by_key(|(_, until)| **until).map(|(first, _)| *first);
            if let Some(first) = first.filter(|_| state.known.len() >= MOST_KNOWN) {
                state.known.remove(&first);
            }
        }
        state.known.insert(address, now + KNOWN_FOR);
    }

    /// Milliseconds since the start. They do not begin with 0, so that 0 counts as idle from the beginning.
    fn millis(&self) -> u64 {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        elapsed.saturating_add(HANDLING_LIMIT)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
