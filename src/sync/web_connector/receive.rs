//! The answer to a request: staged as it streams past, judged when all of it has arrived.
//!
//! Reading is blocking work on a thread of its own; the batches are written by a task beside it, so that the next one
//! is read while the last one is committed.

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use chrono::{DateTime, Utc};
use tokio::{runtime::Handle, sync::mpsc};

use crate::{
    clock::Ambient,
    codec::qbxml::{Answer, QbxmlError, Reader},
    connectors::quickbooks_desktop::{
        codes::{self, Verdict, hresult_problem, status_code},
        map::{self, MapError},
        plan::{self, FAILED, ListPlan, Outcome, Plan},
        times::HighWater,
    },
    domain::{hold::Gone, problem::Problem, record::Record},
    store::{self, Db, Store, connections, desktop, lists, runs, runs::Run},
    sync::{ingest, reconcile, run},
};

use super::{
    Open,
    company::{self, People},
    finish,
    rivals::{self, two_web_connectors},
};

/// Batches that may wait for the writer: with the one being read and the one being written, what is in memory.
const WAITING: usize = 1;

/// A `receiveResponseXML` under way.
pub struct Received {
    store: Store,
    ambient: Ambient,
    ticket: String,
    /// The session as it was when the call began.
    revision: i64,
    plan: Plan,
    run: Option<Run>,
    read: Option<Result<(Answer, plan::Received), ReadError>>,
    /// Rows that were staged of it.
    staged: Arc<AtomicU64>,
    /// Its people are those of the connection, where that had been in doubt.
    recognised: bool,
}

/// What ends a list while its answer is taken in, and is no fault of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    TooLarge,
    DatabaseFailed,
}

impl From<Ended> for Problem {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::TooLarge => Self::new(
                "answer_too_large",
                "QuickBooks' answer is larger than this gateway accepts. Nobody was marked absent.",
                "Raise ROLLCALL_MAX_QBWC_BODY, or ask for fewer customers at once: set `page_size` of this connection.",
            ),
            Ended::DatabaseFailed => Self::new(
                "database_failed",
                "Rollcall's own database failed while the list was taken in. Nobody was marked absent; what had been \
                 stored is kept.",
                "Look into the gateway's log and at its database (`rollcall doctor`), then run the update again.",
            ),
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
            let Ok(mut open) = Open::of(db, &hash, now)? else { return Ok(Err(FAILED)) };
            if !open.plan.is_asked() {
                // Said twice: what it told was taken in the first time.
                return Ok(Err(open.plan.progress()));
            }
            let run = match open.plan.current().and_then(|list| list.run_id.as_deref()) {
                Some(run_id) => Some(runs::get(db, run_id)?),
                None => None,
            };
            Ok(Ok((open.session.revision, open.plan, run)))
        })
        .await?;
    Ok(match found {
        Err(answer) => Begun::Over(answer),
        Ok((revision, plan, run)) => Begun::Going(Box::new(Received {
            store: store.clone(),
            ambient: ambient.clone(),
            ticket: ticket.to_owned(),
            revision,
            plan,
            run,
            read: None,
            staged: Arc::default(),
            recognised: false,
        })),
    })
}

/// Why an answer was not read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Qbxml(#[from] QbxmlError),
    #[error(transparent)]
    Map(#[from] MapError),
    #[error("{}", .0.detail)]
    Unexpected(Problem),
    #[error("QuickBooks' answer has no response in it")]
    Nothing,
    /// Not even its beginning is QuickBooks'.
    #[error(transparent)]
    NotQuickBooks(QbxmlError),
    /// Its people are not those of the connection.
    #[error("{}", .0.detail)]
    Strangers(Problem),
    /// The writer gave up; it says why.
    #[error("the run had been ended meanwhile")]
    Unwritten,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<&ReadError> for Problem {
    fn from(error: &ReadError) -> Self {
        let remedy = match error {
            ReadError::Unexpected(problem) | ReadError::Strangers(problem) => return problem.clone(),
            ReadError::Store(_) => return Ended::DatabaseFailed.into(),
            ReadError::Unwritten => "Run the update again.",
            ReadError::NotQuickBooks(_) => {
                "Run the update again. If it repeats, look whether a proxy or a security program between the Web \
                 Connector and Rollcall puts a page of its own in the place of QuickBooks' answer."
            }
            ReadError::Qbxml(_) | ReadError::Map(_) | ReadError::Nothing => {
                "Run the update again. If it repeats, run Verify Data in QuickBooks (File, Utilities)."
            }
        };
        Problem::new(
            "answer_not_read",
            format!(
                "QuickBooks' answer could not be read to its end. Nobody was marked absent. The cause: {error}."
            ),
            remedy,
        )
    }
}

type Batch = (Vec<Record>, Option<String>);

impl Received {
    /// Reads the answer and stages its records as they come. Must be called on a thread that may block.
    ///
    /// # Errors
    /// A database that fails. An answer that cannot be read is no error here: it counts at [`Received::conclude`].
    pub fn stage(&mut self, runtime: &Handle, document: impl Read) -> store::Result<()> {
        let (Some(list), Some(run)) = (self.plan.current().cloned(), self.run.clone()) else { return Ok(()) };
        let (batches, waiting) = mpsc::channel(WAITING);
        let (store, ambient, staged) = (self.store.clone(), self.ambient.clone(), self.staged.clone());
        let writer = runtime.spawn(write(store, ambient, run.clone(), staged, waiting));
        let read = self.read(runtime, &list, &run, document, batches);
        match runtime.block_on(writer) {
            Ok(Ok(())) => {}
            // Retired or expired in the middle: the last error says so.
            Ok(Err(store::Error::Stale(_))) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(store::Error::Panicked),
        }
        match read {
            Err(ReadError::Store(error)) => return Err(error),
            read => self.read = Some(read),
        }
        Ok(())
    }

    fn read(
        &mut self,
        runtime: &Handle,
        list: &ListPlan,
        run: &Run,
        document: impl Read,
        batches: mpsc::Sender<Batch>,
    ) -> Result<(Answer, plan::Received), ReadError> {
        let mut reader = Reader::new(document);
        let answer = reader.answer().map_err(ReadError::NotQuickBooks)?.ok_or(ReadError::Nothing)?;
        self.plan.expects(&answer).map_err(ReadError::Unexpected)?;
        let mut received = plan::Received::default();
        let mut high_water = HighWater::new(run.high_water.clone(), self.ambient.now());
        let mut batch = Vec::new();
        let has_rows = matches!(status_code(answer.status).verdict, Verdict::Whole | Verdict::Partial);
        while let Some(ret) = if has_rows { reader.record()? } else { None } {
            received.records += 1;
            match ret.element.as_str() {
                "ListDeletedRet" => {
                    let (id, at) = match map::deleted(ret) {
                        // Of a record that was never staged.
                        Err(MapError::LongListId(_)) => continue,
                        mapped => mapped?,
                    };
                    high_water.raise(at.as_deref());
                    received.deleted.push(id);
                }
                _ => {
                    let record = match map::record(list.list, ret) {
                        Err(MapError::LongListId(_)) => {
                            received.refused += 1;
                            continue;
                        }
                        mapped => mapped?,
                    };
                    high_water.raise(record.source_modified_at.as_deref());
                    batch.push(record);
                }
            }
            if batch.len() == ingest::BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(ingest::BATCH));
                self.recognise(runtime, run, &full)?;
                send(&batches, full, &high_water)?;
            }
        }
        if !batch.is_empty() || high_water.get() != run.high_water.as_deref() {
            self.recognise(runtime, run, &batch)?;
            send(&batches, batch, &high_water)?;
        }
        // Only a document that is whole and well-formed to its end counts.
        while reader.answer()?.is_some() {}
        Ok((answer, received))
    }

    /// Where the company file may be another company's, looks at its first people before any of them is staged.
    fn recognise(&mut self, runtime: &Handle, run: &Run, people: &[Record]) -> Result<(), ReadError> {
        let Some(suspect) = self.plan.suspect.clone().filter(|_| !self.recognised && !people.is_empty())
        else {
            return Ok(());
        };
        let ids: Vec<String> = people.iter().map(|record| record.external_id.clone()).collect();
        let (connection_id, list) = (run.connection_id.clone(), run.list);
        let known = self.store.read(move |db| company::known_of(db, &connection_id, list, &ids));
        let known = runtime.block_on(known)?;
        if known * 2 < people.len() {
            let people = People::Known { known, of: people.len() };
            return Err(ReadError::Strangers(company::doubted(&run.connection_id, &suspect, people)));
        }
        self.recognised = true;
        Ok(())
    }

    /// Takes the answer in, once the whole call has arrived: ends the run where its list is done, and says what
    /// `receiveResponseXML` answers.
    ///
    /// # Errors
    /// A database that fails; [`Received::give_up`] says so where it can.
    pub async fn conclude(&mut self, hresult: String) -> store::Result<i32> {
        let call = Concluding {
            ambient: self.ambient.clone(),
            ticket: self.ticket.clone(),
            revision: self.revision,
            run: self.run.clone(),
            read: self.read.take(),
            staged: self.staged.load(Relaxed),
            recognised: self.recognised,
        };
        let concluded = self.store.write(move |db| call.take_in(db, &hresult)).await;
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
            let now = ambient.now();
            let Ok(mut open) = Open::find(db, &ticket, now)? else { return Ok(()) };
            if open.session.revision != revision {
                return Ok(());
            }
            finish::stop(db, &mut open, &ended.into(), now)?;
            open.save(db, now)
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
    read: Option<Result<(Answer, plan::Received), ReadError>>,
    staged: u64,
    recognised: bool,
}

impl Concluding {
    fn take_in(mut self, db: &mut Db, hresult: &str) -> store::Result<i32> {
        let now = self.ambient.now();
        let Ok(mut open) = Open::find(db, &self.ticket, now)? else { return Ok(FAILED) };
        if open.session.revision != self.revision {
            // Sent twice, and the other one was whole first: that one counts, and its rows are counted once.
            if let Some(run) = &self.run {
                runs::take_back(db, &run.id, self.staged)?;
            }
            return Ok(open.plan.progress());
        }
        if open.plan.current().is_none() {
            return Ok(open.plan.progress());
        }
        let strangers = matches!(self.read, Some(Err(ReadError::Strangers(_))));
        let outcome = match self.read.take() {
            _ if !hresult.trim().is_empty() => open.plan.give_up(refusal(hresult)),
            Some(Ok((answer, received))) => open.plan.answered(&answer, received),
            Some(Err(error)) => open.plan.give_up(Outcome::Stop((&error).into())),
            None => open.plan.give_up(Outcome::Stop((&ReadError::Nothing).into())),
        };
        let outcome = self.of_suspect(db, &mut open, outcome, strangers)?;
        if let Some(run) = &self.run {
            let run = runs::get(db, &run.id)?;
            apply(db, &open, &run, &outcome, now)?;
        }
        let progress = open.plan.progress();
        if progress == 100 {
            let connection_id = &open.session.connection_id;
            let rivals =
                rivals::are_there(db, connection_id, now)?.then(|| two_web_connectors(connection_id));
            connections::set_problem(db, connection_id, rivals.as_ref(), now)?;
        }
        open.save(db, now)?;
        Ok(progress)
    }

    /// What an answer of a company file in doubt comes to: once its people are known it is the connection's; before
    /// that nobody is absent by it.
    fn of_suspect(
        &self,
        db: &mut Db,
        open: &mut Open,
        outcome: Outcome,
        strangers: bool,
    ) -> store::Result<Outcome> {
        let Some(suspect) = open.plan.suspect.clone() else { return Ok(outcome) };
        let (name, path) = (Some(suspect.name.as_str()), Some(suspect.path.as_str()));
        let connection_id = &open.session.connection_id;
        if strangers {
            desktop::doubt(db, connection_id, &suspect.name, &suspect.path)?;
        } else if self.recognised {
            desktop::set_pin(db, connection_id, true, name, path)?;
            open.plan.suspect = None;
        } else if let Outcome::Done { .. } = outcome {
            let warning = Some(company::doubted(connection_id, &suspect, People::None));
            return Ok(Outcome::Done { gone: Gone::Unknown, warning });
        }
        Ok(outcome)
    }
}

fn send(
    batches: &mpsc::Sender<Batch>,
    records: Vec<Record>,
    high_water: &HighWater,
) -> Result<(), ReadError> {
    let batch = (records, high_water.get().map(str::to_owned));
    batches.blocking_send(batch).map_err(|_| ReadError::Unwritten)
}

/// Writes batches until there are no more. Ends early where one fails, which ends the reading too.
async fn write(
    store: Store,
    ambient: Ambient,
    run: Run,
    staged: Arc<AtomicU64>,
    mut batches: mpsc::Receiver<Batch>,
) -> store::Result<()> {
    while let Some((records, high_water)) = batches.recv().await {
        let (ambient, run) = (ambient.clone(), run.clone());
        let write = store.write(move |db| ingest::batch(db, &ambient, &run, &records, high_water.as_deref()));
        staged.fetch_add(write.await?.received, Relaxed);
    }
    Ok(())
}

/// Does what an outcome asks for, in the transaction that writes the plan.
fn apply(db: &mut Db, open: &Open, run: &Run, outcome: &Outcome, now: DateTime<Utc>) -> store::Result<()> {
    let connection_id = &open.session.connection_id;
    match outcome {
        Outcome::More => {}
        Outcome::Restart => runs::forget_seen(db, &run.id)?,
        Outcome::Done { gone, warning } => {
            reconcile::finish(db, run, gone, warning.as_ref(), now)?;
        }
        Outcome::Failed { problem, refused } => {
            run::fail(db, &run.id, problem, now)?;
            if *refused {
                let version = open.plan.version.as_deref().unwrap_or_default();
                lists::refused(db, connection_id, run.list, &plan::fingerprint(run.list, version), now)?;
            }
            connections::set_problem(db, connection_id, Some(problem), now)?;
        }
        Outcome::Stop(problem) => {
            run::fail(db, &run.id, problem, now)?;
            connections::set_problem(db, connection_id, Some(problem), now)?;
        }
    }
    Ok(())
}

fn refusal(code: &str) -> Outcome {
    let problem = hresult_problem(code);
    match codes::hresult(code).response {
        codes::Response::SkipRequest => Outcome::Failed { problem, refused: true },
        _ => Outcome::Stop(problem),
    }
}
