//! Who is let in, and who makes room for whom.
//!
//! A connection takes a place, and so does each request on it, for the streams of HTTP/2 and the clients behind a proxy
//! count like connections. Where no place is left, for an address or in all, the one makes room that has moved least
//! lately, among those who have not shown who they are: whoever only waits or dribbles holds nothing against a newcomer.
//! Where all are at work the newcomer waits a moment for one of them to be done.
//! Those who are known (they have signed in lately) have places kept for them, and probes a lane of their own.

mod guest;
mod places;

pub(super) use guest::{Guest, Seated, Visit, Visitor};

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
use guest::{Phase, STILL_AT_WORK};
use places::{Places, Seat};

/// How long an address is known after it has shown who it is.
const KNOWN_FOR: Duration = Duration::from_secs(3600);
/// Addresses that are known at once.
const MOST_KNOWN: usize = 4096;
/// How long a newcomer waits for a place, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(100);
/// Connections beside all others, for probes where nobody makes room.
const LANE: usize = 16;
/// Bytes of answers that may wait for their clients, of all connections together.
const UNSENT: usize = 256 << 20;
/// The share of the places that strangers cannot have: one of so many.
const RESERVE: usize = 8;

/// The places of one gateway.
#[derive(Debug)]
pub(super) struct Door {
    most: usize,
    per_address: usize,
    start: Instant,
    state: Mutex<State>,
    /// Newcomers who may wait at the same time.
    waiting: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    connections: Places<Guest>,
    lane: Places<Guest>,
    requests: Places<Visit>,
    /// Until when an address is known.
    known: HashMap<IpAddr, Instant>,
}

impl State {
    fn knows(&self, address: IpAddr, now: Instant) -> bool {
        self.known.get(&address).is_some_and(|until| now < *until)
    }
}

impl Door {
    pub(super) fn new(most: usize, per_address: usize) -> Arc<Self> {
        let waiting = Semaphore::new(most.min(Semaphore::MAX_PERMITS));
        Arc::new(Self { most, per_address, start: Instant::now(), state: Mutex::default(), waiting })
    }

    /// A place for a connection from `address`, waited for if need be; `None` where there is not even one for a probe.
    pub(super) async fn enter(self: &Arc<Self>, address: IpAddr, proxy: bool) -> Option<Seated<Guest>> {
        self.wait(|| self.connection(address, proxy, false))
            .await
            .or_else(|| self.connection(address, proxy, true))
    }

    /// A place for a request on a connection, from `address`, waited for if need be.
    pub(super) async fn visit(
        self: &Arc<Self>,
        guest: &Arc<Guest>,
        address: IpAddr,
    ) -> Option<Seated<Visit>> {
        self.wait(|| self.request(guest, address)).await
    }

    async fn wait<T>(&self, place: impl Fn() -> Option<T>) -> Option<T> {
        let found = place();
        if found.is_some() {
            return found;
        }
        let _waiting = self.waiting.try_acquire().ok()?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            sleep(LOOK).await;
            let found = place();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// A place for a connection; with `lane` one where only probes are answered.
    fn connection(self: &Arc<Self>, address: IpAddr, proxy: bool, lane: bool) -> Option<Seated<Guest>> {
        let address = neighbourhood(address);
        let now = Instant::now();
        let mut state = self.state();
        let known = proxy || state.knows(address, now);
        let State { connections, known: names, .. } = &mut *state;
        let bound = if proxy { usize::MAX } else { self.per_address };
        let place = match lane {
            false => self.admit(connections, address, bound, known, names, now),
            true => state.lane.seats.len() < LANE || state.lane.make_room(u64::MAX, |_| true),
        };
        if !place {
            return None;
        }
        state.last += 1;
        let guest = Arc::new(Guest {
            id: state.last,
            door: Arc::clone(self),
            address,
            proxy,
            lane,
            moved: AtomicU64::new(self.millis()),
            firm: AtomicUsize::new(0),
            whole: AtomicUsize::new(0),
            requests: AtomicU64::new(0),
            working: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            shut: AtomicBool::new(false),
            unsent: AtomicUsize::new(0),
            unread: AtomicBool::new(false),
            leave: Notify::new(),
        });
        let places = if lane { &mut state.lane } else { &mut state.connections };
        places.add(guest.id, &guest);
        Some(Seated(guest))
    }

    fn request(self: &Arc<Self>, guest: &Arc<Guest>, address: IpAddr) -> Option<Seated<Visit>> {
        let address = neighbourhood(address);
        let now = Instant::now();
        let mut state = self.state();
        let known = state.knows(address, now);
        let State { requests, known: names, .. } = &mut *state;
        if !self.admit(requests, address, self.per_address, known, names, now) {
            return None;
        }
        state.last += 1;
        let visit = Arc::new(Visit {
            id: state.last,
            guest: Arc::clone(guest),
            address,
            moved: AtomicU64::new(self.millis()),
            phase: Mutex::new(Phase::Stranger),
            ours: AtomicBool::new(false),
            leave: Notify::new(),
        });
        state.requests.add(visit.id, &visit);
        Some(Seated(visit))
    }

    /// Whether there is a place, after somebody has made room for it if need be.
    fn admit<T: Seat>(
        &self,
        places: &mut Places<T>,
        address: IpAddr,
        bound: usize,
        known: bool,
        names: &HashMap<IpAddr, Instant>,
        now: Instant,
    ) -> bool {
        let time = self.millis();
        if places.of(address) >= bound && !places.make_room(time, |seat| seat.address() == address) {
            return false;
        }
        let most = if known { self.most } else { self.most - self.most / RESERVE };
        let stranger =
            |seat: &T| !seat.is_proxy() && names.get(&seat.address()).is_none_or(|until| *until <= now);
        places.seats.len() < most
            || places.make_room(time, stranger)
            || (known && places.make_room(time, |_| true))
    }

    /// Ends the connections on which an answer has not moved for so long, and where too much waits to be sent those that
    /// have moved least lately.
    pub(super) fn end_stalled(&self, longest: Duration) {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        let before = self.millis().saturating_sub(longest);
        let state = self.state();
        let unsent = |guest: &Guest| guest.unsent.load(Relaxed);
        let mut all: usize = state.connections.seats.values().map(|guest| unsent(guest)).sum();
        if all > UNSENT {
            let mut waiting: Vec<_> = state.connections.seats.values().collect();
            waiting.sort_by_key(|guest| guest.moved.load(Relaxed));
            for guest in waiting {
                if all > UNSENT && unsent(guest) > 0 {
                    all = all.saturating_sub(unsent(guest));
                    guest.send_away();
                }
            }
        }
        for visit in state.requests.seats.values() {
            let stalled = visit.moved.load(Relaxed) < before && !visit.ours.load(Relaxed);
            if stalled && visit.phase() == Phase::Sending {
                visit.guest.send_away();
            }
        }
    }

    fn know(&self, address: IpAddr) {
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

    /// The door's time. It does not begin with 0, so that what has never moved stands still from the beginning.
    fn millis(&self) -> u64 {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        elapsed.saturating_add(STILL_AT_WORK)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
