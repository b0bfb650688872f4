//! Places, by address, and who is sent away from one.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

/// Something that takes a place.
pub(super) trait Seat {
    fn address(&self) -> IpAddr;
    /// When it moved last; `None` where it is not to be sent away.
    fn idle_since(&self) -> Option<u64>;
    /// Milliseconds that it may stand still.
    fn may_stand(&self) -> u64;
    fn is_proxy(&self) -> bool;
    fn send_away(&self);
}

#[derive(Debug)]
pub(super) struct Places<T> {
    pub(super) seats: HashMap<u64, Arc<T>>,
    pub(super) by: HashMap<IpAddr, usize>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { seats: HashMap::new(), by: HashMap::new() }
    }
}

impl<T: Seat> Places<T> {
    pub(super) fn add(&mut self, id: u64, seat: &Arc<T>) {
        *self.by.entry(seat.address()).or_default() += 1;
        self.seats.insert(id, Arc::clone(seat));
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Arc<T>> {
        let seat = self.seats.remove(&id)?;
        let address = seat.address();
        match self.by.get_mut(&address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.by.remove(&address)),
        }
        Some(seat)
    }

    pub(super) fn of(&self, address: IpAddr) -> usize {
        self.by.get(&address).copied().unwrap_or(0)
    }

    /// Sends away the one of those that has stood still for the longest time, at `now`.
    pub(super) fn make_room(&mut self, now: u64, among: impl Fn(&T) -> bool) -> bool {
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
