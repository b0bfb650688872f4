//! The answer to a request: staged as it streams past, judged when all of it has arrived.
//!
//! Reading is blocking work on a thread of its own; the batches are written by a task beside it, so that the next one
//! is read while the last one is committed.

use std::io::Read;

use tokio::{runtime::Handle, sync::mpsc};

use crate::{
    clock::Ambient,
    codec::qbxml::{Answer, QbxmlError, Reader},
    connectors::quickbooks_desktop::{
        codes::{self, Verdict, hresult_problem, status_code},
        map::{self, MapError},
        plan::{self, FAILED, ListPlan, Outcome, Plan},
    },
    domain::{problem::Problem, record::Record},
    store::{self, Db, Store, connections, lists, runs, runs::Run},
    sync::{ingest, reconcile, run},
};

use super::Open;

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
    read: Option<Result<(Answer, plan::Received), Problem>>,
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
    /// The writer gave up; it says why.
    #[error("the answer could not be staged")]
    Unwritten,
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unexpected(problem) => problem,
            error => Problem::new(
                "answer_not_read",
                format!(
                    "QuickBooks' answer could not be read to its end. Nobody was marked absent. The cause: {error}."
                ),
                "Run the update again. If it repeats, run Verify Data in QuickBooks (File, Utilities).",
            ),
        }
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
        let writer = runtime.spawn(write(self.store.clone(), self.ambient.clone(), run.clone(), waiting));
        let read = self.read(&list, &run, document, batches);
        match runtime.block_on(writer) {
            Ok(Ok(())) => {}
            // Retired or expired in the middle: the last error says so.
            Ok(Err(store::Error::Stale(_))) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(store::Error::Panicked),
        }
        self.read = Some(read.map_err(Problem::from));
        Ok(())
    }

    fn read(
        &self,
        list: &ListPlan,
        run: &Run,
        document: impl Read,
        batches: mpsc::Sender<Batch>,
    ) -> Result<(Answer, plan::Received), ReadError> {
        let mut reader = Reader::new(document);
        let answer = reader.answer()?.ok_or(ReadError::Nothing)?;
        self.plan.expects(&answer).map_err(ReadError::Unexpected)?;
        let mut received = plan::Received::default();
        let mut high_water = run.high_water.clone();
        let mut batch = Vec::new();
        let has_rows = matches!(status_code(answer.status).verdict, Verdict::Whole | Verdict::Partial);
        while let Some(ret) = if has_rows { reader.record()? } else { None } {
            received.records += 1;
            match ret.element.as_str() {
                "ListDeletedRet" => {
                    let (id, at) = map::deleted(ret)?;
                    raise(&mut high_water, at.as_deref());
                    received.deleted.push(id);
                }
                _ => {
                    let record = map::record(list.list, ret)?;
                    raise(&mut high_water, record.source_modified_at.as_deref());
                    batch.push(record);
                }
            }
            if batch.len() == ingest::BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(ingest::BATCH));
                batches.blocking_send((full, high_water.clone())).map_err(|_| ReadError::Unwritten)?;
            }
        }
        if !batch.is_empty() || high_water != run.high_water {
            batches.blocking_send((batch, high_water)).map_err(|_| ReadError::Unwritten)?;
        }
        // Only a document that is whole and well-formed to its end counts.
        while reader.answer()?.is_some() {}
        Ok((answer, received))
    }

    /// Takes the answer in, once the whole call has arrived: ends the run where its list is done, and says what
    /// `receiveResponseXML` answers.
    pub async fn conclude(self, hresult: String) -> store::Result<i32> {
        let store = self.store.clone();
        let concluded = store.write(move |db| self.take_in(db, &hresult)).await;
        match concluded {
            // Replaced by another call or session meanwhile: nothing of this one counts.
            Err(store::Error::Stale(_)) => Ok(FAILED),
            other => other,
        }
    }

    fn take_in(self, db: &mut Db, hresult: &str) -> store::Result<i32> {
        let now = self.ambient.now();
        let Ok(mut open) = Open::of(db, &self.ticket, now)? else { return Ok(FAILED) };
        if open.session.revision != self.revision {
            return Err(store::Error::Stale("session"));
        }
        if open.plan.current().is_none() {
            return Ok(open.plan.progress());
        }
        let outcome = match self.read {
            _ if !hresult.trim().is_empty() => open.plan.give_up(refusal(hresult)),
            Some(Ok((answer, received))) => open.plan.answered(&answer, received),
            Some(Err(problem)) => open.plan.give_up(Outcome::Stop(problem)),
            None => open.plan.give_up(Outcome::Stop(Problem::from(ReadError::Nothing))),
        };
        if let Some(run) = &self.run {
            let run = runs::get(db, &run.id)?;
            apply(db, &open, &run, &outcome, now)?;
        }
        let progress = open.plan.progress();
        if progress == 100 {
            connections::set_problem(db, &open.session.connection_id, None, now)?;
        }
        open.save(db, now)?;
        Ok(progress)
    }
}

/// Writes batches until there are no more. Ends early where one fails, which ends the reading too.
async fn write(
    store: Store,
    ambient: Ambient,
    run: Run,
    mut batches: mpsc::Receiver<Batch>,
) -> store::Result<()> {
    while let Some((records, high_water)) = batches.recv().await {
        let (ambient, run) = (ambient.clone(), run.clone());
        store
            .write(move |db| ingest::batch(db, &ambient, &run, &records, high_water.as_deref()).map(drop))
            .await?;
    }
    Ok(())
}

/// Does what an outcome asks for, in the transaction that writes the plan.
fn apply(
    db: &mut Db,
    open: &Open,
    run: &Run,
    outcome: &Outcome,
    now: chrono::DateTime<chrono::Utc>,
) -> store::Result<()> {
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

/// Keeps the newer of two times by their local parts, which sort as they are written.
fn raise(high_water: &mut Option<String>, time: Option<&str>) {
    let newer = |time: &&str| match high_water.as_deref().and_then(map::local_part) {
        Some(local) => map::local_part(time).is_some_and(|other| other > local),
        None => map::local_part(time).is_some(),
    };
    if let Some(time) = time.filter(newer) {
        *high_water = Some(time.to_owned());
    }
}
