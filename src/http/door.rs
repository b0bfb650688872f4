//! Who is let in, and who makes room for whom.
//!
//! A connection takes a place, and so does each request on it, for the streams of HTTP/2 and the clients behind a proxy
//! count like connections. Where no place is left, for an address or in all, the one makes room that has moved least
//! lately, among those who have not shown who they are: whoever only waits or dribbles holds nothing against a newcomer.
//! Where all are at work the newcomer waits a moment for one of them to be done.
//! Those who are known (they have signed in lately) have places kept for them, and probes a lane of their own.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::http::Extensions;
use tokio::{
    sync::{Notify, Semaphore},
    time::{Instant, sleep},
};

use super::forwarded::neighbourhood;

/// How long an address is known after it has shown who it is.
const KNOWN_FOR: Duration = Duration::from_secs(3600);
/// Addresses that are known at once.
const MOST_KNOWN: usize = 4096;
/// Milliseconds after which whoever does not move makes room: for the network is not always quick, and a handler that has
/// all it needs is at work.
const STILL: u64 = 250;
const STILL_AT_WORK: u64 = 5_000;
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

/// One connection.
#[derive(Debug)]
pub(super) struct Guest {
    id: u64,
    door: Arc<Door>,
    address: IpAddr,
    /// A trusted proxy: known, and without a bound of its own.
    proxy: bool,
    /// It came where nobody made room: only probes are answered.
    pub(super) lane: bool,
    /// Milliseconds of the door's time when it moved last.
    moved: AtomicU64,
    /// Requests on it of callers who have shown who they are.
    firm: AtomicUsize,
    /// Requests of others, whole, that are being dealt with.
    whole: AtomicUsize,
    /// Requests that it has made.
    pub(super) requests: AtomicU64,
    /// Handlers at work for it.
    pub(super) working: AtomicU64,
    /// Grows with everything that moves.
    pub(super) steps: AtomicU64,
    /// Bytes of answers that it has not taken.
    pub(super) unsent: AtomicUsize,
    /// Its last request's body was not read to the end: it may still be sending it.
    pub(super) unread: AtomicBool,
    leave: Notify,
}

/// One request.
#[derive(Debug)]
pub(super) struct Visit {
    id: u64,
    pub(super) guest: Arc<Guest>,
    address: IpAddr,
    moved: AtomicU64,
    phase: Mutex<Phase>,
    /// The client waits for us: it is not its fault that nothing moves.
    pub(super) ours: AtomicBool,
    leave: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Who calls is not known, and its request is still coming.
    Stranger,
    /// Who calls is not known; its request is whole.
    Whole,
    /// It is.
    Welcome,
    /// The answer is on its way.
    Sending,
}

/// The caller of a request, an extension of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Visitor(Option<Arc<Visit>>);

impl Visitor {
    /// Of a request with these extensions. One that came through no door needs no welcome.
    pub(super) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }

    /// It has shown who it is: it makes no room for others any more, and its address is known.
    pub(super) fn welcome(&self) {
        if let Some(visit) = &self.0 {
            visit.welcome();
        }
    }
}

/// Something that takes a place.
trait Seat {
    fn address(&self) -> IpAddr;
    /// When it moved last; `None` where it is not to be sent away.
    fn idle_since(&self) -> Option<u64>;
    /// Milliseconds that it may stand still.
    fn may_stand(&self) -> u64;
    fn is_proxy(&self) -> bool;
    fn send_away(&self);
}

#[derive(Debug)]
struct Places<T> {
    seats: HashMap<u64, Arc<T>>,
    by: HashMap<IpAddr, usize>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { seats: HashMap::new(), by: HashMap::new() }
    }
}

impl<T: Seat> Places<T> {
    fn add(&mut self, id: u64, seat: &Arc<T>) {
        *self.by.entry(seat.address()).or_default() += 1;
        self.seats.insert(id, Arc::clone(seat));
    }

    fn remove(&mut self, id: u64) -> Option<Arc<T>> {
        let seat = self.seats.remove(&id)?;
        let address = seat.address();
        match self.by.get_mut(&address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.by.remove(&address)),
        }
        Some(seat)
    }

    fn of(&self, address: IpAddr) -> usize {
        self.by.get(&address).copied().unwrap_or(0)
    }

    /// Sends away the one of those that has stood still for the longest time, at `now`.
    fn make_room(&mut self, now: u64, among: impl Fn(&T) -> bool) -> bool {
        let still =
            |seat: &T| seat.idle_since().is_some_and(|since| since.saturating_add(seat.may_stand()) <= now);
        let idle = self.seats.iter().filter(|(_, seat)| among(seat) && still(seat));
        let longest = idle.filter_map(|(id, seat)| Some((seat.idle_since()?, *id))).min();
        match longest.and_then(|(_, id)| self.remove(id)) {
            Some(seat) => {
                seat.send_away();
                true
            }
            None => false,
        }
    }
}

impl Seat for Guest {
    fn address(&self) -> IpAddr {
        self.address
    }

    fn idle_since(&self) -> Option<u64> {
        (self.firm.load(Relaxed) == 0).then(|| self.moved.load(Relaxed))
    }

    fn may_stand(&self) -> u64 {
        if self.whole.load(Relaxed) > 0 { STILL_AT_WORK } else { STILL }
    }

    fn is_proxy(&self) -> bool {
        self.proxy
    }

    fn send_away(&self) {
        self.leave.notify_one();
    }
}

impl Seat for Visit {
    fn address(&self) -> IpAddr {
        self.address
    }

    fn idle_since(&self) -> Option<u64> {
        (self.phase() != Phase::Welcome).then(|| self.moved.load(Relaxed))
    }

    fn may_stand(&self) -> u64 {
        if self.phase() == Phase::Whole { STILL_AT_WORK } else { STILL }
    }

    fn is_proxy(&self) -> bool {
        false
    }

    /// An answer that is not taken is let go of only with its connection.
    fn send_away(&self) {
        match self.phase() {
            Phase::Sending => self.guest.send_away(),
            _ => self.leave.notify_one(),
        }
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

impl Guest {
    /// Something moved.
    pub(super) fn stir(&self) {
        self.steps.fetch_add(1, Relaxed);
        self.moved.store(self.door.millis(), Relaxed);
    }

    /// Returns when it has to make room.
    pub(super) async fn sent_away(&self) {
        self.leave.notified().await;
    }
}

impl Visit {
    fn phase(&self) -> Phase {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        let before =
            std::mem::replace(&mut *self.phase.lock().unwrap_or_else(PoisonError::into_inner), phase);
        for (counted, count) in [(Phase::Welcome, &self.guest.firm), (Phase::Whole, &self.guest.whole)] {
            match (before == counted, phase == counted) {
                (false, true) => drop(count.fetch_add(1, Relaxed)),
                (true, false) => drop(count.fetch_sub(1, Relaxed)),
                _ => {}
            }
        }
        self.stir();
    }

    /// All of its request has arrived.
    pub(super) fn whole(&self) {
        if self.phase() == Phase::Stranger {
            self.enter(Phase::Whole);
        }
    }

    fn welcome(&self) {
        self.enter(Phase::Welcome);
        self.guest.door.know(self.address);
    }

    /// The handler is done.
    pub(super) fn answered(&self) {
        self.enter(Phase::Sending);
    }

    pub(super) fn stir(&self) {
        self.moved.store(self.guest.door.millis(), Relaxed);
        self.ours.store(false, Relaxed);
        self.guest.stir();
    }

    /// Returns when it has to make room.
    pub(super) async fn sent_away(&self) {
        self.leave.notified().await;
    }
}

/// Who has a place; it is given back on drop.
#[derive(Debug)]
pub(super) struct Seated<T: GiveBack>(pub(super) Arc<T>);

/// What is left when a place is given back.
pub(super) trait GiveBack {
    fn give_back(&self);
}

impl GiveBack for Guest {
    fn give_back(&self) {
        let mut state = self.door.state();
        let places = if self.lane { &mut state.lane } else { &mut state.connections };
        places.remove(self.id);
    }
}

impl GiveBack for Visit {
    fn give_back(&self) {
        self.enter(Phase::Sending);
        self.guest.door.state().requests.remove(self.id);
    }
}

impl<T: GiveBack> Drop for Seated<T> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

impl Seated<Visit> {
    /// Lets handlers tell that they know the caller.
    pub(super) fn introduce(&self, extensions: &mut Extensions) {
        extensions.insert(Visitor(Some(Arc::clone(&self.0))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }

    /// Whether it was sent away, by now.
    fn gone(guest: &Seated<Guest>) -> bool {
        futures_util::FutureExt::now_or_never(guest.0.sent_away()).is_some()
    }

    fn enter(door: &Arc<Door>, address: IpAddr) -> Option<Seated<Guest>> {
        door.connection(address, false, false)
    }

    fn stands_still(guest: &Seated<Guest>) {
        guest.0.moved.store(0, Relaxed);
    }

    #[test]
    fn the_one_that_stands_still_for_the_longest_time_makes_room_at_its_own_address() {
        let door = Door::new(100, 3);
        let [first, second, working] = [(); 3].map(|()| enter(&door, at(1)).unwrap());
        let other = enter(&door, at(2)).unwrap();
        let visit = door.request(&working.0, at(1)).unwrap();
        visit.0.whole();
        assert!(enter(&door, at(1)).is_none(), "all have moved just now");
        first.0.moved.store(7, Relaxed);
        second.0.moved.store(5, Relaxed);
        working.0.moved.store(4, Relaxed);
        stands_still(&other);
        let _third = enter(&door, at(1)).unwrap();
        assert!(gone(&second) && ![&first, &other, &working].into_iter().any(gone));
    }

    #[test]
    fn who_is_known_is_not_sent_away_for_strangers_and_finds_a_place() {
        let door = Door::new(8, 8);
        let guests: Vec<_> = (0..7).map(|_| enter(&door, at(1)).unwrap()).collect();
        let visits: Vec<_> = guests.iter().map(|guest| door.request(&guest.0, at(1)).unwrap()).collect();
        visits.iter().for_each(|visit| visit.0.welcome());
        // All places of strangers are taken by callers who are known and at work.
        guests.iter().for_each(stands_still);
        assert!(enter(&door, at(2)).is_none());
        let known = enter(&door, at(1)).unwrap();
        drop(visits);
        // Idle now, and still known: a stranger does not push them out.
        guests.iter().for_each(stands_still);
        assert!(enter(&door, at(3)).is_none() && !guests.iter().any(gone));
        drop((guests, known));
        assert!(enter(&door, at(2)).is_some());
    }

    #[test]
    fn the_lane_is_bounded_and_nothing_is_left_behind() {
        let door = Door::new(1, 1);
        let guest = enter(&door, at(1)).unwrap();
        let visit = door.request(&guest.0, at(1)).unwrap();
        visit.0.welcome();
        assert!(door.request(&guest.0, at(1)).is_none(), "a stream counts like a connection");
        let lane: Vec<_> = (0..LANE + 3).map(|_| door.connection(at(2), false, true).unwrap()).collect();
        assert!(lane.iter().all(|guest| guest.0.lane));
        assert_eq!(lane.iter().filter(|guest| gone(guest)).count(), 3);
        drop((lane, visit));
        let counts = |count: &AtomicUsize| count.load(Relaxed);
        assert_eq!((counts(&guest.0.firm), counts(&guest.0.whole)), (0, 0));
        drop(guest);
        let state = door.state();
        assert!(state.connections.seats.is_empty() && state.connections.by.is_empty());
        assert!(
            state.lane.seats.is_empty() && state.requests.seats.is_empty() && state.requests.by.is_empty()
        );
    }

    #[test]
    fn a_network_of_ipv6_is_one_address_and_a_proxy_has_no_bound() {
        let door = Door::new(100, 1);
        let one = enter(&door, "2001:db8::1".parse().unwrap()).unwrap();
        stands_still(&one);
        let _other = enter(&door, "2001:db8::2".parse().unwrap()).unwrap();
        assert!(gone(&one));
        let proxy: Vec<_> = (0..5).map(|_| door.connection(at(1), true, false).unwrap()).collect();
        assert!(!proxy.iter().any(gone));
        // Of the requests through it each counts for its own client.
        let first = door.request(&proxy[0].0, at(7)).unwrap();
        let _second = door.request(&proxy[1].0, at(8)).unwrap();
        first.0.moved.store(0, Relaxed);
        let _third = door.request(&proxy[2].0, at(7)).unwrap();
        assert!(futures_util::FutureExt::now_or_never(first.0.sent_away()).is_some());
    }
}
