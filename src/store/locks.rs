//! The one order in which the rows of a connection are locked: two that went different ways would wait for each other.
//!
//! [`Lock`] is declared in that order, and [`take`] takes several in it. What locks a row by writing it says so by
//! [`Order::take`]: builds with debug assertions, and so all tests, fail where a transaction goes against the order. Who works
//! on several connections goes by their IDs. Rows of runs, sessions, records and links come after all of these; the
//! counters of the feeds come last, in the order of their companies.

#[cfg(debug_assertions)]
use std::collections::BTreeSet;

use crate::domain::words::List;

use super::{
    Error, Result, WriteDb,
    db::Backend,
    dsl::*,
    hooks, lists,
    schema::{self, connections, polls},
};

/// What of a connection is locked, first things first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// Who works on its inbox.
    Inbox,
    /// The connection itself: its settings, and the calls of its source.
    Connection,
    /// When it is polled, and by whom.
    Poll,
    /// The records and runs of a list.
    List(List),
}

/// Takes locks until the transaction ends, in their order, whatever order they are named in. SQLite has one writer.
///
/// A row of an inbox is made where there is none: what is not there cannot be locked, and might be there a moment later.
/// A connection that is not polled has no row to be polled by, and never gets one.
pub fn take(db: &mut WriteDb, connection_id: &str, locks: &[Lock]) -> Result<()> {
    let mut locks = locks.to_vec();
    locks.sort_unstable();
    for lock in locks {
        db.order.take(connection_id, lock);
        match lock {
            Lock::Inbox => hooks::ensure(db, connection_id)?,
            Lock::List(list) => lists::lock(db, connection_id, list)?,
            Lock::Connection | Lock::Poll => {}
        }
        let Backend::Postgres(connection) = db.backend() else { continue };
        match lock {
            Lock::Inbox => {
                let row = schema::hooks::table.find(connection_id).select(schema::hooks::connection_id);
                row.for_no_key_update().first::<String>(connection).optional()?;
            }
            Lock::Connection => {
                let row = connections::table.find(connection_id).select(connections::id);
                row.for_no_key_update().first::<String>(connection).optional()?;
            }
            Lock::Poll => {
                let row = polls::table.find(connection_id).select(polls::connection_id);
                row.for_no_key_update().first::<String>(connection).optional()?;
            }
            Lock::List(_) => {}
        }
    }
    Ok(())
}

/// Takes all of them: nobody else writes anything of the connection until the transaction ends.
///
/// # Errors
/// [`Error::NotFound`].
pub fn take_all(db: &mut WriteDb, connection_id: &str) -> Result<()> {
    super::connections::get(db, connection_id)?;
    take_every(db, connection_id)
}

/// The same of a connection that may be deleted, and only waits for its rows to go.
pub(super) fn take_every(db: &mut WriteDb, connection_id: &str) -> Result<()> {
    let lists = List::ALL.iter().copied().map(Lock::List);
    let all: Vec<Lock> = [Lock::Inbox, Lock::Connection, Lock::Poll].into_iter().chain(lists).collect();
    match take(db, connection_id, &all) {
        // It has gone just now.
        Err(Error::Referred(_)) => Err(Error::NotFound("connection")),
        taken => taken,
    }
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
