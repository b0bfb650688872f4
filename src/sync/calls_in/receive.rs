//! An answer: staged as it streams past, judged when all of it has arrived.
//!
//! Reading is blocking work on a thread of its own; the parts are written by a task beside it, so that the next one is
//! read while the last one is committed.

use std::{
    borrow::Cow,
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use tokio::{runtime::Handle, sync::mpsc};

use crate::{
    clock::Ambient,
    connectors::calls_in::{Answer, FAILED, RecordSink, SessionResult, Trouble},
    domain::{ids::ConnectionId, record::Record, words::List},
    store::{self, Db, Store, WriteDb, records, runs, runs::Run},
    sync::ingest::{self, Prepared},
};

use super::{Open, error::store_error};

/// Parts that may wait for the writer: with the one being read and the one being written, what is in memory.
const WAITING: usize = 1;

/// An answer under way.
pub struct Received {
    store: Store,
    ambient: Ambient,
    ticket: String,
    /// The session as it was when the call began.
    revision: i64,
    run: Option<Run>,
    /// Taken by whoever concludes it.
    answer: Option<Box<dyn Answer>>,
    /// Rows that were staged of it.
    staged: Arc<AtomicU64>,
}

/// What ends a list while its answer is taken in, and is no fault of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    TooLarge,
    DatabaseFailed,
}

impl From<Ended> for Trouble {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::TooLarge => Self::TooLarge,
            Ended::DatabaseFailed => Self::DatabaseFailed,
        }
    }
}

/// What the beginning of a call shows.
pub enum Begun {
    Going(Box<Received>),
    /// There is nothing to receive: the answer to give at once.
    Over(i32),
}

/// Begins to receive for a ticket.
pub async fn receive(store: &Store, ambient: &Ambient, ticket: &str) -> store::Result<Begun> {
    let (hash, now) = (ticket.to_owned(), ambient.now());
    let found = store
        .write(move |db| -> store::Result<_> {
            let Ok(open) = Open::of(db, &hash, now)? else { return Ok(Err(FAILED)) };
            let state = &open.session.plan;
            let standing = open.connector.standing(state).map_err(store_error)?;
            if !standing.asked {
                // Said twice: what it told was taken in the first time.
                return Ok(Err(standing.progress));
            }
            let run = match standing.run_id.as_ref() {
                Some(run_id) => Some(runs::get(db, run_id)?),
                None => None,
            };
            let high_water = run.as_ref().and_then(|run| run.high_water.as_deref());
            let answer = open.connector.answer(state, high_water, now).map_err(store_error)?;
            Ok(Ok((open.session.revision, answer, run)))
        })
        .await?;
    Ok(match found {
        Err(answer) => Begun::Over(answer),
        Ok((revision, answer, run)) => Begun::Going(Box::new(Received {
            store: store.clone(),
            ambient: ambient.clone(),
            ticket: ticket.to_owned(),
            revision,
            run,
            answer: Some(answer),
            staged: Arc::default(),
        })),
    })
}

type Part = (Vec<Prepared<'static>>, Option<String>);

/// Hands the parts of an answer to the writer.
struct Writer<'a> {
    runtime: &'a Handle,
    store: Store,
    run: &'a Run,
    parts: mpsc::Sender<Part>,
    /// Whether most of what was staged last was written.
    written: Arc<AtomicBool>,
}

impl RecordSink for Writer<'_> {
    fn size(&self) -> usize {
        ingest::BATCH
    }

    fn stage(&mut self, records: Vec<Record>, high_water: Option<&str>) -> bool {
        let written = self.written.load(Relaxed);
        let prepared = |record| Prepared::of(Cow::Owned(record), written);
        let part = (records.into_iter().map(prepared).collect(), high_water.map(str::to_owned));
        self.parts.blocking_send(part).is_ok()
    }

    fn known(&mut self, external_ids: Vec<String>) -> SessionResult<usize> {
        let (connection_id, list) = (self.run.connection_id.clone(), self.run.list);
        let known = self.store.read(move |db| known_of(db, &connection_id, list, &external_ids));
        Ok(self.runtime.block_on(known)?)
    }
}

/// How many of these were staged before.
fn known_of(db: &mut Db, connection_id: &ConnectionId, list: List, ids: &[String]) -> store::Result<usize> {
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(records::known(db, connection_id, list, &ids)?.len())
}

impl Received {
    /// Reads the answer and stages its records as they come. Must be called on a thread that may block.
    ///
    /// # Errors
    /// A database that fails. An answer that cannot be read is no error here: it counts at [`Received::conclude`].
    pub fn stage(&mut self, runtime: &Handle, mut document: impl Read) -> store::Result<()> {
        let (Some(answer), Some(run)) = (self.answer.as_mut(), self.run.as_ref()) else { return Ok(()) };
        let (parts, waiting) = mpsc::channel(WAITING);
        let (staged, written) = (self.staged.clone(), Arc::new(AtomicBool::default()));
        let staging = Staging {
            store: self.store.clone(),
            ambient: self.ambient.clone(),
            run: run.clone(),
            staged,
            written: written.clone(),
        };
        let writing = runtime.spawn(staging.write(waiting));
        let mut writer = Writer { runtime, store: self.store.clone(), run, parts, written };
        let read = answer.read(&mut document, &mut writer);
        // There are no more parts.
        drop(writer);
        match runtime.block_on(writing) {
            Ok(Ok(())) => {}
            // Retired or expired in the middle: the last error says so.
            Ok(Err(store::Error::Stale(_))) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(store::Error::Panicked),
        }
        read.map_err(store_error)
    }

    /// Takes the answer in, once the whole call has arrived. `error` is what the program says went wrong, or empty. What is
    /// answered to the call.
    ///
    /// # Errors
    /// A database that fails; [`Received::give_up`] says so where it can.
    pub async fn conclude(&mut self, error: String) -> store::Result<i32> {
        let Some(answer) = self.answer.take() else { return Ok(FAILED) };
        let call = Concluding {
            ambient: self.ambient.clone(),
            ticket: self.ticket.clone(),
            revision: self.revision,
            run: self.run.clone(),
            answer,
            staged: self.staged.load(Relaxed),
        };
        let concluded = self.store.write(move |db| call.take_in(db, &error)).await;
        match concluded {
            // Replaced by another call or session meanwhile: nothing of this one counts.
            Err(store::Error::Stale(_)) => Ok(FAILED),
            other => other,
        }
    }

    /// Ends the list, for its answer could not be taken in: the session and its run say why.
    ///
    /// # Errors
    /// A database that fails, as it may be why.
    pub async fn give_up(&self, ended: Ended) -> store::Result<()> {
        let (ambient, ticket, revision) = (self.ambient.clone(), self.ticket.clone(), self.revision);
        let given_up = self.store.write(move |db| -> store::Result<()> {
            let Ok(open) = Open::find(db, &ticket, ambient.now())? else { return Ok(()) };
            if open.session.revision != revision {
                return Ok(());
            }
            let problem = open.connector.problem(ended.into(), &open.connection.id);
            open.call(db, &ambient, |connector, state, context| connector.stop(state, context, &problem))
        });
        match given_up.await {
            Err(store::Error::Stale(_)) => Ok(()),
            other => other,
        }
    }
}

/// What a call is concluded with.
struct Concluding {
    ambient: Ambient,
    ticket: String,
    revision: i64,
    run: Option<Run>,
    answer: Box<dyn Answer>,
    staged: u64,
}

impl Concluding {
    fn take_in(mut self, db: &mut WriteDb, error: &str) -> store::Result<i32> {
        let Ok(open) = Open::find(db, &self.ticket, self.ambient.now())? else { return Ok(FAILED) };
        let standing = open.connector.standing(&open.session.plan).map_err(store_error)?;
        if open.session.revision != self.revision {
            // Sent twice, and the other one was whole first: that one counts, and its rows are counted once.
            if let Some(run) = &self.run {
                runs::take_back(db, &run.id, self.staged)?;
            }
            return Ok(standing.progress);
        }
        if standing.done {
            return Ok(standing.progress);
        }
        let ambient = self.ambient.clone();
        open.call(db, &ambient, |_, state, context| self.answer.conclude(state, context, error))
    }
}

/// What stages the parts of an answer.
struct Staging {
    store: Store,
    ambient: Ambient,
    run: Run,
    staged: Arc<AtomicU64>,
    written: Arc<AtomicBool>,
}

impl Staging {
    /// Writes parts until there are no more. Ends early where one fails, which ends the reading too.
    async fn write(self, mut parts: mpsc::Receiver<Part>) -> store::Result<()> {
        while let Some((records, high_water)) = parts.recv().await {
            let (ambient, run) = (self.ambient.clone(), self.run.clone());
            let write =
                move |db: &mut WriteDb| ingest::prepared(db, &ambient, &run, records, high_water.as_deref());
            let counts = self.store.write(write).await?;
            self.staged.fetch_add(counts.received, Relaxed);
            self.written.store(counts.unchanged * 2 < counts.received, Relaxed);
        }
        Ok(())
    }
}
