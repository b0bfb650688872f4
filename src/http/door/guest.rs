//! Connections and requests, as the door knows them.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use axum::http::Extensions;
use tokio::sync::Notify;

use super::{Door, places::Seat};

/// Milliseconds after which whoever does not move makes room: for the network is not always quick, and a handler that has
/// all it needs is at work.
const STILL: u64 = 250;
pub(super) const STILL_AT_WORK: u64 = 5_000;

/// One connection.
#[derive(Debug)]
pub(in crate::http) struct Guest {
    pub(super) id: u64,
    pub(super) door: Arc<Door>,
    pub(super) address: IpAddr,
    /// A trusted proxy: known, and without a bound of its own.
    pub(super) proxy: bool,
    /// It came where nobody made room: only probes are answered.
    pub(in crate::http) lane: bool,
    /// Milliseconds of the door's time when it moved last.
    pub(super) moved: AtomicU64,
    /// Requests on it of callers who have shown who they are.
    pub(super) firm: AtomicUsize,
    /// Requests of others, whole, that are being dealt with.
    pub(super) whole: AtomicUsize,
    /// Requests that it has made.
    pub(in crate::http) requests: AtomicU64,
    /// Handlers at work for it.
    pub(in crate::http) working: AtomicU64,
    /// Grows with everything that moves.
    pub(in crate::http) steps: AtomicU64,
    /// Grows with what it takes of us.
    pub(in crate::http) taken: AtomicU64,
    /// All that we say is said.
    pub(in crate::http) shut: AtomicBool,
    /// Bytes of answers that it has not taken.
    pub(in crate::http) unsent: AtomicUsize,
    /// Its last request's body was not read to the end: it may still be sending it.
    pub(in crate::http) unread: AtomicBool,
    pub(super) leave: Notify,
}

/// One request.
#[derive(Debug)]
pub(in crate::http) struct Visit {
    pub(super) id: u64,
    pub(in crate::http) guest: Arc<Guest>,
    pub(super) address: IpAddr,
    pub(super) moved: AtomicU64,
    pub(super) phase: Mutex<Phase>,
    /// The client waits for us: it is not its fault that nothing moves.
    pub(in crate::http) ours: AtomicBool,
    pub(super) leave: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
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
pub(in crate::http) struct Visitor(Option<Arc<Visit>>);

impl Visitor {
    /// Of a request with these extensions. One that came through no door needs no welcome.
    pub(in crate::http) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }

    /// It has shown who it is: it makes no room for others any more, and its address is known.
    pub(in crate::http) fn welcome(&self) {
        if let Some(visit) = &self.0 {
            visit.welcome();
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

impl Guest {
    /// Something moved.
    pub(in crate::http) fn stir(&self) {
        self.steps.fetch_add(1, Relaxed);
        self.moved.store(self.door.millis(), Relaxed);
    }

    /// Returns when it has to make room.
    pub(in crate::http) async fn sent_away(&self) {
        self.leave.notified().await;
    }
}

impl Visit {
    pub(super) fn phase(&self) -> Phase {
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
    pub(in crate::http) fn whole(&self) {
        if self.phase() == Phase::Stranger {
            self.enter(Phase::Whole);
        }
    }

    pub(super) fn welcome(&self) {
        self.enter(Phase::Welcome);
        self.guest.door.know(self.address);
    }

    /// The handler is done.
    pub(in crate::http) fn answered(&self) {
        self.enter(Phase::Sending);
    }

    pub(in crate::http) fn stir(&self) {
        self.moved.store(self.guest.door.millis(), Relaxed);
        self.ours.store(false, Relaxed);
        self.guest.stir();
    }

    /// Returns when it has to make room.
    pub(in crate::http) async fn sent_away(&self) {
        self.leave.notified().await;
    }
}

/// Who has a place; it is given back on drop.
#[derive(Debug)]
pub(in crate::http) struct Seated<T: GiveBack>(pub(in crate::http) Arc<T>);

/// What is left when a place is given back.
pub(in crate::http) trait GiveBack {
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
    pub(in crate::http) fn introduce(&self, extensions: &mut Extensions) {
        extensions.insert(Visitor(Some(Arc::clone(&self.0))));
    }
}
