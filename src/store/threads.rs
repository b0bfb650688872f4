//! The database threads: a few, each with a connection from the pool while it works, so that at most as many
//! queries compete as there are cores. A SQLite database has one writer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use diesel::r2d2;
use tokio::sync::oneshot;

use super::{
    Db, Engine, Error, Result,
    engine::{connect, in_transaction, widen_cache},
};

/// How long a job may wait for a connection of the pool.
const CHECKOUT: Duration = Duration::from_secs(30);

/// PostgreSQL answers over a network: more may be under way than this machine has cores.
const POSTGRES_THREADS: usize = 8;

type Job = Box<dyn FnOnce(std::result::Result<&mut Db, Error>) -> bool + Send>;

/// The threads and their two queues. On PostgreSQL both lead to the same threads.
pub(super) struct Threads {
    readers: mpsc::Sender<Job>,
    writer: mpsc::Sender<Job>,
}

impl Threads {
    pub(super) fn start(engine: Engine, url: &str) -> Result<Self> {
        let cores = thread::available_parallelism().map_or(2, std::num::NonZero::get);
        match engine {
            Engine::Sqlite => Ok(Self {
                readers: spawn(Manager { engine, url: url.to_owned(), writes: false }, cores, "db-read")?,
                writer: spawn(Manager { engine, url: url.to_owned(), writes: true }, 1, "db-write")?,
            }),
            Engine::Postgres => {
                let both =
                    spawn(Manager { engine, url: url.to_owned(), writes: true }, POSTGRES_THREADS, "db")?;
                Ok(Self { readers: both.clone(), writer: both })
            }
        }
    }

    pub(super) async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Db) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        run(&self.readers, work).await
    }

    pub(super) async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Db) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        run(&self.writer, |db| in_transaction(db, work)).await
    }
}

/// Queues `work` and waits for its answer. The caller's tracing span goes with it.
async fn run<T, E>(
    queue: &mpsc::Sender<Job>,
    work: impl FnOnce(&mut Db) -> std::result::Result<T, E> + Send + 'static,
) -> std::result::Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    let span = tracing::Span::current();
    let job: Job = Box::new(move |db| {
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
        // A caller that went away does not want the answer; what was committed stays.
        let _ = answer.send(result);
        sound
    });
    if queue.send(job).is_err() {
        return Err(Error::Panicked.into());
    }
    answered.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
}

/// Whether a connection may go back into the pool after a failure. PostgreSQL's tells by a round trip.
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

fn spawn(manager: Manager, threads: usize, name: &str) -> Result<mpsc::Sender<Job>> {
    let last_error = Arc::new(Mutex::new(None));
    let pool = r2d2::Pool::builder()
        .max_size(u32::try_from(threads).unwrap_or(1))
        .min_idle(Some(0))
        .test_on_check_out(false)
        .connection_timeout(CHECKOUT)
        .error_handler(Box::new(LastError(last_error.clone())))
        .build_unchecked(manager);
    let (queue, jobs) = mpsc::channel::<Job>();
    let jobs = Arc::new(Mutex::new(jobs));
    for number in 0..threads {
        let (pool, jobs, last_error) = (pool.clone(), jobs.clone(), last_error.clone());
        thread::Builder::new()
            .name(format!("{name}-{number}"))
            .spawn(move || work_off(&pool, &jobs, &last_error))
            .map_err(|error| Error::Open(format!("no thread for the database: {error}")))?;
    }
    Ok(queue)
}

/// One thread: takes a job, lends it a connection, until the queue is gone.
fn work_off(
    pool: &r2d2::Pool<Manager>,
    jobs: &Mutex<mpsc::Receiver<Job>>,
    last_error: &Mutex<Option<String>>,
) {
    loop {
        let job = match jobs.lock() {
            Ok(jobs) => jobs.recv(),
            Err(_) => return,
        };
        let Ok(job) = job else { return };
        match pool.get() {
            Ok(mut pooled) => pooled.broken |= !job(Ok(&mut pooled.db)),
            Err(_) => {
                let why = last_error.lock().ok().and_then(|mut last| last.take());
                job(Err(why.map_or(Error::Busy, Error::Open)));
            }
        }
    }
}

struct Manager {
    engine: Engine,
    url: String,
    /// Whether its connections write lists.
    writes: bool,
}

/// A connection in the pool, and whether it must not go back.
struct Pooled {
    db: Db,
    broken: bool,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = Error;

    fn connect(&self) -> Result<Pooled> {
        let mut db = connect(self.engine, &self.url)?;
        if self.writes {
            widen_cache(&mut db)?;
        }
        Ok(Pooled { db, broken: false })
    }

    fn is_valid(&self, _: &mut Pooled) -> Result<()> {
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.broken
    }
}

/// Keeps why the pool could not connect: r2d2 itself only says that it took too long.
#[derive(Debug)]
struct LastError(Arc<Mutex<Option<String>>>);

impl r2d2::HandleError<Error> for LastError {
    fn handle_error(&self, error: Error) {
        tracing::warn!(%error, "the database cannot be reached");
        if let Ok(mut last) = self.0.lock() {
            *last = Some(error.to_string());
        }
    }
}
