//! What a transaction has locked, and in which order it may. Builds with debug assertions, so all tests, fail where it goes
//! against the order of [`super::locks`], whoever begins anew or locks a row by writing it.

#[cfg(debug_assertions)]
use std::collections::BTreeSet;

use crate::domain::words::List;

/// What of a connection is locked, first things first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lock {
    Inbox,
    Connection,
    Poll,
    List(List),
}

/// What a transaction has locked: builds with debug assertions look at it, others keep nothing.
#[derive(Default)]
pub(super) struct Order {
    #[cfg(debug_assertions)]
    held: BTreeSet<(String, Lock)>,
    /// The last company whose feed it has locked.
    #[cfg(debug_assertions)]
    feed: Option<String>,
}

#[cfg(debug_assertions)]
impl Order {
    pub(super) fn take(&mut self, connection_id: &str, lock: Lock) {
        let feed = &self.feed;
        debug_assert!(feed.is_none(), "{connection_id} {lock:?} is locked after the feed of {feed:?}");
        let new = (connection_id.to_owned(), lock);
        if !self.held.contains(&new) {
            let last = self.held.last();
            debug_assert!(last.is_none_or(|last| *last < new), "{new:?} is locked after {last:?}");
            self.held.insert(new);
        }
    }

    /// The counter of a company's feed: after everything else.
    pub(super) fn feed(&mut self, company_id: &str) {
        let last = self.feed.as_deref();
        debug_assert!(last.is_none_or(|last| last <= company_id), "{company_id} after {last:?}");
        self.feed = Some(company_id.to_owned());
    }
}

#[cfg(not(debug_assertions))]
impl Order {
    pub(super) fn take(&mut self, _: &str, _: Lock) {}
    pub(super) fn feed(&mut self, _: &str) {}
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn fails(order: &mut Order, against: impl FnOnce(&mut Order)) -> bool {
        catch_unwind(AssertUnwindSafe(|| against(order))).is_err()
    }

    #[test]
    fn whoever_goes_against_the_order_is_found() {
        let mut order = Order::default();
        for lock in [Lock::Inbox, Lock::Poll, Lock::List(List::Employee), Lock::Inbox] {
            order.take("con_1", lock);
        }
        order.take("con_2", Lock::Connection);
        for (connection, lock) in [("con_2", Lock::Inbox), ("con_1", Lock::Connection)] {
            assert!(fails(&mut order, |order| order.take(connection, lock)), "{lock:?}");
        }
        let mut order = Order::default();
        order.take("con_1", Lock::Connection);
        order.feed("com_1");
        assert!(fails(&mut order, |order| order.take("con_2", Lock::Inbox)), "the feed is last");
        assert!(fails(&mut order, |order| order.feed("com_0")), "feeds go by their companies");
    }
}
