//! The polls that are under way in this process, and which of them keep it busy. Who waits for a pace, for a vendor or
//! before another try keeps nobody else from being polled.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// Polls under way, the waiting ones among them, for each that may be busy: a poll that waits costs little memory.
const WAITING: u32 = 32;

/// The slots of a process. Cheap to clone: all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct PollSlots(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: u32,
    busy: u32,
    hosts: HashMap<String, u32>,
}

impl PollSlots {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more polls may begin, where `at_once` may be busy.
    pub fn free(&self, at_once: u16) -> u16 {
        let at_once = u32::from(at_once);
        let taken = self.lock();
        let waiting = at_once.saturating_mul(WAITING).saturating_sub(taken.all);
        u16::try_from(at_once.saturating_sub(taken.busy).min(waiting)).unwrap_or(u16::MAX)
    }

    /// The slot of a poll that begins.
    pub fn take(&self) -> Arc<PollSlot> {
        let mut taken = self.lock();
        taken.all += 1;
        taken.busy += 1;
        Arc::new(PollSlot { of: self.clone(), host: Mutex::default(), waits: AtomicU32::new(0) })
    }
}

/// The slot of one poll, given back when it is dropped.
#[derive(Debug)]
pub struct PollSlot {
    of: PollSlots,
    host: Mutex<Option<String>>,
    /// What the poll waits for at this moment.
    waits: AtomicU32,
}

impl PollSlot {
    /// Whether one more poll of this host may be under way, where `at_once` may be busy: a host that hangs gets half of
    /// all at most.
    pub fn go_to(&self, host: &str, at_once: u16) -> bool {
        let mut taken = self.of.lock();
        let most = u32::from(at_once).saturating_mul(WAITING) / 2;
        let there = taken.hosts.entry(host.to_owned()).or_default();
        if *there >= most {
            return false;
        }
        *there += 1;
        *self.host.lock().unwrap_or_else(PoisonError::into_inner) = Some(host.to_owned());
        true
    }

    /// Gives the slot to others until what is returned is dropped.
    pub fn yield_slot(self: &Arc<Self>) -> YieldedSlot {
        {
            let mut taken = self.of.lock();
            if self.waits.fetch_add(1, Ordering::SeqCst) == 0 {
                taken.busy = taken.busy.saturating_sub(1);
            }
        }
        YieldedSlot { slot: Some(Arc::clone(self)) }
    }
}

impl Drop for PollSlot {
    fn drop(&mut self) {
        let host = self.host.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let mut taken = self.of.lock();
        taken.all = taken.all.saturating_sub(1);
        taken.busy = taken.busy.saturating_sub(1);
        let Some(host) = host else { return };
        if let Some(there) = taken.hosts.get_mut(&host) {
            *there = there.saturating_sub(1);
            if *there == 0 {
                taken.hosts.remove(&host);
            }
        }
    }
}

/// Held while something is waited for.
#[derive(Debug, Default)]
pub struct YieldedSlot {
    slot: Option<Arc<PollSlot>>,
}

impl Drop for YieldedSlot {
    fn drop(&mut self) {
        let Some(slot) = self.slot.take() else { return };
        let mut taken = slot.of.lock();
        if slot.waits.fetch_sub(1, Ordering::SeqCst) == 1 {
            taken.busy += 1;
        }
        // The slot itself may be dropped by this.
        drop(taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_leaves_the_place_to_others_and_comes_back_to_it() {
        let slots = PollSlots::default();
        let one = slots.take();
        assert_eq!(slots.free(2), 1);
        let (first, second) = (one.yield_slot(), one.yield_slot());
        assert_eq!(slots.free(2), 2);
        drop(first);
        assert_eq!(slots.free(2), 2, "it still waits for something");
        drop(second);
        assert_eq!(slots.free(2), 1);
        let waiting = one.yield_slot();
        drop(one);
        drop(waiting);
        assert_eq!(slots.free(2), 2);
        assert_eq!(slots.lock().all, 0);
    }

    #[test]
    fn those_that_wait_have_a_bound_and_a_host_has_half_of_it() {
        let slots = PollSlots::default();
        let mut waiting = Vec::new();
        for number in 0..32 {
            let slot = slots.take();
            assert_eq!(slot.go_to("slow.example", 1), number < 16, "{number}");
            waiting.push(slot.yield_slot());
        }
        assert_eq!(slots.free(1), 0);
        assert!(slots.take().go_to("other.example", 1));
        waiting.clear();
        assert_eq!(slots.free(1), 1);
        assert!(slots.lock().hosts.is_empty());
    }
}
