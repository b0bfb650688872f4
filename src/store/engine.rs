//! The two engines behind one type, and how a connection to each is opened.

use diesel::{Connection, ConnectionError, PgConnection, SqliteConnection, connection::SimpleConnection};

use super::{
    Error, Result,
    files::{file_of, make_private},
};

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// One connection. Reads, single inserts, updates and deletes go through it as they are; what Diesel compiles only
/// for a known engine goes through `per_backend!`.
#[derive(diesel::MultiConnection)]
pub enum Db {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Compiles one body twice, once for each engine: batch inserts, `on_conflict`, locks.
macro_rules! per_backend {
    ($db:expr, |$connection:ident| $body:expr) => {
        match $db {
            $crate::store::Db::Postgres($connection) => $body,
            $crate::store::Db::Sqlite($connection) => $body,
        }
    };
}
pub(super) use per_backend;

impl Engine {
    /// # Errors
    /// A scheme that is neither `sqlite:` nor `postgres://`; a password in it is not repeated.
    pub fn of(url: &str) -> Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres)
        } else if url.strip_prefix("sqlite:").is_some_and(|path| !path.is_empty()) {
            Ok(Self::Sqlite)
        } else {
            let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
            Err(Error::Url(format!("{scheme}:…")))
        }
    }
}

/// Opens one connection, ready for use.
pub(super) fn connect(engine: Engine, url: &str) -> Result<Db> {
    match engine {
        Engine::Postgres => {
            let mut connection = PgConnection::establish(url).map_err(opening)?;
            connection
                .batch_execute("SET timezone = 'UTC'")
                .map_err(|error| Error::Open(error.to_string()))?;
            Ok(Db::Postgres(connection))
        }
        Engine::Sqlite => {
            let path = url.strip_prefix("sqlite:").unwrap_or(url);
            if let Some(file) = file_of(url) {
                make_private(&file)?;
            }
            let mut connection = SqliteConnection::establish(path).map_err(opening)?;
            // busy_timeout first: switching to WAL needs a lock that another connection may hold.
            connection
                .batch_execute(
                    "PRAGMA busy_timeout = 15000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                     PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 16384; PRAGMA temp_store = MEMORY;
                     PRAGMA cache_size = -8000;",
                )
                .map_err(|error| Error::Open(format!("{path}: {error}")))?;
            Ok(Db::Sqlite(connection))
        }
    }
}

/// Gives a connection room for the indexes that a large list goes into: 24 MB of SQLite's pages.
pub(super) fn widen_cache(db: &mut Db) -> Result<()> {
    match db {
        Db::Postgres(_) => Ok(()),
        Db::Sqlite(connection) => Ok(connection.batch_execute("PRAGMA cache_size = -24000")?),
    }
}

fn opening(error: ConnectionError) -> Error {
    Error::Open(error.to_string())
}

/// Runs `work` in a transaction of `db`. SQLite's begins as a writer: one that turns from reading to writing half
/// way fails at once with «database is locked», whatever the time-out.
pub(super) fn in_transaction<T, E: From<Error>>(
    db: &mut Db,
    work: impl FnOnce(&mut Db) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    let begin = match db {
        Db::Postgres(_) => "BEGIN",
        Db::Sqlite(_) => "BEGIN IMMEDIATE",
    };
    let database = |error: diesel::result::Error| E::from(Error::from(error));
    db.batch_execute(begin).map_err(database)?;
    match work(db) {
        Ok(value) => match db.batch_execute("COMMIT") {
            Ok(()) => Ok(value),
            Err(error) => {
                // What was wrong with the commit is what the caller hears.
                let _ = db.batch_execute("ROLLBACK");
                Err(database(error))
            }
        },
        Err(error) => {
            db.batch_execute("ROLLBACK").map_err(database)?;
            Err(error)
        }
    }
}
