//! The one order in which the rows of a connection are locked: two that went different ways would wait for each other.
//!
//! A lock is a value, [`Locked`]: what needs it takes it as an argument, and each gives only those that come after it. It
//! holds until the transaction ends, whatever becomes of the value.
//!
//! ```
//! # use rollcall::{domain::words::List, store::{Result, WriteDb, locks}};
//! fn in_order(db: &mut WriteDb) -> Result<()> {
//!     let connection = locks::of("con_1").inbox(db)?.connection(db)?;
//!     connection.list(db, List::Employee)?;
//!     Ok(())
//! }
//! ```
//!
//! ```compile_fail
//! # use rollcall::{domain::words::List, store::{Result, WriteDb, locks}};
//! fn against_the_order(db: &mut WriteDb) -> Result<()> {
//!     let list = locks::of("con_1").list(db, List::Employee)?;
//!     list.connection(db)?;
//!     Ok(())
//! }
//! ```
//!
//! What types do not tell is looked at while it runs: `Order` knows what a transaction has locked.
//! Who works on several connections goes by their IDs. Rows of runs, sessions, records and links come after all of
//! these; the counters of the feeds come last, in the order of their companies.

use crate::domain::words::List;

use super::{
    Error, Result, WriteDb,
    db::{Backend, per_backend},
    dsl::*,
    order::Lock,
    schema::{self, connections, lists, polls},
    webhooks,
};

/// Nothing yet.
#[derive(Debug)]
pub struct Nothing;

/// Who works on the inbox of a connection.
#[derive(Debug)]
pub struct Inbox;

/// The connection itself: its settings, and the calls of its source.
#[derive(Debug)]
pub struct Connection;

/// When it is polled, and by whom.
#[derive(Debug)]
pub struct Poll;

/// All that there is of a connection.
#[derive(Debug)]
pub struct All;

/// What comes before `L` in the order.
pub trait Before<L> {}

impl Before<Inbox> for Nothing {}
impl Before<Connection> for Nothing {}
impl Before<Connection> for Inbox {}
impl Before<Poll> for Nothing {}
impl Before<Poll> for Inbox {}
impl Before<Poll> for Connection {}
impl Before<List> for Nothing {}
impl Before<List> for Inbox {}
impl Before<List> for Connection {}
impl Before<List> for Poll {}
// One list after the other, in their own order.
impl Before<List> for List {}

/// That a transaction has locked `what` of a connection.
#[derive(Debug)]
pub struct Locked<L> {
    connection_id: String,
    what: L,
}

/// A connection of which nothing is locked yet.
pub fn of(connection_id: &str) -> Locked<Nothing> {
    Locked::new(connection_id, Nothing)
}

impl<L> Locked<L> {
    pub(super) fn new(connection_id: &str, what: L) -> Self {
        Self { connection_id: connection_id.to_owned(), what }
    }

    pub fn connection_id(&self) -> &str {
        &self.connection_id
    }

    /// Locks who works on the inbox. Its row is made where there is none: what is not there cannot be locked, and might
    /// be there a moment later.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the connection has gone just now.
    pub fn inbox(&self, db: &mut WriteDb) -> Result<Locked<Inbox>>
    where
        L: Before<Inbox>,
    {
        let id = self.connection_id.as_str();
        db.order.take(id, Lock::Inbox);
        webhooks::ensure(db, id)?;
        if let Backend::Postgres(connection) = db.backend() {
            let row = schema::hooks::table.find(id).select(schema::hooks::connection_id);
            row.for_no_key_update().first::<String>(connection).optional()?;
        }
        Ok(Locked::new(id, Inbox))
    }

    /// Locks the connection itself: the calls of its source take their turns here, and whoever writes what was read of it
    /// before.
    pub fn connection(&self, db: &mut WriteDb) -> Result<Locked<Connection>>
    where
        L: Before<Connection>,
    {
        let id = self.connection_id.as_str();
        db.order.take(id, Lock::Connection);
        if let Backend::Postgres(connection) = db.backend() {
            let row = connections::table.find(id).select(connections::id);
            row.for_no_key_update().first::<String>(connection).optional()?;
        }
        Ok(Locked::new(id, Connection))
    }

    /// Locks when it is polled. A connection that is not polled has no row to be polled by, and never gets one.
    pub fn poll(&self, db: &mut WriteDb) -> Result<Locked<Poll>>
    where
        L: Before<Poll>,
    {
        let id = self.connection_id.as_str();
        db.order.take(id, Lock::Poll);
        if let Backend::Postgres(connection) = db.backend() {
            let row = polls::table.find(id).select(polls::connection_id);
            row.for_no_key_update().first::<String>(connection).optional()?;
        }
        Ok(Locked::new(id, Poll))
    }

    /// Locks a list: whoever writes its records or judges its absences waits here. Under READ COMMITTED this is what makes
    /// reading and then writing safe.
    pub fn list(&self, db: &mut WriteDb, list: List) -> Result<Locked<List>>
    where
        L: Before<List>,
    {
        let id = self.connection_id.as_str();
        db.order.take(id, Lock::List(list));
        per_backend!(db, |connection| diesel::insert_into(lists::table)
            .values((lists::connection_id.eq(id), lists::list.eq(list.as_str()), lists::revision.eq(0i64)))
            .on_conflict((lists::connection_id, lists::list))
            .do_update()
            .set(lists::revision.eq(lists::revision + 1))
            .execute(connection))?;
        Ok(Locked::new(id, list))
    }

    /// Locks all that comes after this.
    pub fn rest(&self, db: &mut WriteDb) -> Result<()>
    where
        L: Before<Poll>,
    {
        let poll = self.poll(db)?;
        List::ALL.iter().try_for_each(|list| poll.list(db, *list).map(drop))
    }
}

impl Locked<Nothing> {
    /// Locks all of it: nobody else writes anything of the connection until the transaction ends.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn all(&self, db: &mut WriteDb) -> Result<Locked<All>> {
        let there = connections::table.find(&self.connection_id).filter(connections::deleted_at.is_null());
        match there.select(connections::id).first::<String>(db).optional()? {
            Some(_) => self.every(db),
            None => Err(Error::NotFound("connection")),
        }
    }

    /// The same of a connection that may be deleted, and only waits for its rows to go.
    pub(super) fn every(&self, db: &mut WriteDb) -> Result<Locked<All>> {
        let locked = self.inbox(db).and_then(|inbox| inbox.connection(db)).and_then(|locked| locked.rest(db));
        match locked {
            // It has gone just now.
            Err(Error::Referred(_)) => Err(Error::NotFound("connection")),
            locked => locked.map(|()| Locked::new(&self.connection_id, All)),
        }
    }
}

impl Locked<List> {
    /// Which list it is.
    pub fn what(&self) -> List {
        self.what
    }
}
