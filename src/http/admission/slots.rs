//! Slots, counted per address, and the choice of the holder that is evicted.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

/// The holder of a slot.
pub(super) trait Evictable {
    fn address(&self) -> IpAddr;
    /// When there was activity last, in milliseconds; `None` for one that must not be evicted.
    fn idle_since(&self) -> Option<u64>;
    /// Milliseconds without activity after which it may be evicted.
    fn idle_limit(&self) -> u64;
    fn is_proxy(&self) -> bool;
    fn evict(&self);
}

#[derive(Debug)]
pub(super) struct Slots<T> {
    pub(super) entries: HashMap<u64, Arc<T>>,
    pub(super) per_address: HashMap<IpAddr, usize>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), per_address: HashMap::new() }
    }
}

impl<T: Evictable> Slots<T> {
    pub(super) fn add(&mut self, id: u64, entry: &Arc<T>) {
        *self.per_address.entry(entry.address()).or_default() += 1;
        self.entries.insert(id, Arc::clone(entry));
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Arc<T>> {
        let entry = self.entries.remove(&id)?;
        let address = entry.address();
        match self.per_address.get_mut(&address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.per_address.remove(&address)),
        }
        Some(entry)
    }

    pub(super) fn of(&self, address: IpAddr) -> usize {
        self.per_address.get(&address).copied().unwrap_or(0)
    }

    /// Evicts, of those that are `among` the candidates, the one that has been idle for the longest time at `now`.
    pub(super) fn evict_idlest(&mut self, now: u64, among: impl Fn(&T) -> bool) -> bool {
        let still = |entry: &T| {
            entry.idle_since().is_some_and(|since| since.saturating_add(entry.idle_limit()) <= now)
        };
        let idle = self.entries.iter().filter(|(_, entry)| among(entry) && still(entry));
        let longest = idle.filter_map(|(id, entry)| Some((entry.idle_since()?, *id))).min();
        match longest.and_then(|(_, id)| self.remove(id)) {
            Some(entry) => {
                entry.evict();
                true
            }
            None => false,
        }
    }
}
