//! What the bodies of unknown callers may take together: bytes that are held before anybody has shown who he is.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::forwarded::neighbourhood;

/// Bytes of all such bodies together, beside [`FREE`] of each.
const ALL: usize = 160 << 20;
/// Bytes of those of one address: nobody takes the room of all others.
const SHARE: usize = 40 << 20;
/// Bytes of each body that need no room: an ordinary call is not refused where others have filled it.
const FREE: usize = 64 << 10;

/// The room. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Room(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by: HashMap<IpAddr, usize>,
}

/// There is no room for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// What one body takes; given back on drop.
#[derive(Debug)]
pub struct Held {
    room: Room,
    address: IpAddr,
    bytes: usize,
}

impl Room {
    /// For a body from `address`, of which nothing has been read.
    pub fn enter(&self, address: IpAddr) -> Held {
        Held { room: self.clone(), address: neighbourhood(address), bytes: 0 }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Takes room for so many bytes more.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let before = self.bytes.saturating_sub(FREE);
        let whole = self.bytes.saturating_add(bytes);
        let more = whole.saturating_sub(FREE) - before;
        if more > 0 {
            let mut taken = self.room.taken();
            let of_address = taken.by.get(&self.address).copied().unwrap_or(0);
            if taken.all.saturating_add(more) > ALL || of_address.saturating_add(more) > SHARE {
                return Err(Full);
            }
            taken.all += more;
            taken.by.insert(self.address, of_address + more);
        }
        self.bytes = whole;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let counted = self.bytes.saturating_sub(FREE);
        if counted == 0 {
            return;
        }
        let mut taken = self.room.taken();
        taken.all = taken.all.saturating_sub(counted);
        let left = taken.by.get(&self.address).copied().unwrap_or(0).saturating_sub(counted);
        match left {
            0 => drop(taken.by.remove(&self.address)),
            _ => drop(taken.by.insert(self.address, left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_takes_its_share_and_all_together_the_whole() {
        let room = Room::default();
        let at = |n: u8| IpAddr::from([192, 0, 2, n]);
        let mut held: Vec<Held> = Vec::new();
        for n in 0..4 {
            let mut one = room.enter(at(n));
            one.grow(SHARE + FREE).unwrap();
            assert_eq!(one.grow(1), Err(Full), "beyond its share");
            held.push(one);
        }
        let mut late = room.enter(at(9));
        late.grow(FREE).unwrap();
        assert_eq!(late.grow(1), Err(Full), "the room is full, but a small body needs none");
        held.clear();
        late.grow(SHARE).unwrap();
        drop(late);
        let taken = room.taken();
        assert_eq!((taken.all, taken.by.len()), (0, 0), "nothing is left behind");
    }
}
