//! The employees of a list, one after the other, in parts that are staged as they come. Each stands for itself: whom
//! Paycom does not deliver is named, asked for once more at the end of the run and with each later one, and keeps
//! nobody else out.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use futures_util::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use crate::{
    connectors::source::{End, Failure, Step},
    domain::{hold::Gone, problem::Problem, record::Record},
};

use super::{
    PaycomSource,
    client::NoPage,
    failure_streak::{FailureStreak, concerns_one},
    list::{Listed, Rows},
    map,
    wire::Row,
};

/// Employees a part: at most this many details are asked for again after a crash.
const PART: usize = 100;

/// How long a part is gathered from its first employee on, by the clock on the wall: a source that is slow, or that may
/// be asked seldom, shows that it is read all the same.
const SOON: Duration = Duration::from_secs(2);

/// How many are named to people.
const NAMED: usize = 10;

/// How far a full run has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Progress {
    /// Paycom's time when the run began: the next delta reads from there.
    started: String,
    /// The last code that was read.
    after: String,
    /// A hash of the codes up to there. If somebody else stands before that point when the list is read again, the run
    /// begins anew: who was skipped must have been staged.
    before: String,
    /// Who was listed up to there and not read.
    lacking: BTreeMap<String, NotRead>,
}

/// Why somebody who is listed was not read, so that nobody's absence can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NotRead {
    /// Paycom does not know the code that its list names.
    Unknown,
    /// Paycom did not deliver: to be asked again.
    Failed,
    /// Paycom tells of the code without its zeros: it may be somebody else.
    Unclear,
}

/// What became of one code.
enum CodeResult {
    Record(Box<Record>),
    /// A record whose own code is another than the one that was asked for.
    Unclear(Box<Record>),
    Unknown,
    Refused(NoPage),
}

type Answers<'a> = BoxStream<'a, (String, CodeResult)>;

/// The codes that are still to be read.
pub(super) struct Codes<'a> {
    source: &'a PaycomSource,
    today: NaiveDate,
    /// In the order of the codes; a few are asked for at once, and go on from part to part.
    answers: Answers<'a>,
    full: bool,
    /// Those that failed are asked for once more.
    second: bool,
    progress: Progress,
    /// Over the codes that were read.
    hasher: blake3::Hasher,
    failures: FailureStreak,
    /// What the first of those that failed said.
    said: Option<String>,
    doubt: Option<Problem>,
    advice: Option<Problem>,
    high_water: Option<String>,
    /// What ended the part before; what had come is staged first.
    broken: Option<Failure>,
}

impl<'a> Codes<'a> {
    /// Everybody of a whole list, from the progress of a run that was left.
    pub(super) fn full(
        source: &'a PaycomSource,
        listed: Listed,
        now: DateTime<Utc>,
        left: Option<&str>,
    ) -> Self {
        let mut codes = Self::new(source, listed.date.unwrap_or(now), true);
        let mut rows = listed.rows;
        if let Some(left) = left.and_then(|text| serde_json::from_str::<Progress>(text).ok()) {
            codes.resume(left, &mut rows);
        }
        codes.doubt = listed.doubt;
        codes.answers = codes.ask(rows);
        codes
    }

    /// Those of a delta; the next one reads from `since`, where it is given.
    pub(super) fn changed(
        source: &'a PaycomSource,
        listed: Listed,
        now: DateTime<Utc>,
        since: Option<String>,
    ) -> Self {
        let mut codes = Self::new(source, listed.date.unwrap_or(now), false);
        codes.high_water = since.or(codes.high_water);
        (codes.doubt, codes.advice) = (listed.doubt, listed.advice);
        codes.answers = codes.ask(listed.rows);
        codes
    }

    fn new(source: &'a PaycomSource, started: DateTime<Utc>, full: bool) -> Self {
        let started = started.to_rfc3339_opts(SecondsFormat::Secs, true);
        Self {
            source,
            today: source.client.today(),
            answers: stream::empty().boxed(),
            full,
            second: false,
            high_water: Some(started.clone()),
            progress: Progress { started, ..Progress::default() },
            hasher: blake3::Hasher::new(),
            failures: FailureStreak::default(),
            said: None,
            doubt: None,
            advice: None,
            broken: None,
        }
    }

    /// Skips what the run before read, unless the list has changed there.
    fn resume(&mut self, left: Progress, rows: &mut Rows) {
        self.high_water = Some(left.started.clone());
        let mut hasher = blake3::Hasher::new();
        rows.range(..=left.after.clone()).for_each(|(code, _)| read(&mut hasher, code));
        if hasher.finalize().to_hex().as_str() == left.before {
            *rows = rows.split_off(&left.after);
            rows.remove(&left.after);
            (self.hasher, self.progress) = (hasher, left);
        } else {
            self.progress.started = left.started;
        }
    }

    fn ask(&self, rows: Rows) -> Answers<'a> {
        let concurrency = usize::try_from(self.source.settings.concurrency).unwrap_or(1).max(1);
        let (source, today) = (self.source, self.today);
        let ask = move |(code, row)| one(source, code, row, today);
        stream::iter(rows.into_iter().map(ask)).buffered(concurrency).boxed()
    }

    /// The next employees; `None` where all were asked for.
    ///
    /// # Errors
    /// What keeps everybody from being read.
    pub(super) async fn part(&mut self) -> Result<Option<Step>, Failure> {
        let mut records = Vec::new();
        let (mut told, mut until) = (false, None);
        while self.broken.is_none() && records.len() < PART {
            let next = match until {
                None => self.answers.next().await,
                Some(until) => match timeout_at(until, self.answers.next()).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
            };
            let Some((code, answer)) = next else {
                if !self.again() {
                    break;
                }
                continue;
            };
            told = true;
            until.get_or_insert_with(|| Instant::now() + SOON);
            self.take(code, answer, &mut records);
        }
        if !told {
            return self.broken.take().map_or(Ok(None), Err);
        }
        self.progress.before = self.hasher.finalize().to_hex().to_string();
        let progress = if self.full { serde_json::to_string(&self.progress).ok() } else { None };
        Ok(Some(Step::Part { records, progress }))
    }

    /// Begins to ask again for those that failed, once; whether there are any.
    fn again(&mut self) -> bool {
        let failed = self.progress.lacking.iter().filter(|(_, lack)| **lack == NotRead::Failed);
        let failed: Rows = failed.map(|(code, _)| (code.clone(), None)).collect();
        if self.second || failed.is_empty() {
            return false;
        }
        self.second = true;
        self.answers = self.ask(failed);
        true
    }

    fn take(&mut self, code: String, answer: CodeResult, records: &mut Vec<Record>) {
        let lack = match answer {
            CodeResult::Record(record) => {
                records.push(*record);
                None
            }
            CodeResult::Unclear(record) => {
                records.push(*record);
                Some(NotRead::Unclear)
            }
            // Who changed and is gone is left to the next full run.
            CodeResult::Unknown => self.full.then_some(NotRead::Unknown),
            CodeResult::Refused(none) => {
                if !concerns_one(&none) || self.failures.add(&none) {
                    self.broken = Some(none.failure);
                    return;
                }
                self.said.get_or_insert_with(|| none.failure.to_string());
                Some(NotRead::Failed)
            }
        };
        if lack != Some(NotRead::Failed) {
            self.failures.clear();
        }
        self.source.note(&code, lack.is_some());
        if !self.second {
            read(&mut self.hasher, &code);
            self.progress.after.clone_from(&code);
        }
        match lack {
            Some(lack) => self.progress.lacking.insert(code, lack),
            None => self.progress.lacking.remove(&code),
        };
    }

    /// The end of the list. Somebody whom the list named and whom Paycom did not deliver may be gone, but two endpoints
    /// that contradict each other mark nobody absent.
    ///
    /// # Errors
    /// Nobody at all was delivered: it is not they, it is Paycom.
    pub(super) fn end(&mut self) -> Result<End, Failure> {
        if self.full
            && let Some(failure) = self.failures.all_failed()
        {
            return Err(failure);
        }
        let lacking = self.lacking();
        let gone = match (&self.doubt, &lacking) {
            (Some(_), _) => Gone::Unknown,
            (None, Some(_)) => Gone::Unjudged,
            (None, None) if self.full => Gone::NotSeen,
            (None, None) => Gone::Named(Vec::new()),
        };
        let warning = self.doubt.take().or(lacking).or(self.advice.take());
        Ok(End { gone, high_water: self.high_water.clone(), warning })
    }

    fn lacking(&self) -> Option<Problem> {
        let lacking = &self.progress.lacking;
        if lacking.is_empty() {
            return None;
        }
        let unclear = |(_, lack): &(&String, &NotRead)| **lack == NotRead::Unclear;
        let of =
            |wanted: bool| lacking.iter().filter(move |one| unclear(one) == wanted).map(|(code, _)| code);
        let mut detail = String::new();
        if let Some(names) = names(of(false)) {
            detail = format!("Paycom lists employees whose records it does not deliver: {names}. ");
            if let Some(said) = &self.said {
                detail.push_str(&format!("(The first time: {said}) "));
            }
        }
        if let Some(names) = names(of(true)) {
            detail.push_str(&format!("It tells of these under another code, without zeros: {names}. "));
        }
        detail.push_str("All others are staged, and nobody was marked absent.");
        let remedy = "Nothing to do at first: they are asked for again with each poll. If it repeats, look at these \
                      employees in Paycom, and ask Paycom with these words.";
        Some(Problem::new("details_missing", detail, remedy))
    }
}

/// `A1, A2 and 3 more`; `None` for nobody.
fn names<'a>(codes: impl Iterator<Item = &'a String>) -> Option<String> {
    let codes: BTreeSet<&str> = codes.map(String::as_str).collect();
    let shown = codes.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match codes.len() {
        0 => None,
        all if all > NAMED => Some(format!("{shown} and {} more", all - NAMED)),
        _ => Some(shown),
    }
}

/// One employee: the row of the directory, or else its details.
fn one(
    source: &PaycomSource,
    code: String,
    row: Option<Box<Row>>,
    today: NaiveDate,
) -> BoxFuture<'_, (String, CodeResult)> {
    Box::pin(async move {
        let record = |row: &Row| Box::new(map::record(row, today));
        let told = match row {
            Some(row) => CodeResult::Record(record(&row)),
            None => match source.client.detail(&code).await {
                Ok(Some(row)) if row.is_of(&code) => CodeResult::Record(record(&row)),
                Ok(Some(row)) => CodeResult::Unclear(record(&row)),
                Ok(None) => CodeResult::Unknown,
                Err(none) => CodeResult::Refused(none),
            },
        };
        (code, told)
    })
}

/// Notes that a code was read. No code holds a line break.
fn read(hasher: &mut blake3::Hasher, code: &str) {
    hasher.update(code.as_bytes()).update(b"\n");
}
