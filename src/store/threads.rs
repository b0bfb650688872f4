//! The database threads: a few, each with a connection while it has a job, so that at most as many queries compete as there
//! are cores. A SQLite database has one writer. Probes have threads that nothing else waits for.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::domain::secret::Secret;

use super::{
    Db, Engine, Error, Load, Requester, Result, WriteDb,
    audit::AuditKeys,
    engine::{self, Durability, Purpose, in_transaction},
    feed_watchers::FeedWatchers,
    health::{self, Fault, Health},
    pool::{Connections, check, openers},
    queue::{Queue, Share},
    requester,
};

/// PostgreSQL answers over a network: more may be under way than this machine has cores. Each holds a connection of
/// the server while it is used.
const POSTGRES_THREADS: usize = 6;
const PROBE_THREADS: usize = 2;

/// For how long, after a job that waited for a lock in vain, and how long the next ones wait: those that had to wait for
/// that job have waited enough.
const LOCKED_FOR: Duration = Duration::from_secs(1);
const LOCKED_WAIT: Duration = Duration::from_millis(500);

/// The threads and their queues.
pub(super) struct Threads {
    readers: Arc<Queue<Box<dyn Job>>>,
    writers: Arc<Queue<Box<dyn Job>>>,
    probes: Arc<Queue<Box<dyn Job>>>,
    pub(super) health: Arc<Health>,
    /// Who waits for changes that are committed here.
    pub(super) feed_watchers: Arc<FeedWatchers>,
    /// Where the key of the audit comes from.
    pub(super) audit_keys: Arc<OnceLock<Arc<dyn AuditKeys>>>,
    engine: Engine,
    url: Arc<Secret>,
}

impl Threads {
    pub(super) fn start(engine: Engine, url: &Arc<Secret>) -> Result<Self> {
        let (shared, url) = (url.clone(), url.reveal());
        let health = Arc::new(Health::default());
        let openers = openers();
        let line = |name: &str, purpose, threads, share| {
            // No machine has so many cores.
            let threads = u32::try_from(threads).unwrap_or(u32::MAX);
            let connections =
                Connections::new(engine, url, purpose, threads, health.clone(), openers.clone());
            spawn(&connections, threads, share, name)
        };
        // One caller has as many threads as there are cores; with one more for the other callers and one for the
        // gateway itself, these need not wait for the end of what it asked.
        let cores = thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let (readers, share) = match engine {
            Engine::Sqlite => (cores + 2, Share { callers: cores + 1, caller: cores }),
            Engine::Postgres => {
                (POSTGRES_THREADS, Share { callers: POSTGRES_THREADS - 1, caller: POSTGRES_THREADS - 3 })
            }
        };
        let (writers, writing) = match engine {
            Engine::Sqlite => (1, Share { callers: 1, caller: 1 }),
            Engine::Postgres => (POSTGRES_THREADS, share),
        };
        Ok(Self {
            readers: line("db-read", Purpose::Read, readers, share)?,
            writers: line("db-write", Purpose::Write, writers, writing)?,
            probes: line("db-probe", Purpose::Probe, PROBE_THREADS, share)?,
            health: health.clone(),
            feed_watchers: Arc::default(),
            audit_keys: Arc::default(),
            engine,
            url: shared,
        })
    }

    pub(super) async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Db) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let requester = requester::current();
        let queue = if requester == Requester::Probe { &self.probes } else { &self.readers };
        ask(queue, requester, false, |db| work(db)).await
    }

    pub(super) async fn write<T, E>(
        &self,
        durability: Durability,
        work: impl FnOnce(&mut WriteDb) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (watchers, keys) = (self.feed_watchers.clone(), self.audit_keys.clone());
        let work = move |db: &mut WriteDb| {
            in_transaction(db, &watchers, durability, keys.get().map(AsRef::as_ref), work)
        };
        self.write_alone(work).await
    }

    /// The same without a transaction around it.
    pub(super) async fn write_alone<T, E>(
        &self,
        work: impl FnOnce(&mut WriteDb) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let requester = requester::current();
        let queue = if requester == Requester::Probe { &self.probes } else { &self.writers };
        ask(queue, requester, true, work).await
    }

    /// The figures of the queues, by name.
    pub(super) fn load(&self) -> [(&'static str, Load); 3] {
        [("read", self.readers.load()), ("write", self.writers.load()), ("probe", self.probes.load())]
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        for queue in [&self.readers, &self.writers, &self.probes] {
            queue.close();
        }
        engine::checkpoint(self.engine, self.url.reveal());
    }
}

/// What a thread does with its connection.
trait Job: Send {
    /// Whether anybody still waits for the answer.
    fn is_wanted(&self) -> bool;
    fn writes(&self) -> bool;
    fn run(self: Box<Self>, db: Result<&mut WriteDb>) -> Ended;
}

/// How a job ended.
struct Ended {
    ok: bool,
    /// Whether its connection may be used again.
    sound: bool,
}

struct Asked<T, E, W> {
    work: W,
    answer: oneshot::Sender<std::result::Result<T, E>>,
    /// The caller's: it goes with the work.
    span: tracing::Span,
    writes: bool,
}

impl<T, E, W> Job for Asked<T, E, W>
where
    T: Send,
    E: From<Error> + Send,
    W: FnOnce(&mut WriteDb) -> std::result::Result<T, E> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn writes(&self) -> bool {
        self.writes
    }

    fn run(self: Box<Self>, db: Result<&mut WriteDb>) -> Ended {
        let Self { work, answer, span, .. } = *self;
        let _entered = span.enter();
        let (result, sound) = match db {
            Ok(db) => match catch_unwind(AssertUnwindSafe(|| work(db))) {
                Ok(result) => {
                    let sound = result.is_ok() || check(db).is_ok();
                    (result, sound)
                }
                Err(_) => (Err(Error::Panicked.into()), false),
            },
            Err(error) => (Err(error.into()), true),
        };
        let ok = result.is_ok();
        // A caller that went away does not want the answer; what was committed stays.
        let _ = answer.send(result);
        Ended { ok, sound }
    }
}

/// Queues `work` and waits for its answer.
async fn ask<T, E>(
    queue: &Queue<Box<dyn Job>>,
    requester: Requester,
    writes: bool,
    work: impl FnOnce(&mut WriteDb) -> std::result::Result<T, E> + Send + 'static,
) -> std::result::Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    queue.push(requester, Box::new(Asked { work, answer, span: tracing::Span::current(), writes }))?;
    answered.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
}

fn spawn(
    connections: &Connections,
    threads: u32,
    share: Share,
    name: &str,
) -> Result<Arc<Queue<Box<dyn Job>>>> {
    let queue = Arc::new(Queue::new(share));
    for number in 0..threads {
        let (theirs, connections) = (queue.clone(), connections.clone());
        let spawned = thread::Builder::new()
            .name(format!("{name}-{number}"))
            .spawn(move || work_off(&theirs, &connections));
        if let Err(error) = spawned {
            queue.close();
            return Err(Error::Open(format!("no thread for the database: {error}")));
        }
    }
    Ok(queue)
}

/// One thread: takes a job, lends it a connection, until the queue is closed.
fn work_off(queue: &Queue<Box<dyn Job>>, connections: &Connections) {
    let mut locks = Locks::default();
    while let Some((requester, waited, job)) = queue.next() {
        let wanted = job.is_wanted();
        if wanted {
            work(job, connections, waited, &mut locks);
        }
        queue.done(&requester, wanted);
    }
}

/// When a thread last waited for a lock in vain.
#[derive(Default)]
struct Locks(Option<Instant>);

impl Locks {
    /// How long a job that has `waited` in line may wait for a lock.
    fn patience(&self, purpose: Purpose, waited: Duration) -> Duration {
        let patience = purpose.lock_patience();
        match self.0 {
            Some(when) if when.elapsed() < LOCKED_FOR => patience.saturating_sub(waited).min(LOCKED_WAIT),
            _ => patience,
        }
    }
}

fn work(job: Box<dyn Job>, connections: &Connections, waited: Duration, locks: &mut Locks) {
    let (writes, health, purpose) = (job.writes(), connections.health(), connections.purpose());
    let mut lent = match connections.take(locks.patience(purpose, waited)) {
        Ok(lent) => lent,
        Err(error) => {
            if matches!(error, Error::Locked) {
                locks.0 = Some(Instant::now());
            }
            job.run(Err(error));
            return;
        }
    };
    // What taking it met is none of the job's.
    health::met();
    let ended = match purpose {
        Purpose::Write => health.writing(|| job.run(Ok(lent.db()))),
        _ => job.run(Ok(lent.db())),
    };
    let met = health::met();
    locks.0 = (met == Some(Fault::Locked)).then(Instant::now);
    match met {
        // It may be our own writer that a probe waited for.
        Some(Fault::Locked) if purpose == Purpose::Probe && health.is_writing() => {}
        Some(fault) if writes => health.wrote(Some(fault)),
        // Only a probe's write is known to have changed something.
        _ if writes && ended.ok && purpose == Purpose::Probe => health.wrote(None),
        _ => {}
    }
    if !ended.sound {
        health.broke();
    }
    // Opened anew, it may be writable again.
    lent.give_back(ended.sound && !matches!(met, Some(Fault::ReadOnly | Fault::Disk)));
}
