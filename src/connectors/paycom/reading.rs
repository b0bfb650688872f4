//! Reading the employees, step by step.
//!
//! A full run reads the list to its end, then, in the order of the codes, each employee's details. A delta asks whose
//! records changed, and reads those. Where Paycom has not enabled `employeechanges`, a delta reads the whole list,
//! judges nobody's absence, and says which endpoint to tick: slower, but what a bookkeeper waits for still comes.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use futures_util::{StreamExt, future::BoxFuture, stream};
use serde::{Deserialize, Serialize};

use crate::{
    connectors::source::{Ask, End, Failure, Step},
    domain::{hold::Gone, problem::Problem, record::Record, words::Mode},
};

use super::{
    Source,
    client::{CHANGES, DIRECTORY, IDS, NoPage},
    list::{Listed, list, neither},
    map,
    settings::ListFrom,
    wire::Row,
};

/// Employees a part: at most this many details are asked for again after a crash.
const PART: usize = 100;

/// How far a full run has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// Paycom's time when the run began: the next delta reads from there.
    started: String,
    /// The last code that was read.
    after: String,
    /// A hash of the codes up to there. If somebody else stands before that point when the list is read again, the run
    /// begins anew: who was skipped must have been staged.
    before: String,
    /// Whether anybody's details were missing, so that absence cannot be judged.
    missing: u64,
}

/// A list that is being read.
pub struct Reading<'a> {
    source: &'a Source,
    ask: Ask,
    state: State,
}

enum State {
    Begin,
    /// Boxed: it holds a hasher's tables.
    Codes(Box<Codes>),
    Ended(End),
}

/// The codes that are still to be read.
struct Codes {
    left: std::iter::Peekable<std::collections::btree_map::IntoIter<String, Option<Box<Row>>>>,
    full: bool,
    started: String,
    /// Over the codes that were read.
    hasher: blake3::Hasher,
    missing: u64,
    doubt: Option<Problem>,
    /// Rows may be lacking, of which a delta must not say that it brought all changes.
    lacking: bool,
    high_water: Option<String>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(source: &'a Source, ask: Ask) -> Self {
        Self { source, ask, state: State::Begin }
    }

    /// # Errors
    /// What keeps the list from being read; what was staged stays.
    pub async fn next(&mut self) -> Result<Step, Failure> {
        if matches!(self.state, State::Begin) {
            self.state = State::Codes(Box::new(self.begin().await?));
        }
        let State::Codes(codes) = &mut self.state else {
            return Ok(self.ended());
        };
        if codes.left.peek().is_none() {
            self.state = State::Ended(codes.end());
            return Ok(self.ended());
        }
        codes.part(self.source).await
    }

    fn ended(&self) -> Step {
        match &self.state {
            State::Ended(end) => Step::End(end.clone()),
            _ => Step::End(End { gone: Gone::Unknown, high_water: self.ask.since.clone(), warning: None }),
        }
    }

    async fn begin(&self) -> Result<Codes, Failure> {
        let since = self.ask.since.as_deref().and_then(|since| since.parse::<DateTime<Utc>>().ok());
        match (self.ask.mode, since) {
            (Mode::Full, _) => self.full().await,
            // Without details a change tells of nobody: the directory, whose pages are few, is read instead.
            (Mode::Delta, Some(since)) if self.source.settings.details => self.delta(since).await,
            (Mode::Delta, _) => self.whole(None).await,
        }
    }

    async fn full(&self) -> Result<Codes, Failure> {
        let mut codes = Codes::new(whole_list(self.source).await?, true, self.ask.now);
        let progress =
            self.ask.progress.as_deref().and_then(|text| serde_json::from_str::<Progress>(text).ok());
        if let Some(progress) = progress {
            codes.resume(progress);
        }
        Ok(codes)
    }

    /// All employees, for a delta that cannot ask for less.
    async fn whole(&self, warning: Option<Problem>) -> Result<Codes, Failure> {
        let mut codes = Codes::new(whole_list(self.source).await?, false, self.ask.now);
        codes.doubt = warning.or(codes.doubt);
        Ok(codes)
    }

    async fn delta(&self, since: DateTime<Utc>) -> Result<Codes, Failure> {
        let overlap = Duration::minutes(self.source.settings.delta_overlap_minutes.into());
        // A day more than now: Paycom's clock decides what has happened, not ours.
        let (from, to) = (since - overlap, self.ask.now + Duration::days(1));
        let query = format!("&startdate={}&enddate={}", from.timestamp(), to.timestamp());
        match list(&self.source.client, CHANGES, &query, false).await {
            Ok(listed) => {
                let mut codes = Codes::new(listed, false, self.ask.now);
                if codes.doubt.is_some() {
                    // Changes may be lacking: the next delta asks for the same time again.
                    codes.high_water.clone_from(&self.ask.since);
                }
                Ok(codes)
            }
            Err(none) if not_enabled(&none) => self.whole(Some(changes_not_enabled())).await,
            Err(none) => Err(none.failure),
        }
    }
}

/// Everybody whom Paycom lists, from the endpoint that the settings choose.
async fn whole_list(source: &Source) -> Result<Listed, Failure> {
    let (client, keep) = (&source.client, !source.settings.details);
    match source.settings.list_from {
        ListFrom::Ids => Ok(list(client, IDS, "", keep).await?),
        ListFrom::Directory => Ok(list(client, DIRECTORY, "", keep).await?),
        ListFrom::Auto => match list(client, DIRECTORY, "", keep).await {
            Err(none) if not_enabled(&none) && source.settings.details => list(client, IDS, "", false)
                .await
                .map_err(|none| if not_enabled(&none) { neither(DIRECTORY, IDS) } else { none.failure }),
            listed => Ok(listed?),
        },
    }
}

/// Whether Paycom has not enabled the endpoint for this API user.
pub(super) fn not_enabled(none: &NoPage) -> bool {
    none.status.is_some_and(|status| status.as_u16() == 413)
}

fn changes_not_enabled() -> Problem {
    Problem::new(
        "endpoint_not_enabled",
        format!(
            "Paycom has not enabled `{CHANGES}` for this API user (status 413), so every employee was read to find \
             what changed."
        ),
        format!("In Paycom, User Access and Security, API Setup: tick `{CHANGES}` for this API user."),
    )
}

impl Codes {
    fn new(listed: Listed, full: bool, now: DateTime<Utc>) -> Self {
        let started = listed.date.unwrap_or(now).to_rfc3339_opts(SecondsFormat::Secs, true);
        Self {
            left: listed.rows.into_iter().peekable(),
            full,
            high_water: Some(started.clone()),
            started,
            hasher: blake3::Hasher::new(),
            missing: 0,
            lacking: listed.doubt.is_some(),
            doubt: listed.doubt,
        }
    }

    /// Skips what the run before read, unless the list has changed there.
    fn resume(&mut self, progress: Progress) {
        let mut rows: BTreeMap<_, _> =
            std::mem::replace(&mut self.left, BTreeMap::new().into_iter().peekable()).collect();
        let mut hasher = blake3::Hasher::new();
        rows.range(..=progress.after.clone()).for_each(|(code, _)| read(&mut hasher, code));
        if hasher.finalize().to_hex().as_str() == progress.before {
            rows = rows.split_off(&progress.after);
            rows.remove(&progress.after);
            (self.hasher, self.missing) = (hasher, progress.missing);
        }
        self.left = rows.into_iter().peekable();
        self.high_water = Some(progress.started.clone());
        self.started = progress.started;
    }

    /// The next employees; who has gone between the list and now is passed over.
    async fn part(&mut self, source: &Source) -> Result<Step, Failure> {
        let part: Vec<_> = self.left.by_ref().take(PART).collect();
        let after = part.last().map(|(code, _)| code.clone()).unwrap_or_default();
        part.iter().for_each(|(code, _)| read(&mut self.hasher, code));
        let concurrency = usize::try_from(source.settings.concurrency).unwrap_or(1).max(1);
        let mut found =
            stream::iter(part.into_iter().map(|(code, row)| one(source, code, row))).buffered(concurrency);
        let mut records = Vec::new();
        while let Some(record) = found.next().await {
            match record? {
                Some(record) => records.push(record),
                None => self.missing = self.missing.saturating_add(1),
            }
        }
        let progress = self.full.then(|| Progress {
            started: self.started.clone(),
            after,
            before: self.hasher.finalize().to_hex().to_string(),
            missing: self.missing,
        });
        let progress = progress.and_then(|progress| serde_json::to_string(&progress).ok());
        Ok(Step::Part { records, progress })
    }

    /// The end of the list. Somebody whom the list named and whose details Paycom did not find is likely gone, but two
    /// endpoints that contradict each other mark nobody absent: if it is so, the next list says it by itself.
    fn end(&self) -> End {
        let missing = (self.full && self.missing > 0).then(|| {
            Problem::new(
                "details_missing",
                format!(
                    "Paycom lists {} employees whose records it did not find. The others are staged, and nobody was \
                     marked absent.",
                    self.missing
                ),
                "Nothing to do at first: the next full run looks again. If it repeats, ask Paycom with these words.",
            )
        });
        let warning = self.doubt.clone().or(missing);
        let gone = match (self.full, &warning) {
            (true, None) => Gone::NotSeen,
            (true, Some(_)) => Gone::Unknown,
            (false, _) if self.lacking => Gone::Unknown,
            (false, _) => Gone::Named(Vec::new()),
        };
        End { gone, high_water: self.high_water.clone(), warning }
    }
}

/// One employee: the row of the directory, or else its details.
fn one(
    source: &Source,
    code: String,
    row: Option<Box<Row>>,
) -> BoxFuture<'_, Result<Option<Record>, Failure>> {
    Box::pin(async move {
        Ok(match row {
            Some(row) => Some(map::record(&code, &row)),
            None => source.client.detail(&code).await?.map(|row| map::record(&code, &row)),
        })
    })
}

/// Notes that a code was read. No code holds a line break.
fn read(hasher: &mut blake3::Hasher, code: &str) {
    hasher.update(code.as_bytes()).update(b"\n");
}
