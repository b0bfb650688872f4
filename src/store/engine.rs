//! The two engines behind one type, and how a connection to each is opened.

use crate::domain::ids::CompanyId;
use std::{
    thread,
    time::{Duration, Instant},
};

use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};

use super::{
    Db, Error, Result, WriteDb,
    audit::{self, AuditKeys},
    changes,
    db::{AnyConnection, Backend},
    dsl::*,
    feed_watchers::FeedWatchers,
    files::{cannot_open, file_of, make_private},
};

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// # Errors
    /// A scheme that is neither `sqlite:` nor `postgres://`.
    pub fn of(url: &str) -> Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres)
        } else if url.strip_prefix("sqlite:").is_some_and(|path| !path.is_empty()) {
            Ok(Self::Sqlite)
        } else {
            Err(Error::Url)
        }
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The first one: it makes the file of a SQLite database that is not there yet, and brings the tables up to date.
    Make,
    Read,
    Write,
    /// Small questions that must be answered soon.
    Probe,
}

impl Purpose {
    /// How long PostgreSQL may take, in its own words. A transaction that stands still holds locks that others wait for,
    /// whatever has become of its gateway.
    fn timeouts(self) -> &'static str {
        match self {
            Self::Make => "SET timezone = 'UTC'",
            Self::Read => {
                "SET timezone = 'UTC'; SET default_transaction_read_only = on;
                 SET statement_timeout = '60s'; SET lock_timeout = '15s';
                 SET idle_in_transaction_session_timeout = '60s'"
            }
            Self::Write => {
                "SET timezone = 'UTC'; SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'"
            }
            Self::Probe => {
                "SET timezone = 'UTC'; SET statement_timeout = '3s'; SET lock_timeout = '3s';
                 SET idle_in_transaction_session_timeout = '10s'"
            }
        }
    }

    /// SQLite: how long a lock that another holds is waited for.
    pub(super) fn lock_patience(self) -> Duration {
        Duration::from_secs(match self {
            Self::Make | Self::Read | Self::Write => 4,
            Self::Probe => 1,
        })
    }

    /// SQLite: the size of the cache, in KiB. A large list goes into many pages of indexes; who reads needs the upper pages
    /// of some, and has the others from the system, which keeps them once for all connections.
    fn cache(self) -> u32 {
        match self {
            Self::Make | Self::Read => 2_000,
            Self::Write => 16_000,
            Self::Probe => 1_000,
        }
    }
}

/// Has a connection to SQLite wait no longer than `patience` for a lock that another holds.
pub(super) fn set_lock_patience(db: &mut WriteDb, patience: Duration) -> Result<()> {
    match db.backend() {
        Backend::Sqlite(_) => db.batch_execute(&format!("PRAGMA busy_timeout = {}", patience.as_millis())),
        Backend::Postgres(_) => Ok(()),
    }
}

/// What a connection to PostgreSQL is to have unless the URL says otherwise: nobody waits for ever for a server that is
/// gone without a word. Seconds, but for the last time-out.
const NETWORK: [(&str, &str); 6] = [
    ("application_name", "rollcall"),
    ("connect_timeout", "10"),
    ("keepalives_idle", "30"),
    ("keepalives_interval", "10"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "30000"),
];

fn with_network(url: &str) -> String {
    let given = url.split_once('?').map_or("", |(_, given)| given);
    let is_given =
        |name: &str| given.split('&').any(|pair| pair.split_once('=').is_some_and(|(n, _)| n == name));
    let mut all = url.to_owned();
    for (name, value) in NETWORK.iter().filter(|(name, _)| !is_given(name)) {
        all.push(if all.contains('?') { '&' } else { '?' });
        all.push_str(&format!("{name}={value}"));
    }
    all
}

/// What libpq says of a database that it cannot open. It quotes parts of the URL as it understands them, and a password in the
/// wrong place is one of them: nothing stays in quotes but what the URL has in the right places.
fn without_secrets(said: &str, url: &str) -> String {
    let url = url::Url::parse(url).ok();
    let known = |text: &str| {
        let is_address = text.parse::<std::net::IpAddr>().is_ok();
        // The last two are names of options.
        is_address
            || matches!(text, "port" | "sslmode")
            || url.as_ref().is_some_and(|url| {
                url.host_str() == Some(text) || url.username() == text || url.path() == format!("/{text}")
            })
    };
    let mut quoted = false;
    let parts = said.split('"').map(|part| {
        let shown = if quoted && !known(part) { "…" } else { part };
        quoted = !quoted;
        shown
    });
    parts.collect::<Vec<_>>().join("\"")
}

/// Opens one connection, ready for use.
pub(super) fn connect(engine: Engine, url: &str, purpose: Purpose) -> Result<WriteDb> {
    let mut db = establish(engine, url, purpose)?;
    prepare(&mut db, url, purpose)?;
    Ok(db)
}

/// Opens one connection.
pub(super) fn establish(engine: Engine, url: &str, purpose: Purpose) -> Result<WriteDb> {
    match engine {
        Engine::Postgres => {
            let connection = PgConnection::establish(&with_network(url));
            connection
                .map(|it| WriteDb::new(AnyConnection::Postgres(it)))
                .map_err(|error| Error::Open(without_secrets(&error.to_string(), url)))
        }
        Engine::Sqlite => {
            match file_of(url) {
                Some(file) if purpose == Purpose::Make => make_private(&file)?,
                // An empty one in its place would look like a database without people.
                Some(file) if !file.exists() => {
                    return Err(Error::Open(format!("{} is not there any more", file.display())));
                }
                _ => {}
            }
            let path = url.strip_prefix("sqlite:").unwrap_or(url);
            let connection = SqliteConnection::establish(path);
            connection
                .map(|it| WriteDb::new(AnyConnection::Sqlite(it)))
                .map_err(|error| unopened(url, &error))
        }
    }
}

/// How soon a connection that met a lock while it was prepared tries again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Gives a new connection its time-outs and its size.
pub(super) fn prepare(db: &mut WriteDb, url: &str, purpose: Purpose) -> Result<()> {
    match db.backend() {
        Backend::Postgres(connection) => {
            let done = connection.batch_execute(purpose.timeouts());
            done.map_err(|error| Error::Open(error.to_string()))
        }
        Backend::Sqlite(connection) => {
            // busy_timeout first: switching to WAL needs a lock that another connection may hold.
            let (patience, cache) = (purpose.lock_patience().as_millis(), purpose.cache());
            let only = if purpose == Purpose::Read { "ON" } else { "OFF" };
            let pragmas = format!(
                "PRAGMA busy_timeout = {patience}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 16384; PRAGMA temp_store = MEMORY;
                 PRAGMA cache_size = -{cache}; PRAGMA query_only = {only};",
            );
            // Whatever the time-out, SQLite says so at once while another connection turns the file to WAL or is the last to
            // close it.
            let until = Instant::now() + purpose.lock_patience();
            loop {
                match connection.batch_execute(&pragmas).map_err(|error| not_prepared(url, error)) {
                    Err(Error::Locked) if Instant::now() < until => thread::sleep(LOOK_AGAIN),
                    done => return done,
                }
            }
        }
    }
}

/// What kept a connection to SQLite from being prepared.
fn not_prepared(url: &str, error: diesel::result::Error) -> Error {
    let words = error.to_string();
    match Error::from(error) {
        known @ (Error::Locked | Error::ReadOnly | Error::Full | Error::Disk) => known,
        _ => unopened(url, &words),
    }
}

/// Why a SQLite database was not opened.
fn unopened(url: &str, error: &dyn std::fmt::Display) -> Error {
    match file_of(url) {
        Some(file) => cannot_open(&file, error),
        None => Error::Open(error.to_string()),
    }
}

/// What becomes of a committed transaction when the machine loses power. What follows it durably makes it durable as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    Durable,
    /// It may be lost, with all that came after it: nothing waits for the disk.
    Soft,
}

impl Durability {
    fn begin(self, db: &mut WriteDb) -> &'static str {
        match (db.backend(), self) {
            (Backend::Postgres(_), Self::Durable) => "BEGIN",
            (Backend::Postgres(_), Self::Soft) => "BEGIN; SET LOCAL synchronous_commit = off",
            // Said each time: that of the transaction before stays otherwise.
            (Backend::Sqlite(_), Self::Durable) => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
            (Backend::Sqlite(_), Self::Soft) => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
        }
    }
}

/// Runs `work` in a transaction of `db`; the changes that it makes go into the feed last, and into the audit after that.
/// SQLite's begins as a writer: one
/// that turns from reading to writing half way fails at once with «database is locked», whatever the time-out.
pub(super) fn in_transaction<T, E: From<Error>>(
    db: &mut WriteDb,
    watchers: &FeedWatchers,
    durability: Durability,
    keys: Option<&dyn AuditKeys>,
    work: impl FnOnce(&mut WriteDb) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    begin(db, durability)?;
    match work(db) {
        Ok(value) => commit(db, watchers, keys).map(|()| value).map_err(E::from),
        Err(error) => {
            rollback(db);
            Err(error)
        }
    }
}

// What follows is compiled once, and not for each piece of work.

fn begin(db: &mut WriteDb, durability: Durability) -> Result<()> {
    let begin = durability.begin(db);
    db.begin();
    db.batch_execute(begin)
}

fn commit(db: &mut WriteDb, watchers: &FeedWatchers, keys: Option<&dyn AuditKeys>) -> Result<()> {
    let done = last_of_all(db, keys).and_then(|grown| db.batch_execute("COMMIT").map(|()| grown));
    match done {
        Ok(grown) => {
            watchers.wake(&grown);
            Ok(())
        }
        Err(error) => {
            rollback(db);
            Err(error)
        }
    }
}

/// What was wrong is what the caller hears: a full disk has ended the transaction already, and so has a server that went
/// away.
fn rollback(db: &mut WriteDb) {
    let _ = db.batch_execute("ROLLBACK");
}

/// What is written before the commit. The companies whose feeds have grown.
fn last_of_all(db: &mut WriteDb, keys: Option<&dyn AuditKeys>) -> Result<Vec<CompanyId>> {
    audit::of_the_feed(db);
    let grown = changes::write(db)?;
    audit::write(db, keys)?;
    Ok(grown)
}

#[cfg(test)]
mod tests {
    use super::with_network;

    #[test]
    fn what_a_url_says_of_the_network_stands() {
        let all = with_network("postgres://u:p@h/d");
        assert!(all.starts_with("postgres://u:p@h/d?application_name=rollcall&connect_timeout=10&"), "{all}");
        let all = with_network("postgres:///d?host=/run&connect_timeout=3");
        assert!(all.starts_with("postgres:///d?host=/run&connect_timeout=3&application_name="), "{all}");
        assert_eq!(all.matches("connect_timeout").count(), 1, "{all}");
        assert!(all.contains("&keepalives_idle=30&") && all.ends_with("&tcp_user_timeout=30000"), "{all}");
    }
}

/// How long the end of work waits for others who use a SQLite database.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(200);

/// See [`super::Store::checkpoint`].
pub(super) fn checkpoint(engine: Engine, url: &str) {
    if engine != Engine::Sqlite {
        return;
    }
    let done = connect(engine, url, Purpose::Probe).and_then(|mut db| {
        set_lock_patience(&mut db, CHECKPOINT_PATIENCE)?;
        db.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
    });
    if let Err(error) = done {
        tracing::debug!(%error, "the WAL of the database was left as it is");
    }
}

#[derive(diesel::QueryableByName)]
struct Check {
    #[diesel(sql_type = diesel::sql_types::Text)]
    quick_check: String,
}

/// See [`super::Store::damage`].
pub(super) fn damage(db: &mut Db) -> Result<Option<String>> {
    let Backend::Sqlite(mut connection) = db.backend() else { return Ok(None) };
    let found: Vec<Check> = diesel::sql_query("PRAGMA quick_check(1)").load_sql(&mut connection)?;
    Ok(found.into_iter().map(|check| check.quick_check).find(|words| words != "ok"))
}
