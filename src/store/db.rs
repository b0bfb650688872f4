//! What a job has of the database: [`Db`] only reads, [`WriteDb`] writes as well.
//!
//! A function says by its argument which of the two it is; one that writes cannot be called from a job that reads, and
//! inside of it nothing but a SELECT is run on a [`Db`] (see [`super::dsl`]).
//!
//! ```compile_fail
//! use rollcall::store::{Store, companies};
//! async fn renames_while_reading(store: &Store) {
//!     let _ = store.read(|db| companies::rename(db, "com_1", "Acme")).await;
//! }
//! ```
//!
//! ```
//! use rollcall::store::{Store, companies};
//! async fn renames_and_reads(store: &Store) {
//!     let _ = store.write(|db| companies::rename(db, "com_1", "Acme").and_then(|()| companies::get(db, "com_1"))).await;
//! }
//! ```

use std::ops::{Deref, DerefMut};

use diesel::{PgConnection, SqliteConnection, connection::SimpleConnection};

use super::{Result, gathered::Changes, order::Order};

/// A connection to either engine, as Diesel has it.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// What either engine understands.
pub(super) type AnyBackend = <AnyConnection as diesel::Connection>::Backend;

/// Reads the database.
pub struct Db(AnyConnection);

/// Reads and writes the database, in a transaction.
pub struct WriteDb {
    db: Db,
    /// What goes into the feeds at the end of the transaction.
    pub(super) changes: Vec<Changes>,
    /// What the transaction has locked.
    pub(super) order: Order,
}

/// Which engine it is, and what there is of it.
pub(super) enum Backend<P, S> {
    Postgres(P),
    Sqlite(S),
}

/// A connection to one engine that only reads.
pub(super) struct Reading<'a, C>(&'a mut C);

impl Db {
    /// For tests, which look at what nobody else is to see.
    #[doc(hidden)]
    pub fn diesel(&mut self) -> &mut AnyConnection {
        &mut self.0
    }

    /// For what Diesel compiles only for a known engine.
    pub(super) fn backend(&mut self) -> Backend<Reading<'_, PgConnection>, Reading<'_, SqliteConnection>> {
        match &mut self.0 {
            AnyConnection::Postgres(connection) => Backend::Postgres(Reading(connection)),
            AnyConnection::Sqlite(connection) => Backend::Sqlite(Reading(connection)),
        }
    }
}

impl WriteDb {
    pub(super) fn new(connection: AnyConnection) -> Self {
        Self { db: Db(connection), changes: Vec::new(), order: Order::default() }
    }

    /// For what Diesel compiles only for a known engine.
    pub(super) fn backend(&mut self) -> Backend<&mut PgConnection, &mut SqliteConnection> {
        match &mut self.db.0 {
            AnyConnection::Postgres(connection) => Backend::Postgres(connection),
            AnyConnection::Sqlite(connection) => Backend::Sqlite(connection),
        }
    }

    /// Forgets what the transaction before has left.
    pub(super) fn begin(&mut self) {
        self.changes.clear();
        self.order = Order::default();
    }

    pub(super) fn batch_execute(&mut self, sql: &str) -> Result<()> {
        Ok(self.db.0.batch_execute(sql)?)
    }
}

impl Deref for WriteDb {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}

impl AsMut<Db> for Db {
    fn as_mut(&mut self) -> &mut Db {
        self
    }
}

impl AsMut<Db> for WriteDb {
    fn as_mut(&mut self) -> &mut Db {
        &mut self.db
    }
}

impl DerefMut for WriteDb {
    fn deref_mut(&mut self) -> &mut Db {
        &mut self.db
    }
}

/// Compiles one body twice, once for each engine: batch inserts, `on_conflict`, locks.
macro_rules! per_backend {
    ($db:expr, |$connection:ident| $body:expr) => {
        match $db.backend() {
            $crate::store::db::Backend::Postgres($connection) => $body,
            $crate::store::db::Backend::Sqlite($connection) => $body,
        }
    };
}
pub(super) use per_backend;

/// What a SELECT can be run on.
pub(super) trait Reads {
    type Connection: diesel::Connection;
    fn connection(&mut self) -> &mut Self::Connection;
}

/// What any statement can be run on.
pub(super) trait Writes: Reads {}

impl Reads for Db {
    type Connection = AnyConnection;
    fn connection(&mut self) -> &mut AnyConnection {
        &mut self.0
    }
}

impl Reads for WriteDb {
    type Connection = AnyConnection;
    fn connection(&mut self) -> &mut AnyConnection {
        &mut self.db.0
    }
}

impl<C: diesel::Connection> Reads for Reading<'_, C> {
    type Connection = C;
    fn connection(&mut self) -> &mut C {
        self.0
    }
}

impl Reads for PgConnection {
    type Connection = Self;
    fn connection(&mut self) -> &mut Self {
        self
    }
}

impl Reads for SqliteConnection {
    type Connection = Self;
    fn connection(&mut self) -> &mut Self {
        self
    }
}

impl Writes for WriteDb {}
impl Writes for PgConnection {}
impl Writes for SqliteConnection {}
