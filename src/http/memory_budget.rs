//! Bounds the memory for the bodies of callers that are not authenticated yet.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::forwarded::neighbourhood;

/// Bytes of all such bodies together, beside [`UNCOUNTED`] of each.
const TOTAL: usize = 160 << 20;
/// Bytes of the bodies from one address: no address can use up the budget of all.
const PER_ADDRESS: usize = 40 << 20;
/// Bytes of each body that are not counted: a small call is never refused because others have used up the budget.
const UNCOUNTED: usize = 64 << 10;

/// The budget. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryBudget(Arc<Mutex<Reserved>>);

#[derive(Debug, Default)]
struct Reserved {
    total: usize,
    per_address: HashMap<IpAddr, usize>,
}

/// The budget, or that of the address, is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetExhausted;

/// The memory of one body; it is given back on drop.
#[derive(Debug)]
pub struct Reservation {
    budget: MemoryBudget,
    address: IpAddr,
    bytes: usize,
}

impl MemoryBudget {
    /// Begins a reservation for a body from `address`.
    pub fn reserve(&self, address: IpAddr) -> Reservation {
        Reservation { budget: self.clone(), address: neighbourhood(address), bytes: 0 }
    }

    fn reserved(&self) -> MutexGuard<'_, Reserved> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Reserves so many bytes more.
    pub fn grow(&mut self, bytes: usize) -> Result<(), BudgetExhausted> {
        let before = self.bytes.saturating_sub(UNCOUNTED);
        let whole = self.bytes.saturating_add(bytes);
        let more = whole.saturating_sub(UNCOUNTED) - before;
        if more > 0 {
            let mut reserved = self.budget.reserved();
            let from_address = reserved.per_address.get(&self.address).copied().unwrap_or(0);
            if reserved.total.saturating_add(more) > TOTAL || from_address.saturating_add(more) > PER_ADDRESS
            {
                return Err(BudgetExhausted);
            }
            reserved.total += more;
            reserved.per_address.insert(self.address, from_address + more);
        }
        self.bytes = whole;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let counted = self.bytes.saturating_sub(UNCOUNTED);
        if counted == 0 {
            return;
        }
        let mut reserved = self.budget.reserved();
        reserved.total = reserved.total.saturating_sub(counted);
        let left = reserved.per_address.get(&self.address).copied().unwrap_or(0).saturating_sub(counted);
        match left {
            0 => drop(reserved.per_address.remove(&self.address)),
            _ => drop(reserved.per_address.insert(self.address, left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_takes_its_share_and_all_together_the_whole() {
        let budget = MemoryBudget::default();
        let at = |n: u8| IpAddr::from([192, 0, 2, n]);
        let mut held: Vec<Reservation> = Vec::new();
        for n in 0..4 {
            let mut one = budget.reserve(at(n));
            one.grow(PER_ADDRESS + UNCOUNTED).unwrap();
            assert_eq!(one.grow(1), Err(BudgetExhausted), "beyond its share");
            held.push(one);
        }
        let mut late = budget.reserve(at(9));
        late.grow(UNCOUNTED).unwrap();
        assert_eq!(late.grow(1), Err(BudgetExhausted), "the room is full, but a small body needs none");
        held.clear();
        late.grow(PER_ADDRESS).unwrap();
        drop(late);
        let reserved = budget.reserved();
        assert_eq!((reserved.total, reserved.per_address.len()), (0, 0), "nothing is left behind");
    }
}
