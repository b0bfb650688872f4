//! The connections of the database threads: a pool for each purpose, as large as there are threads. What r2d2 does not
//! do by itself is here: why a database cannot be reached is told at once, and not only that nothing came in time; a
//! connection is tried only where it may have broken, and not each time.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use diesel::{
    connection::SimpleConnection,
    r2d2::{CustomizeConnection, HandleError, ManageConnection, Pool, PooledConnection},
};
use scheduled_thread_pool::{OnPoolDropBehavior, ScheduledThreadPool};

use super::{
    Engine, Error, Result, WriteDb,
    db::Backend,
    engine::{Purpose, establish, prepare, set_lock_patience},
    health::Health,
};

/// How long an unused connection is kept. One to SQLite is opened again in a millisecond, and has a cache of its own.
fn kept(engine: Engine) -> Duration {
    Duration::from_secs(match engine {
        Engine::Sqlite => 60,
        Engine::Postgres => 300,
    })
}
/// After how long a connection over a network is tried before it is used.
const TRUSTED: Duration = Duration::from_secs(1);
/// r2d2 waits up to half of it before it tries again to reach a database that it could not reach.
const RETRY: Duration = Duration::from_secs(1);
/// How often a thread that waits for a connection looks whether one could not be opened.
const LOOK: Duration = Duration::from_millis(50);
/// How long it waits at most: longer than any opening takes to fail.
const PATIENCE: Duration = Duration::from_secs(15);

/// What opens connections, for all pools of a store.
pub(super) fn openers() -> Arc<ScheduledThreadPool> {
    let builder = ScheduledThreadPool::builder().num_threads(3).thread_name_pattern("db-open-{}");
    Arc::new(builder.on_drop_behavior(OnPoolDropBehavior::DiscardPendingScheduled).build())
}

/// A connection of a pool.
pub(super) struct Link {
    pub db: WriteDb,
    /// How long it waits for a lock of SQLite.
    patience: Duration,
    /// It is not to be used again.
    pub broken: bool,
    used: Instant,
    /// How many connections of the store had broken when it was used.
    breaks: u64,
}

/// Opens connections. The time-outs of each are [`Timeouts`]'.
struct Opener {
    place: Arc<Place>,
}

/// What is opened, for what, and what is known of it.
struct Place {
    engine: Engine,
    url: String,
    purpose: Purpose,
    health: Arc<Health>,
    last_failure: Mutex<Option<Failure>>,
}

/// The last time that a connection could not be opened.
#[derive(Debug)]
struct Failure {
    why: Error,
    /// When the attempt began.
    began: Instant,
}

// Not its URL, which may hold a password.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("engine", &self.engine)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

impl Place {
    fn failed(&self, why: &Error, began: Instant) {
        let mut last = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Failure { why: why.again(), began });
    }

    /// Why a connection could not be opened, if an attempt from after `since` has failed: one from before may have met a
    /// database that was just being started.
    fn failure_since(&self, since: Instant) -> Option<Error> {
        let last = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|failure| failure.began >= since).map(|failure| failure.why.again())
    }
}

impl ManageConnection for Opener {
    type Connection = Link;
    type Error = Error;

    fn connect(&self) -> Result<Link> {
        // Before it is opened: what breaks meanwhile may be this one.
        let breaks = self.place.health.breaks();
        let began = Instant::now();
        let db = establish(self.place.engine, &self.place.url, self.place.purpose)
            .inspect_err(|why| self.place.failed(why, began))?;
        let patience = self.place.purpose.lock_patience();
        Ok(Link { db, patience, broken: false, used: Instant::now(), breaks })
    }

    fn is_valid(&self, link: &mut Link) -> Result<()> {
        check(&mut link.db)
    }

    fn has_broken(&self, link: &mut Link) -> bool {
        link.broken
    }
}

/// Gives each new connection its time-outs and its size.
#[derive(Debug)]
struct Timeouts(Arc<Place>);

impl CustomizeConnection<Link, Error> for Timeouts {
    fn on_acquire(&self, link: &mut Link) -> Result<()> {
        prepare(&mut link.db, &self.0.url, self.0.purpose)
            .inspect_err(|why| self.0.failed(why, link.used))?;
        self.0.health.reached();
        Ok(())
    }
}

/// Hears why a connection could not be opened.
#[derive(Debug)]
struct Failures(Arc<Place>);

impl HandleError<Error> for Failures {
    fn handle_error(&self, error: Error) {
        self.0.health.not_reached(&error);
    }
}

/// The connections for one purpose. Clones share them.
#[derive(Clone)]
pub(super) struct Connections {
    place: Arc<Place>,
    pool: Pool<Opener>,
}

/// A connection that is lent to a thread.
pub(super) struct Lent {
    link: PooledConnection<Opener>,
    health: Arc<Health>,
}

impl Connections {
    /// Opens none yet. `most` is how many threads there are.
    pub(super) fn new(
        engine: Engine,
        url: &str,
        purpose: Purpose,
        most: u32,
        health: Arc<Health>,
        openers: Arc<ScheduledThreadPool>,
    ) -> Self {
        let place =
            Arc::new(Place { engine, url: url.to_owned(), purpose, health, last_failure: Mutex::default() });
        let pool = Pool::<Opener>::builder()
            .max_size(most)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .max_lifetime(None)
            .idle_timeout(Some(kept(engine)))
            .connection_timeout(RETRY)
            .thread_pool(openers)
            .connection_customizer(Box::new(Timeouts(place.clone())))
            .error_handler(Box::new(Failures(place.clone())))
            .build_unchecked(Opener { place: place.clone() });
        Self { place, pool }
    }

    pub(super) fn purpose(&self) -> Purpose {
        self.place.purpose
    }

    pub(super) fn health(&self) -> &Health {
        &self.place.health
    }

    /// A connection that works, as far as can be told, and waits no longer than `patience` for a lock of SQLite.
    ///
    /// # Errors
    /// Why the database cannot be reached.
    pub(super) fn take(&self, patience: Duration) -> Result<Lent> {
        let mut lent = self.lend(patience)?;
        if lent.link.patience != patience {
            set_lock_patience(&mut lent.link.db, patience)?;
            lent.link.patience = patience;
        }
        Ok(lent)
    }

    fn lend(&self, patience: Duration) -> Result<Lent> {
        while let Some(link) = self.pool.try_get() {
            if let Some(lent) = self.alive(link) {
                return Ok(lent);
            }
        }
        if let Some(error) = self.health().unreachable() {
            return Err(error);
        }
        let since = Instant::now();
        loop {
            // Asks for one to be opened as well.
            let error = match self.pool.get_timeout(LOOK) {
                Ok(link) => match self.alive(link) {
                    Some(lent) => return Ok(lent),
                    None => continue,
                },
                Err(error) => error,
            };
            match self.place.failure_since(since) {
                Some(why) => return Err(why),
                // Opening waits for the lock as well: who is to wait for a shorter time does not wait for that.
                _ if patience < self.purpose().lock_patience() && since.elapsed() >= patience => {
                    return Err(Error::Locked);
                }
                _ if since.elapsed() >= PATIENCE => return Err(Error::Open(error.to_string())),
                _ => {}
            }
        }
    }

    /// Whether it may be used: one that may have been cut off meanwhile is tried. One that was goes.
    fn alive(&self, mut link: PooledConnection<Opener>) -> Option<Lent> {
        let trusted = link.used.elapsed() < TRUSTED && link.breaks == self.health().breaks();
        link.broken = hung_up(&mut link.db) || (!trusted && check(&mut link.db).is_err());
        (!link.broken).then(|| Lent { link, health: self.place.health.clone() })
    }
}

impl Lent {
    pub(super) fn db(&mut self) -> &mut WriteDb {
        &mut self.link.db
    }

    /// Gives it back; unless it is `sound`, it is not used again.
    pub(super) fn give_back(mut self, sound: bool) {
        (self.link.used, self.link.breaks) = (Instant::now(), self.health.breaks());
        self.link.broken = !sound;
    }
}

/// Whether the server has closed a connection, as far as this machine knows: nothing is sent. Its last words come
/// first, then the end.
fn hung_up(db: &mut WriteDb) -> bool {
    match db.backend() {
        Backend::Sqlite(_) => false,
        Backend::Postgres(connection) => {
            (0..2).any(|_| matches!(connection.notifications_iter().next(), Some(Err(_))))
        }
    }
}

/// Whether a connection is usable. PostgreSQL's tells by a round trip.
///
/// # Errors
/// What the round trip met, where the connection is none any more.
pub(super) fn check(db: &mut WriteDb) -> Result<()> {
    match db.backend() {
        Backend::Sqlite(_) => Ok(()),
        Backend::Postgres(connection) => match connection.batch_execute("").map_err(Error::from) {
            Err(error) if error.breaks_connection() => Err(error),
            _ => Ok(()),
        },
    }
}
