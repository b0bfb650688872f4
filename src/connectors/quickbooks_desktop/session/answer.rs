//! The answer to a request: handed over as it streams past, judged when all of it has arrived.

use std::io::Read;

use chrono::{DateTime, Utc};

use crate::{
    codec::qbxml::{self, QbxmlError, Reader},
    connectors::{
        calls_in::{Answer, Pin, RecordSink, SessionContext, SessionError, SessionResult, Trouble},
        quickbooks_desktop::{
            codes::{self, Verdict, hresult_problem, status_code},
            map::{self, MapError},
            plan::{self, ListPlan, Outcome, Plan},
            times::HighWater,
        },
    },
    domain::{hold::Gone, ids::RunId, problem::Problem, record::Record},
};

use super::{
    problems::{self, People, doubted},
    read, write,
};

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
    #[error("a company file of other people")]
    Strangers { known: usize, of: usize },
    /// The writer gave up; it says why.
    #[error("the run had been ended meanwhile")]
    Unwritten,
    #[error(transparent)]
    SessionError(#[from] SessionError),
}

impl ReadError {
    fn problem(&self, plan: &Plan, connection_id: &str) -> Problem {
        let remedy = match self {
            Self::Unexpected(problem) => return problem.clone(),
            Self::Strangers { known, of } => {
                let suspect = plan.suspect.clone().unwrap_or_default();
                return doubted(connection_id, &suspect, People::Known { known: *known, of: *of });
            }
            Self::SessionError(_) => return problems::of(Trouble::DatabaseFailed, connection_id),
            Self::Unwritten => "Run the update again.",
            Self::NotQuickBooks(_) => {
                "Run the update again. If it repeats, look whether a proxy or a security program between the Web \
                 Connector and Rollcall puts a page of its own in the place of QuickBooks' answer."
            }
            Self::Qbxml(_) | Self::Map(_) | Self::Nothing => {
                "Run the update again. If it repeats, run Verify Data in QuickBooks (File, Utilities)."
            }
        };
        Problem::new(
            "answer_not_read",
            format!(
                "QuickBooks' answer could not be read to its end. Nobody was marked absent. The cause: {self}."
            ),
            remedy,
        )
    }
}

/// An answer under way.
pub(super) struct Received {
    /// As it was when the call began.
    plan: Plan,
    high_water: Option<String>,
    now: DateTime<Utc>,
    read: Option<Result<(qbxml::Answer, plan::Received), ReadError>>,
    /// Its people are those of the connection, where that had been in doubt.
    recognised: bool,
}

impl Received {
    pub(super) fn new(plan: Plan, high_water: Option<&str>, now: DateTime<Utc>) -> Self {
        Self { plan, high_water: high_water.map(str::to_owned), now, read: None, recognised: false }
    }

    fn read_all(
        &mut self,
        list: &ListPlan,
        document: &mut dyn Read,
        sink: &mut dyn RecordSink,
    ) -> Result<(qbxml::Answer, plan::Received), ReadError> {
        let mut reader = Reader::new(document);
        let answer = reader.answer().map_err(ReadError::NotQuickBooks)?.ok_or(ReadError::Nothing)?;
        self.plan.expects(&answer).map_err(ReadError::Unexpected)?;
        let mut received = plan::Received::default();
        let mut high_water = HighWater::new(self.high_water.clone(), self.now);
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
            if batch.len() == sink.size() {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(sink.size()));
                self.hand_over(sink, full, &high_water)?;
            }
        }
        if !batch.is_empty() || high_water.get() != self.high_water.as_deref() {
            self.hand_over(sink, batch, &high_water)?;
        }
        // Only a document that is whole and well-formed to its end counts.
        while reader.answer()?.is_some() {}
        Ok((answer, received))
    }

    fn hand_over(
        &mut self,
        sink: &mut dyn RecordSink,
        people: Vec<Record>,
        high_water: &HighWater,
    ) -> Result<(), ReadError> {
        self.recognise(sink, &people)?;
        if sink.stage(people, high_water.get()) { Ok(()) } else { Err(ReadError::Unwritten) }
    }

    /// Where the company file may be another company's, looks at its first people before any of them is staged.
    fn recognise(&mut self, sink: &mut dyn RecordSink, people: &[Record]) -> Result<(), ReadError> {
        if self.plan.suspect.is_none() || self.recognised || people.is_empty() {
            return Ok(());
        }
        let known = sink.known(people.iter().map(|record| record.external_id.clone()).collect())?;
        if known * 2 < people.len() {
            return Err(ReadError::Strangers { known, of: people.len() });
        }
        self.recognised = true;
        Ok(())
    }

    /// What an answer of a company file in doubt comes to: once its people are known it is the connection's; before
    /// that nobody is absent by it.
    fn of_suspect(
        &self,
        plan: &mut Plan,
        context: &mut dyn SessionContext,
        outcome: Outcome,
        strangers: bool,
    ) -> SessionResult<Outcome> {
        let Some(suspect) = plan.suspect.clone() else { return Ok(outcome) };
        if strangers {
            context.doubt(&suspect.name, &suspect.path)?;
        } else if self.recognised {
            let (name, path) = (Some(suspect.name), Some(suspect.path));
            context.pin(&Pin { by_file_id: true, any_file_id: false, name, path })?;
            plan.suspect = None;
        } else if let Outcome::Done { .. } = outcome {
            let warning = Some(doubted(context.connection_id(), &suspect, People::None));
            return Ok(Outcome::Done { gone: Gone::Unknown, warning });
        }
        Ok(outcome)
    }
}

impl Answer for Received {
    fn read(&mut self, document: &mut dyn Read, sink: &mut dyn RecordSink) -> SessionResult<()> {
        let Some(list) = self.plan.current().cloned() else { return Ok(()) };
        match self.read_all(&list, document, sink) {
            Err(ReadError::SessionError(error)) => return Err(error),
            read => self.read = Some(read),
        }
        Ok(())
    }

    fn conclude(
        &mut self,
        state: &mut String,
        context: &mut dyn SessionContext,
        error: &str,
    ) -> SessionResult<i32> {
        let mut plan = read(state)?;
        let Some(run_id) = plan.current().map(|list| list.run_id.clone()) else { return Ok(plan.progress()) };
        let connection_id = context.connection_id().to_owned();
        let read = self.read.take();
        let strangers = matches!(read, Some(Err(ReadError::Strangers { .. })));
        let outcome = match read {
            _ if !error.trim().is_empty() => plan.give_up(refusal(error)),
            Some(Ok((answer, received))) => plan.answered(&answer, received),
            Some(Err(error)) => {
                let problem = error.problem(&plan, &connection_id);
                plan.give_up(Outcome::Stop(problem))
            }
            None => {
                let problem = ReadError::Nothing.problem(&plan, &connection_id);
                plan.give_up(Outcome::Stop(problem))
            }
        };
        let list = self.plan.current().map(|list| list.list);
        let outcome = self.of_suspect(&mut plan, context, outcome, strangers)?;
        if let Some((run_id, list)) = run_id.zip(list) {
            let request = plan::fingerprint(list, plan.version.as_deref().unwrap_or_default());
            apply(context, &run_id, list, &outcome, &request)?;
        }
        let progress = plan.progress();
        if progress == 100 {
            let rivals = context.has_rivals()?.then(|| problems::of(Trouble::Rivals, &connection_id));
            context.set_problem(rivals.as_ref())?;
        }
        *state = write(&plan)?;
        Ok(progress)
    }
}

/// Does what an outcome asks for.
fn apply(
    context: &mut dyn SessionContext,
    run_id: &RunId,
    list: crate::domain::words::List,
    outcome: &Outcome,
    request: &str,
) -> SessionResult<()> {
    match outcome {
        Outcome::More => Ok(()),
        Outcome::Restart => context.forget_seen(run_id),
        Outcome::Done { gone, warning } => context.finish_run(run_id, gone, warning.as_ref()),
        Outcome::Failed { problem, refused } => {
            context.fail_run(run_id, problem)?;
            if *refused {
                context.refused(list, request)?;
            }
            context.set_problem(Some(problem))
        }
        Outcome::Stop(problem) => {
            context.fail_run(run_id, problem)?;
            context.set_problem(Some(problem))
        }
    }
}

fn refusal(code: &str) -> Outcome {
    let problem = hresult_problem(code);
    match codes::hresult(code).response {
        codes::Response::SkipRequest => Outcome::Failed { problem, refused: true },
        _ => Outcome::Stop(problem),
    }
}
