//! Reading a list page by page, forward only: each page begins behind the highest ID of the one before, so rows that
//! come and go meanwhile move no others (the vendor's guide, «Pagination»).

use std::mem;

use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::{
    connectors::{
        Reading as PolledReading,
        list_count::{CountDoubt, ListCount},
        outbound::{
            answers::{date, links},
            problems::failure,
        },
        source::{Ask, End, Failure, Step},
    },
    domain::{
        hold::Gone,
        problem::Problem,
        words::{Cause, List, Mode},
    },
};

use super::{
    ConnectwiseSource,
    list::{Page, Stage},
};

/// Below this a page is not made smaller: it is not its size that the vendor fails at.
const SMALLEST_PAGE: u32 = 25;

/// How far a whole list has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// The vendor's clock when the run began: where the next delta starts.
    started: Option<String>,
    stage: Stage,
    after: u64,
    /// A part of the list is a stage.
    #[serde(flatten)]
    count: ListCount,
    /// A stage before could not be read to its end.
    #[serde(default)]
    broken: bool,
}

impl Progress {
    fn new(stage: Stage) -> Self {
        Self { started: None, stage, after: 0, count: ListCount::default(), broken: false }
    }
}

/// A list that is being read.
pub(super) struct Reading<'a> {
    source: &'a ConnectwiseSource,
    at: Progress,
    /// Only what changed after this, and what changed into something unwanted by name.
    conditions: Option<String>,
    unwanted: Vec<String>,
    page_size: u32,
    /// The stage has no more pages.
    last_page: bool,
    /// What kept a stage from being read: told when the others have been.
    broken: Option<Failure>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(source: &'a ConnectwiseSource, ask: Ask) -> Self {
        let overlap = source.settings.poll.overlap();
        let since = ask.since.filter(|_| ask.mode == Mode::Delta);
        let since = since.and_then(|since| since.parse::<DateTime<Utc>>().ok());
        let conditions = since
            .and_then(|since| since.checked_sub_signed(overlap))
            .map(|since| format!("lastUpdated > [{}]", since.to_rfc3339_opts(SecondsFormat::Secs, true)));
        let stage = match ask.list {
            List::Employee => Stage::Members,
            List::Customer => Stage::Companies,
        };
        let left = ask.progress.filter(|_| conditions.is_none());
        let left = left.and_then(|progress| serde_json::from_str::<Progress>(&progress).ok());
        let left = left.filter(|left| (left.stage == Stage::Members) == (stage == Stage::Members));
        let at = left.unwrap_or_else(|| Progress::new(stage));
        let page_size = source.settings.poll.page_size;
        Self { source, at, conditions, unwanted: Vec::new(), page_size, last_page: false, broken: None }
    }

    /// # Errors
    /// What keeps the list from being read.
    async fn step(&mut self) -> Result<Step, Failure> {
        while !self.last_page {
            let page = match self.page().await {
                Ok(page) => page,
                Err(failure) if failure.concerns_one_list() && self.has_next_stage() => {
                    self.broken = Some(failure);
                    self.at.broken = true;
                    self.begin_next_stage();
                    continue;
                }
                Err(failure) => return Err(self.broken.take().unwrap_or(failure)),
            };
            let (rows, more) = (page.rows, has_next(&page.headers));
            self.at.count.received += rows.len() as u64 + page.without_id;
            self.at.count.without_id += page.without_id;
            self.at.after = rows.last().map_or(self.at.after, |(id, _)| *id);
            self.last_page = rows.is_empty() || !more;
            let mut records = Vec::with_capacity(rows.len());
            for (_, row) in rows {
                match row {
                    Ok(record) => records.push(record),
                    Err(_) if self.conditions.is_none() => {}
                    Err(external_id) => self.unwanted.push(external_id),
                }
            }
            if self.last_page && self.next_stage().await? {
                self.last_page = false;
            }
            if !records.is_empty() {
                return Ok(Step::Part { records, progress: self.progress() });
            }
        }
        match self.broken.take() {
            Some(failure) => Err(failure),
            None => Ok(Step::End(self.end())),
        }
    }

    /// A delta is read anew after a crash: who became unwanted is known only to this reader.
    fn progress(&self) -> Option<String> {
        if self.conditions.is_some() {
            return None;
        }
        serde_json::to_string(&self.at).ok()
    }

    /// One page; fewer rows where the vendor fails at it, because it times out on wide pages of large tenants. Where it
    /// does not even count the rows, it is no matter of the page.
    async fn page(&mut self) -> Result<Page, Failure> {
        self.source.client.locate().await?;
        loop {
            let failure = match self.ask_for_page().await {
                Ok(page) => return self.checked(page),
                Err(failure) => failure,
            };
            // Each try at a timeout takes a minute.
            let part = match failure {
                Failure::Source { cause: Cause::Timeout, .. } => 4,
                Failure::Source { cause: Cause::Server, .. } => 2,
                other => return Err(other),
            };
            if self.page_size <= SMALLEST_PAGE || self.source.hasty || self.counted().await.is_err() {
                return Err(failure);
            }
            self.page_size = (self.page_size / part).max(SMALLEST_PAGE);
        }
    }

    async fn ask_for_page(&mut self) -> Result<Page, Failure> {
        let (after, size) = (self.at.after.to_string(), self.page_size.to_string());
        let mut query =
            vec![("pageId", after.as_str()), ("pageSize", size.as_str()), ("fields", self.at.stage.fields())];
        if let Some(conditions) = &self.conditions {
            query.push(("conditions", conditions));
        }
        let page = self.source.rows(self.at.stage, &query).await?;
        if self.at.started.is_none() {
            self.at.started = Some(self.vendor_time(&page.headers));
        }
        Ok(page)
    }

    /// The vendor's clock, which its time stamps are by; ours where it does not say.
    fn vendor_time(&self, headers: &HeaderMap) -> String {
        let now = date(headers).unwrap_or_else(|| self.source.client.origin().limiter().now());
        now.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// IDs only ever grow. A server that does not page forward only would send its first page for ever; one that sends
    /// rows without IDs only cannot be asked for the next page.
    fn checked(&self, page: Page) -> Result<Page, Failure> {
        let what = self.at.stage.what();
        let mut last = self.at.after;
        for (id, _) in &page.rows {
            if *id <= last {
                return Err(failure(
                    Cause::Server,
                    format!("{what} repeats itself: after ID {last} came ID {id}."),
                    "Nothing was marked absent. If it repeats, report it: this ConnectWise pages in another way.",
                ));
            }
            last = *id;
        }
        if page.rows.is_empty() && page.without_id > 0 {
            return Err(failure(
                Cause::Server,
                format!("No row of a page of {what} has an ID, so they cannot be told apart."),
                "Nothing was marked absent. If it repeats, report it.",
            ));
        }
        Ok(page)
    }

    /// How many rows there should be; `None` where the list can be read, but not counted: a role may lack the right, and
    /// the server may fail at it.
    async fn count(&self) -> Result<Option<u64>, Failure> {
        match self.source.count(self.at.stage).await {
            Err(failure) if failure.concerns_one_list() => Ok(None),
            counted => counted.map(Some),
        }
    }

    /// Whether the server says how many rows there are, or that it may not be asked.
    async fn counted(&self) -> Result<(), Failure> {
        match self.source.count(self.at.stage).await {
            Err(Failure::Source { cause: Cause::NotFound | Cause::Permission, .. }) => Ok(()),
            counted => counted.map(drop),
        }
    }

    /// Ends the stage; whether there is another.
    async fn next_stage(&mut self) -> Result<bool, Failure> {
        if self.conditions.is_none() {
            let counted = self.count().await?;
            self.at.count.end_part(counted);
        }
        let next = self.has_next_stage();
        if next {
            self.begin_next_stage();
        }
        Ok(next)
    }

    fn has_next_stage(&self) -> bool {
        self.at.stage == Stage::Companies && self.source.settings.contacts
    }

    fn begin_next_stage(&mut self) {
        let count = self.at.count.next_part();
        self.at = Progress { stage: Stage::Contacts, after: 0, count, ..self.at.clone() };
        self.page_size = self.source.settings.poll.page_size;
    }

    fn end(&mut self) -> End {
        let high_water = self.at.started.clone();
        let gone = match self.doubt() {
            Some(doubt) => return End { gone: Gone::Unknown, high_water, warning: Some(doubt) },
            None if self.conditions.is_some() => Gone::Named(mem::take(&mut self.unwanted)),
            None => Gone::NotSeen,
        };
        End { gone, high_water, warning: None }
    }

    /// Why a list that was read to its end may not be whole.
    fn doubt(&self) -> Option<Problem> {
        if self.at.broken {
            return Some(Problem::new(
                "not_whole",
                "A part of ConnectWise's list could not be read, so nobody was marked absent.",
                "Nothing to do: the next poll reads it again.",
            ));
        }
        let (code, detail, remedy) = match self.at.count.doubt()? {
            CountDoubt::WithoutId(rows) => (
                "id_missing",
                format!(
                    "{rows} rows of ConnectWise's list have no ID and were left out. All others are staged, and nobody was \
                     marked absent."
                ),
                "Nothing to do at first: the next poll reads the list again. If it repeats, ask ConnectWise.",
            ),
            CountDoubt::NotCounted => (
                "not_counted",
                "ConnectWise sent the list, but did not tell how many rows it has. Whether all of them came is not \
                 known, so nobody was marked absent."
                    .to_owned(),
                "Let the API member's security role inquire all of this list: counting it belongs to that.",
            ),
            CountDoubt::Lacking(rows) => (
                "count_mismatch",
                format!("ConnectWise counts {rows} more rows than it sent, so nobody was marked absent."),
                "Nothing to do if rows were added meanwhile: the next whole list settles it. If it repeats, report it.",
            ),
            // Pages go by ID, so that rows which came meanwhile push none aside.
            CountDoubt::Surplus(_) => return None,
        };
        Some(Problem::new(code, detail, remedy))
    }
}

impl PolledReading for Reading<'_> {
    fn next(&mut self) -> BoxFuture<'_, Result<Step, Failure>> {
        Box::pin(self.step())
    }
}

/// Whether `Link` promises more. The address in it is not used: the next page is asked for by ID.
fn has_next(headers: &HeaderMap) -> bool {
    links(headers).iter().any(|(relation, _)| relation == "next")
}
