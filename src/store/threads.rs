//! The database threads: a few, each with a connection of its own, so that at most as many queries compete as there
//! are cores. A SQLite database has one writer. Probes have threads that nothing else waits for.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    Db, Engine, Error, Lane, Load, Result,
    engine::{Purpose, connect, in_transaction},
    health::{self, Fault, Health},
    lane,
    queue::{Queue, Share, Turn},
    wakes::Wakes,
};

/// PostgreSQL answers over a network: more may be under way than this machine has cores. Each holds a connection of
/// the server while it is used.
const POSTGRES_THREADS: usize = 6;
const PROBE_THREADS: usize = 2;

/// How long an unused connection is kept.
const KEPT: Duration = Duration::from_secs(300);
/// After how long a connection over a network is tried before it is used.
const TRUSTED: Duration = Duration::from_secs(1);

/// The threads and their queues.
pub(super) struct Threads {
    readers: Arc<Queue<Box<dyn Job>>>,
    writers: Arc<Queue<Box<dyn Job>>>,
    probes: Arc<Queue<Box<dyn Job>>>,
    pub(super) health: Arc<Health>,
    /// Who waits for changes that are committed here.
    pub(super) wakes: Arc<Wakes>,
}

impl Threads {
    pub(super) fn start(engine: Engine, url: &str) -> Result<Self> {
        let health = Arc::new(Health::default());
        let line = |name: &str, purpose, threads, share| {
            let opening = Opening { engine, url: url.to_owned(), purpose, health: health.clone() };
            spawn(opening, threads, share, name)
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
            wakes: Arc::default(),
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
        let lane = lane::current();
        let queue = if lane == Lane::Probe { &self.probes } else { &self.readers };
        ask(queue, lane, false, work).await
    }

    pub(super) async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Db) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let lane = lane::current();
        let queue = if lane == Lane::Probe { &self.probes } else { &self.writers };
        let wakes = self.wakes.clone();
        ask(queue, lane, true, move |db| in_transaction(db, &wakes, work)).await
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
    }
}

/// What a thread does with its connection.
trait Job: Send {
    /// Whether anybody still waits for the answer.
    fn is_wanted(&self) -> bool;
    fn writes(&self) -> bool;
    fn run(self: Box<Self>, db: Result<&mut Db>) -> Ended;
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
    W: FnOnce(&mut Db) -> std::result::Result<T, E> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn writes(&self) -> bool {
        self.writes
    }

    fn run(self: Box<Self>, db: Result<&mut Db>) -> Ended {
        let Self { work, answer, span, .. } = *self;
        let _entered = span.enter();
        let (result, sound) = match db {
            Ok(db) => match catch_unwind(AssertUnwindSafe(|| work(db))) {
                Ok(result) => {
                    let sound = result.is_ok() || is_sound(db);
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
    lane: Lane,
    writes: bool,
    work: impl FnOnce(&mut Db) -> std::result::Result<T, E> + Send + 'static,
) -> std::result::Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    queue.push(lane, Box::new(Asked { work, answer, span: tracing::Span::current(), writes }))?;
    answered.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
}

/// Whether a connection is usable after a failure. PostgreSQL's tells by a round trip.
fn is_sound(db: &mut Db) -> bool {
    use diesel::connection::SimpleConnection;
    match db {
        Db::Sqlite(_) => true,
        Db::Postgres(connection) => match connection.batch_execute("") {
            Ok(()) => true,
            Err(error) => !Error::from(error).breaks_connection(),
        },
    }
}

fn spawn(opening: Opening, threads: usize, share: Share, name: &str) -> Result<Arc<Queue<Box<dyn Job>>>> {
    let queue = Arc::new(Queue::new(share));
    for number in 0..threads {
        let (theirs, opening) = (queue.clone(), opening.clone());
        let spawned = thread::Builder::new()
            .name(format!("{name}-{number}"))
            .spawn(move || work_off(&theirs, &opening));
        if let Err(error) = spawned {
            queue.close();
            return Err(Error::Open(format!("no thread for the database: {error}")));
        }
    }
    Ok(queue)
}

/// One thread: takes a job, lends it its connection, until the queue is closed.
fn work_off(queue: &Queue<Box<dyn Job>>, opening: &Opening) {
    let mut held = None;
    loop {
        match queue.next(KEPT) {
            Turn::Job(lane, job) => {
                let wanted = job.is_wanted();
                if wanted {
                    opening.work(job, &mut held);
                }
                queue.done(&lane, wanted);
            }
            Turn::Idle => held = None,
            Turn::Closed => return,
        }
    }
}

/// A connection of a thread.
struct Held {
    db: Db,
    used: Instant,
    /// How many connections of the store had broken when it was used.
    breaks: u64,
}

/// How a thread gets its connection.
#[derive(Clone)]
struct Opening {
    engine: Engine,
    url: String,
    purpose: Purpose,
    health: Arc<Health>,
}

impl Opening {
    fn work(&self, job: Box<dyn Job>, held: &mut Option<Held>) {
        let writes = job.writes();
        let mut now = match held.take().map_or_else(|| self.open(), |held| self.alive(held)) {
            Ok(now) => now,
            Err(error) => {
                job.run(Err(error));
                return;
            }
        };
        // What opening met is none of the job's.
        health::met();
        let ended = match self.purpose {
            Purpose::Write => self.health.writing(|| job.run(Ok(&mut now.db))),
            _ => job.run(Ok(&mut now.db)),
        };
        let met = health::met();
        match met {
            // It may be our own writer that a probe waited for.
            Some(Fault::Locked) if self.purpose == Purpose::Probe && self.health.is_writing() => {}
            Some(fault) if writes => self.health.wrote(Some(fault)),
            // Only a probe's write is known to have changed something.
            _ if writes && ended.ok && self.purpose == Purpose::Probe => self.health.wrote(None),
            _ => {}
        }
        if !ended.sound {
            self.health.broke();
            return;
        }
        // Opened anew, it may be writable again.
        if !matches!(met, Some(Fault::ReadOnly | Fault::Disk)) {
            (now.used, now.breaks) = (Instant::now(), self.health.breaks());
            *held = Some(now);
        }
    }

    fn open(&self) -> Result<Held> {
        if let Some(error) = self.health.unreachable() {
            return Err(error);
        }
        let breaks = self.health.breaks();
        match connect(self.engine, &self.url, self.purpose) {
            Ok(db) => {
                self.health.reached(None);
                Ok(Held { db, used: Instant::now(), breaks })
            }
            Err(error) => {
                tracing::warn!(%error, "the database cannot be reached");
                if let Error::Open(why) = &error {
                    self.health.reached(Some(why.clone()));
                }
                Err(error)
            }
        }
    }

    /// The connection, or another one where its server was restarted meanwhile.
    fn alive(&self, mut held: Held) -> Result<Held> {
        let trusted = held.used.elapsed() < TRUSTED && held.breaks == self.health.breaks();
        if trusted || is_sound(&mut held.db) { Ok(held) } else { self.open() }
    }
}
