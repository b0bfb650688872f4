//! The one order in which the rows of a connection are locked: two that went different ways would wait for each other.
//!
//! [`Lock`] is declared in that order, and [`take`] takes several in it. What locks a row by writing it says so by
//! `taking`: builds with debug assertions, and so all tests, fail where a transaction goes against the order. Who works
//! on several connections goes by their IDs. Rows of runs, sessions, records and links come after all of these; the
//! counters of the feeds come last, in the order of their companies.

use diesel::prelude::*;

use crate::domain::words::List;

use super::{
    Db, Error, Result, hooks, lists,
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
pub fn take(db: &mut Db, connection_id: &str, locks: &[Lock]) -> Result<()> {
    let mut locks = locks.to_vec();
    locks.sort_unstable();
    for lock in locks {
        taking(connection_id, lock);
        match (&mut *db, lock) {
            (db, Lock::List(list)) => lists::lock(db, connection_id, list)?,
            (Db::Sqlite(_), _) => {}
            (db, Lock::Inbox) => {
                hooks::ensure(db, connection_id)?;
                let Db::Postgres(connection) = db else { continue };
                let row = schema::hooks::table.find(connection_id).select(schema::hooks::connection_id);
                row.for_no_key_update().first::<String>(connection).optional()?;
            }
            (Db::Postgres(connection), Lock::Connection) => {
                let row = connections::table.find(connection_id).select(connections::id);
                row.for_no_key_update().first::<String>(connection).optional()?;
            }
            (Db::Postgres(connection), Lock::Poll) => {
                let row = polls::table.find(connection_id).select(polls::connection_id);
                row.for_no_key_update().first::<String>(connection).optional()?;
            }
        }
    }
    Ok(())
}

/// Takes all of them: nobody else writes anything of the connection until the transaction ends.
///
/// # Errors
/// [`Error::NotFound`].
pub fn take_all(db: &mut Db, connection_id: &str) -> Result<()> {
    super::connections::get(db, connection_id)?;
    take_every(db, connection_id)
}

/// The same of a connection that may be deleted, and only waits for its rows to go.
pub(super) fn take_every(db: &mut Db, connection_id: &str) -> Result<()> {
    let lists = List::ALL.iter().copied().map(Lock::List);
    let all: Vec<Lock> = [Lock::Inbox, Lock::Connection, Lock::Poll].into_iter().chain(lists).collect();
    match take(db, connection_id, &all) {
        // It has gone just now.
        Err(Error::Referred(_)) => Err(Error::NotFound("connection")),
        taken => taken,
    }
}

#[cfg(debug_assertions)]
mod order {
    use std::{cell::RefCell, collections::BTreeSet};

    use super::Lock;

    thread_local! {
        /// What the transaction of this thread has locked.
        static HELD: RefCell<BTreeSet<(String, Lock)>> = const { RefCell::new(BTreeSet::new()) };
        /// The last company whose feed it has locked.
        static FEED: RefCell<Option<String>> = const { RefCell::new(None) };
    }

    pub(in crate::store) fn begin() {
        HELD.with_borrow_mut(BTreeSet::clear);
        FEED.set(None);
    }

    /// The counter of a company's feed: after everything else.
    pub(in crate::store) fn taking_feed(company_id: &str) {
        FEED.with_borrow_mut(|last| {
            debug_assert!(
                last.as_deref().is_none_or(|last| last <= company_id),
                "{company_id} after {last:?}"
            );
            *last = Some(company_id.to_owned());
        });
    }

    pub(in crate::store) fn taking(connection_id: &str, lock: Lock) {
        FEED.with_borrow(|feed| {
            debug_assert!(feed.is_none(), "{connection_id} {lock:?} is locked after the feed of {feed:?}");
        });
        HELD.with_borrow_mut(|held| {
            let new = (connection_id.to_owned(), lock);
            if !held.contains(&new) {
                let last = held.last();
                debug_assert!(last.is_none_or(|last| *last < new), "{new:?} is locked after {last:?}");
                held.insert(new);
            }
        });
    }
}

#[cfg(not(debug_assertions))]
mod order {
    pub(in crate::store) fn begin() {}
    pub(in crate::store) fn taking(_: &str, _: super::Lock) {}
    pub(in crate::store) fn taking_feed(_: &str) {}
}

pub(super) use order::{begin, taking, taking_feed};

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn whoever_goes_against_the_order_is_found() {
        begin();
        for lock in [Lock::Inbox, Lock::Poll, Lock::List(List::Employee), Lock::Inbox] {
            taking("con_1", lock);
        }
        taking("con_2", Lock::Connection);
        for (connection, lock) in [("con_2", Lock::Inbox), ("con_1", Lock::Connection)] {
            assert!(std::panic::catch_unwind(|| taking(connection, lock)).is_err(), "{lock:?}");
        }
        begin();
        taking("con_1", Lock::Connection);
        taking_feed("com_1");
        assert!(std::panic::catch_unwind(|| taking("con_2", Lock::Inbox)).is_err(), "the feed is last");
        assert!(std::panic::catch_unwind(|| taking_feed("com_0")).is_err(), "feeds go by their companies");
        begin();
    }
}
