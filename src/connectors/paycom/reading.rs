//! Reading the employees, step by step.
//!
//! A full run reads the list to its end, then, in the order of the codes, each employee's details. A delta asks whose
//! records changed, and reads those. Where Paycom has not enabled `employeechanges`, a delta reads the whole list,
//! judges nobody's absence, and says which endpoint to tick: slower, but what a bookkeeper waits for still comes.

use chrono::{DateTime, Duration, Utc};
use futures_util::future::BoxFuture;

use crate::{
    connectors::{
        Reading as PolledReading,
        source::{Ask, End, Failure, Step},
    },
    domain::{hold::Gone, problem::Problem, words::Mode},
};

use super::{
    PaycomSource,
    client::{CHANGES, DIRECTORY, IDS, NoPage},
    codes::Codes,
    list::{Listed, list, neither},
    settings::ListFrom,
};

/// A list that is being read.
pub(super) struct Reading<'a> {
    source: &'a PaycomSource,
    ask: Ask,
    state: State<'a>,
}

enum State<'a> {
    Begin,
    /// Boxed: it holds a hasher's tables.
    Codes(Box<Codes<'a>>),
    Ended(End),
}

impl<'a> Reading<'a> {
    pub(super) fn new(source: &'a PaycomSource, ask: Ask) -> Self {
        Self { source, ask, state: State::Begin }
    }

    /// # Errors
    /// What keeps the list from being read; what was staged stays.
    async fn step(&mut self) -> Result<Step, Failure> {
        if matches!(self.state, State::Begin) {
            let begin = Begin { source: self.source, ask: &self.ask };
            self.state = State::Codes(Box::new(begin.begin().await?));
        }
        let State::Codes(codes) = &mut self.state else {
            return Ok(self.ended());
        };
        if let Some(part) = codes.part().await? {
            return Ok(part);
        }
        self.state = State::Ended(codes.end()?);
        Ok(self.ended())
    }

    fn ended(&self) -> Step {
        match &self.state {
            State::Ended(end) => Step::End(end.clone()),
            _ => Step::End(End { gone: Gone::Unknown, high_water: self.ask.since.clone(), warning: None }),
        }
    }
}

impl PolledReading for Reading<'_> {
    fn next(&mut self) -> BoxFuture<'_, Result<Step, Failure>> {
        Box::pin(self.step())
    }
}

/// How a run begins.
struct Begin<'a, 'r> {
    source: &'a PaycomSource,
    ask: &'r Ask,
}

impl<'a> Begin<'a, '_> {
    async fn begin(&self) -> Result<Codes<'a>, Failure> {
        let since = self.ask.since.as_deref().and_then(|since| since.parse::<DateTime<Utc>>().ok());
        match (self.ask.mode, since) {
            (Mode::Full, _) => self.full().await,
            // Without details a change tells of nobody: the directory, whose pages are few, is read instead.
            (Mode::Delta, Some(since)) if self.source.settings.details => self.delta(since).await,
            (Mode::Delta, _) => self.whole(None).await,
        }
    }

    async fn full(&self) -> Result<Codes<'a>, Failure> {
        let listed = whole_list(self.source).await?;
        Ok(Codes::full(self.source, listed, self.ask.now, self.ask.progress.as_deref()))
    }

    /// All employees, for a delta that cannot ask for less.
    async fn whole(&self, warning: Option<Problem>) -> Result<Codes<'a>, Failure> {
        let mut listed = whole_list(self.source).await?;
        listed.advice = warning;
        Ok(Codes::changed(self.source, listed, self.ask.now, None))
    }

    async fn delta(&self, since: DateTime<Utc>) -> Result<Codes<'a>, Failure> {
        let overlap = self.source.settings.poll.overlap();
        // A day more than now: Paycom's clock decides what has happened, not ours.
        let (from, to) = (since - overlap, self.ask.now + Duration::days(1));
        let query = format!("&startdate={}&enddate={}", from.timestamp(), to.timestamp());
        match list(&self.source.client, CHANGES, &query, false).await {
            Ok(mut listed) => {
                // Who could not be read last time is asked for again.
                for code in self.source.again() {
                    listed.rows.entry(code).or_default();
                }
                // Where changes may be lacking, the next delta asks for the same time again.
                let since = listed.doubt.is_some().then(|| self.ask.since.clone()).flatten();
                Ok(Codes::changed(self.source, listed, self.ask.now, since))
            }
            Err(none) if not_enabled(&none) => self.whole(Some(changes_not_enabled())).await,
            Err(none) => Err(none.failure),
        }
    }
}

/// Everybody whom Paycom lists, from the endpoint that the settings choose.
async fn whole_list(source: &PaycomSource) -> Result<Listed, Failure> {
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
