//! The database: the only room that knows Diesel.
//!
//! SQLite (bundled) and PostgreSQL (bundled libpq) behind one [`Store`], chosen by the URL. Database work runs on a
//! few dedicated threads; a verb is a closure over [`Db`] that
//! reads, or over [`WriteDb`], run in one transaction.

pub mod accounts;
mod among;
pub mod apps;
pub mod audit;
pub mod backup;
pub mod changes;
pub mod clocks;
pub mod companies;
pub mod connection_accounts;
pub mod connections;
mod db;
pub mod desktop;
mod details;
mod dsl;
pub mod duties;
mod engine;
mod error;
mod feed_watchers;
mod file_problem;
mod files;
mod gathered;
mod health;
pub mod inbox;
pub mod links;
pub mod lists;
pub mod locks;
pub mod message_times;
mod migrate;
mod order;
pub mod pairs;
pub mod polls;
mod pool;
pub mod profiles;
pub mod prune;
pub mod purge;
mod queue;
pub mod quicklinks;
pub mod rates;
pub mod records;
mod requester;
pub mod runs;
mod schema;
pub mod sealed;
pub mod secrets;
pub mod sessions;
pub mod sign_in;
mod threads;
mod unavailable;
mod unique_names;
mod values;
pub mod webhooks;
mod word;
pub mod workers;

#[doc(hidden)]
pub use db::AnyConnection;
pub use db::{Db, WriteDb};
pub use engine::Engine;
pub use error::{Error, Result};
pub use file_problem::{FileProblem, file_problem};
pub use files::{Exposed, exposed, file_of};
pub use migrate::{Migrated, Standing};
pub use queue::Load;
pub use requester::{Requester, on_behalf_of};
pub use unavailable::Unavailable;
pub use values::{Page, PageLimit};

use std::{path::PathBuf, sync::Arc};

use crate::domain::{ids::CompanyId, secret::Secret};
use engine::{Durability, Purpose};
use threads::Threads;
use tokio::sync::watch;

/// An open database. Cheap to clone; closed when the last clone is dropped.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    url: Arc<Secret>,
    threads: Arc<Threads>,
}

impl Store {
    /// Opens the database that `url` names (`sqlite:PATH`, `postgres://…`), without changing its tables.
    ///
    /// # Errors
    /// A misspelt URL, or a database that cannot be opened, with its own words.
    pub fn open(url: &str) -> Result<Self> {
        let engine = Engine::of(url)?;
        // One plain connection first: a pool would hide why a database cannot be reached behind a time-out.
        drop(engine::connect(engine, url, Purpose::Make)?);
        let url = Arc::new(Secret::new(url));
        let threads = Threads::start(engine, &url)?;
        Ok(Self { engine, url, threads: Arc::new(threads) })
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The file of the database; `None` where it is none.
    pub fn file(&self) -> Option<PathBuf> {
        files::file_of(self.url.reveal())
    }

    /// Brings the tables up to date, under a lock where several gateways may start at once.
    ///
    /// # Errors
    /// A migration that fails, or a database made by a newer version of Rollcall.
    pub fn migrate(&self) -> Result<Migrated> {
        migrate::run(self.engine, self.url.reveal())
    }

    /// Takes what SQLite has written beside its file, the WAL, into the file: at the end of work, so that a copy put in its
    /// place is not written over by what was left. Nothing is lost where another program keeps it from that.
    pub fn checkpoint(&self) {
        engine::checkpoint(self.engine, self.url.reveal());
    }

    /// Looks through the whole file of SQLite for damage; what it found, in SQLite's words. PostgreSQL does so itself.
    ///
    /// # Errors
    /// A database that does not answer.
    pub async fn damage(&self) -> Result<Option<String>> {
        self.read(engine::damage).await
    }

    /// Whether the tables are those that this version works with.
    ///
    /// # Errors
    /// A database that does not answer.
    pub async fn is_current(&self) -> Result<bool> {
        self.read(migrate::is_current).await
    }

    /// How the tables stand to this version: new, older, current or newer.
    ///
    /// # Errors
    /// A database that does not answer.
    pub async fn standing(&self) -> Result<Standing> {
        self.read(migrate::standing).await
    }

    /// Whether the database can be written. It writes, unless it did so in the last seconds: a disk that is full takes
    /// everything but that.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Full`], [`Error::Locked`], [`Error::Disk`]; a database that does not answer.
    pub async fn check_writes(&self) -> Result<()> {
        if let Some(told) = self.threads.health.last_write() {
            return told;
        }
        match on_behalf_of(Requester::Probe, self.write(migrate::touch)).await {
            // By our own writer, which is at work.
            Err(Error::Locked) if self.threads.health.is_writing() => Ok(()),
            checked => checked,
        }
    }

    /// The figures of the queues before the database, by their names.
    pub fn load(&self) -> [(&'static str, Load); 3] {
        self.threads.load()
    }

    /// Changes whenever a transaction of this process has made a company's feed longer. Who waits for other processes too
    /// looks now and then.
    pub fn feed_grows(&self, company_id: &CompanyId) -> watch::Receiver<()> {
        self.threads.feed_watchers.of(company_id)
    }

    /// Says where the key of the audit comes from; the first that is said stays. Rows of a store to which nothing was said
    /// are found by no check to be right.
    pub fn set_audit_keys(&self, keys: Arc<dyn audit::AuditKeys>) {
        let _ = self.threads.audit_keys.set(keys);
    }

    /// Runs `work` on a reading thread. On PostgreSQL each statement sees its own snapshot.
    ///
    /// # Errors
    /// What `work` returns, or a database that cannot be reached.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Db) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.threads.read(work).await
    }

    /// Runs `work` in one transaction that is committed when it returns `Ok` and undone when it returns `Err`.
    ///
    /// # Errors
    /// What `work` returns, or a database that cannot be reached or does not commit.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut WriteDb) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.threads.write(Durability::Durable, work).await
    }

    /// As [`Store::write`], but what it commits may be lost when the machine loses power, with what is committed so after it:
    /// no disk is waited for. For what is worth nothing then, such as leases and rates; nobody is to be told that it is
    /// kept, and it adds nothing to a feed.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub(crate) async fn write_soft<T, E>(
        &self,
        work: impl FnOnce(&mut WriteDb) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.threads.write(Durability::Soft, work).await
    }

    /// Runs `work` as [`Store::write`] does, but each of its statements is a transaction by itself. For what one statement
    /// does; it adds nothing to a feed.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub(crate) async fn write_alone<T, E>(
        &self,
        work: impl FnOnce(&mut WriteDb) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.threads.write_alone(work).await
    }
}
