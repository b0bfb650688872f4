//! What a session asks, and what it makes of each answer. Pure: a plan is stored between two calls as JSON.
//!
//! A session goes through its lists one after the other. Each list is one run: its records (customers in pages), then,
//! for a delta, its deletions.

use serde::{Deserialize, Serialize};

use crate::{
    codec::qbxml::{Answer, Iteration, Query, Subject},
    domain::{
        hold::Gone,
        problem::Problem,
        words::{List, Mode},
    },
};

use super::codes::{Verdict, status_code, status_problem};

/// How often a list may begin anew within a session.
const RESTARTS: u8 = 2;

/// A session's requests: those made, the one under way, and those to come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The qbXML version agreed on; `None` before QuickBooks has told which it knows.
    pub version: Option<String>,
    pub lists: Vec<ListPlan>,
    /// The list that is being read.
    position: usize,
    /// A request was sent and is not answered yet.
    asked: bool,
    percent: u8,
    /// What went wrong last, for `getLastError`.
    pub problem: Option<Problem>,
    /// Nothing more is asked: an error ended it.
    pub stopped: bool,
    /// The Web Connector was already told the path of the company file after it failed to open it.
    pub path_was_told: bool,
    /// The company file has the right FileID, and another name and path: whether it is the same company, its people tell.
    #[serde(default)]
    pub suspect: Option<Suspect>,
    /// It was replaced by another session, and called all the same.
    #[serde(default)]
    pub rival: bool,
}

/// A company file that may be a copy, put to use for another company.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    pub name: String,
    pub path: String,
}

/// One list of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPlan {
    pub list: List,
    pub mode: Mode,
    /// Local time of the QuickBooks computer from which a delta asks.
    pub since: Option<String>,
    /// Customers a page.
    pub page_size: u32,
    /// Its run, once it has started.
    pub run_id: Option<String>,
    stage: Stage,
    restarts: u8,
    received: u64,
    remaining: Option<u64>,
    /// A page may have lacked rows.
    doubt: Option<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Records { iterator_id: Option<String> },
    Deletions,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The list goes on.
    More,
    /// The list is done. `gone` are the deletions that a delta named.
    Done { gone: Gone, warning: Option<Problem> },
    /// The list begins anew: what it saw so far must be forgotten.
    Restart,
    /// The list failed; the session goes on with the next one. A refused request is not to be sent again.
    Failed { problem: Problem, refused: bool },
    /// The list failed, and so would the others.
    Stop(Problem),
}

/// What an answer's records amounted to.
#[derive(Debug, Clone, Default)]
pub struct Received {
    pub records: u64,
    /// ListIDs of deletions.
    pub deleted: Vec<String>,
    /// Those of them that were left out: their IDs are too long.
    pub refused: u64,
}

impl ListPlan {
    pub fn new(list: List, mode: Mode, since: Option<String>, page_size: u32) -> Self {
        Self {
            list,
            mode,
            since,
            page_size,
            run_id: None,
            stage: Stage::Records { iterator_id: None },
            restarts: 0,
            received: 0,
            remaining: None,
            doubt: None,
        }
    }

    fn subject(&self) -> Subject {
        match (&self.stage, self.list) {
            (Stage::Records { .. }, List::Employee) => Subject::Employees,
            (Stage::Records { iterator_id: None }, List::Customer) => {
                Subject::Customers(Iteration::Start { page_size: self.page_size })
            }
            (Stage::Records { iterator_id: Some(id) }, List::Customer) => {
                Subject::Customers(Iteration::Continue { page_size: self.page_size, iterator_id: id.clone() })
            }
            (Stage::Deletions, List::Employee) => Subject::Deleted("Employee"),
            (Stage::Deletions, List::Customer) => Subject::Deleted("Customer"),
        }
    }

    /// The `requestID`: the same for all pages of a list.
    fn request_id(&self) -> String {
        let run = self.run_id.as_deref().unwrap_or_default();
        match self.stage {
            Stage::Records { .. } => run.to_owned(),
            Stage::Deletions => format!("{run}-deleted"),
        }
    }

    fn answer_name(&self) -> &'static str {
        match (&self.stage, self.list) {
            (Stage::Records { .. }, List::Employee) => "EmployeeQueryRs",
            (Stage::Records { .. }, List::Customer) => "CustomerQueryRs",
            (Stage::Deletions, _) => "ListDeletedQueryRs",
        }
    }

    fn begin_anew(&mut self) {
        self.restarts = self.restarts.saturating_add(1);
        self.stage = Stage::Records { iterator_id: None };
        (self.received, self.remaining, self.doubt) = (0, None, None);
    }

    /// The part of the list that is done, from 0 to 100.
    fn percent(&self) -> u64 {
        let records = match self.remaining {
            _ if self.stage == Stage::Deletions => 90,
            Some(remaining) => 90 * self.received / self.received.saturating_add(remaining).max(1),
            None => 0,
        };
        records.min(99)
    }
}

/// What is remembered of a request that was refused: a newer Rollcall or QuickBooks may ask it again.
pub fn fingerprint(list: List, version: &str) -> String {
    format!("{} qbXML {version} Rollcall {}", list.plural(), env!("CARGO_PKG_VERSION"))
}

impl Plan {
    pub fn new(lists: Vec<ListPlan>) -> Self {
        Self { lists, ..Self::default() }
    }

    /// Has all lists read whole: only then do their people tell which company it is.
    pub fn suspect(&mut self, suspect: Suspect) {
        for list in &mut self.lists {
            (list.mode, list.since) = (Mode::Full, None);
        }
        self.suspect = Some(suspect);
    }

    /// The list that is being read; `None` when all are done, or the session was stopped.
    pub fn current(&self) -> Option<&ListPlan> {
        if self.stopped { None } else { self.lists.get(self.position) }
    }

    fn current_mut(&mut self) -> Option<&mut ListPlan> {
        if self.stopped { None } else { self.lists.get_mut(self.position) }
    }

    /// Notes the run of the list that is being read.
    pub fn started(&mut self, run_id: String) {
        if let Some(list) = self.current_mut() {
            list.run_id = Some(run_id);
        }
    }

    /// Whether a request is under way: its answer is expected, and no other.
    pub fn is_asked(&self) -> bool {
        self.asked
    }

    /// Prepares the list that is being read for its next request. A request whose answer never came is asked again;
    /// an iterator may have moved on with it, so its list begins anew: then true, and what it saw must be forgotten.
    pub fn prepare(&mut self) -> bool {
        let lost = self.asked;
        self.asked = false;
        match self.current_mut() {
            Some(list)
                if lost
                    && list.stage != (Stage::Records { iterator_id: None })
                    && list.list == List::Customer =>
            {
                list.begin_anew();
                true
            }
            _ => false,
        }
    }

    /// The text of the next request, which is under way from now on; `None` when there is nothing to ask.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn ask(&mut self) -> Result<Option<String>, String> {
        let version = self.version.clone().unwrap_or_default();
        let Some(list) = self.current() else { return Ok(None) };
        let request_id = list.request_id();
        let query = Query { request_id: &request_id, subject: list.subject(), since: list.since.as_deref() };
        let document = crate::codec::qbxml::document(&version, &query)?;
        self.asked = true;
        Ok(Some(document))
    }

    /// Whether `answer` is the one to the request that is under way.
    ///
    /// # Errors
    /// What to tell the person where it is not: nothing of it may be staged.
    pub fn expects(&self, answer: &Answer) -> Result<(), Problem> {
        let list = self.current().filter(|_| self.asked);
        let expected = list.map(|list| (list.answer_name(), list.request_id()));
        match expected {
            Some((name, id))
                if name == answer.name && answer.request_id.as_ref().is_none_or(|other| *other == id) =>
            {
                Ok(())
            }
            _ => Err(Problem::new(
                "unexpected_answer",
                "QuickBooks answered another request than the one that was sent. Nobody was marked absent.",
                "Nothing to do: the next update reads the list again. If this repeats, restart the Web Connector.",
            )),
        }
    }

    /// Takes in the answer to the request that was under way, and moves on.
    pub fn answered(&mut self, answer: &Answer, received: Received) -> Outcome {
        self.asked = false;
        let status = status_code(answer.status);
        let problem = || status_problem(answer.status);
        let miscounted = answer.ret_count.is_some_and(|count| count != received.records);
        let verdict = match status.verdict {
            Verdict::Whole if miscounted => Verdict::Partial,
            verdict => verdict,
        };
        let Some(list) = self.current_mut() else { return Outcome::More };
        list.received += received.records;
        if received.refused > 0 {
            list.doubt.get_or_insert_with(|| refused_records(received.refused));
        }
        let outcome = match verdict {
            Verdict::Whole => list.next(answer, received),
            Verdict::Partial => {
                list.doubt = Some(if miscounted { miscount(answer, received.records) } else { problem() });
                list.next(answer, received)
            }
            Verdict::NoList => Outcome::Done { gone: Gone::Unknown, warning: Some(problem()) },
            Verdict::Restart if list.restarts < RESTARTS => {
                list.begin_anew();
                Outcome::Restart
            }
            Verdict::Restart | Verdict::Failed => Outcome::Failed { problem: problem(), refused: false },
            Verdict::Refused => Outcome::Failed { problem: problem(), refused: true },
        };
        self.conclude(&outcome);
        outcome
    }

    /// Gives up the list that is being read: its request could not be asked, or its answer not be read.
    pub fn give_up(&mut self, outcome: Outcome) -> Outcome {
        self.asked = false;
        self.conclude(&outcome);
        outcome
    }

    fn conclude(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::More | Outcome::Restart => {}
            Outcome::Done { .. } => self.position += 1,
            Outcome::Failed { problem, .. } => {
                self.position += 1;
                self.problem = Some(problem.clone());
            }
            Outcome::Stop(problem) => {
                self.stopped = true;
                self.problem = Some(problem.clone());
            }
        }
    }

    /// What `receiveResponseXML` answers: percent done, which never goes backwards and is 100 only when nothing is left
    /// to ask; negative where the session ended with an error.
    pub fn progress(&mut self) -> i32 {
        match self.current() {
            None if self.problem.is_some() => FAILED,
            None => 100,
            Some(list) => {
                let lists = self.lists.len().max(1) as u64;
                let done = (self.position as u64 * 100 + list.percent()) / lists;
                self.percent = self.percent.max(u8::try_from(done.min(99)).unwrap_or(99));
                i32::from(self.percent)
            }
        }
    }
}

/// The negative number that sends the Web Connector to `getLastError`; Intuit's own sample uses it.
pub use crate::connectors::calls_in::FAILED;

impl ListPlan {
    /// What follows an answer with rows: the next page, the deletions, or the end.
    fn next(&mut self, answer: &Answer, received: Received) -> Outcome {
        if self.stage == Stage::Deletions {
            return match self.doubt.take() {
                // Asked for again by the next update: the cursor does not move over deletions that may be missing.
                Some(doubt) => Outcome::Done { gone: Gone::Unknown, warning: Some(doubt) },
                None => Outcome::Done { gone: Gone::Named(received.deleted), warning: None },
            };
        }
        if self.list == List::Customer && self.goes_on(answer, received.records) {
            return Outcome::More;
        }
        match (self.doubt.take(), self.mode) {
            // Rows may be missing: nobody is gone by such a list.
            (Some(doubt), _) => Outcome::Done { gone: Gone::Unknown, warning: Some(doubt) },
            (None, Mode::Full) => Outcome::Done { gone: Gone::NotSeen, warning: None },
            (None, Mode::Delta) => {
                self.stage = Stage::Deletions;
                Outcome::More
            }
        }
    }

    /// Whether an iterator has more, noting where it stands. One that does not say how much it has left, that has
    /// more but gives nothing, or that ends before the count it gave, leaves the list in doubt.
    fn goes_on(&mut self, answer: &Answer, records: u64) -> bool {
        let announced = std::mem::replace(&mut self.remaining, answer.remaining);
        if announced
            .is_some_and(|announced| answer.remaining.unwrap_or(0).saturating_add(records) < announced)
        {
            self.doubt.get_or_insert_with(lost_iterator);
        }
        match (answer.remaining, &answer.iterator_id) {
            (Some(remaining), Some(id)) if remaining > 0 && records > 0 => {
                self.stage = Stage::Records { iterator_id: Some(id.clone()) };
                true
            }
            (Some(0), _) => false,
            (None, _) if records < u64::from(self.page_size) => false,
            _ => {
                self.doubt.get_or_insert_with(lost_iterator);
                false
            }
        }
    }
}

fn miscount(answer: &Answer, records: u64) -> Problem {
    Problem::new(
        "miscounted_answer",
        format!(
            "QuickBooks announced {} records and sent {records}. They are kept, and nobody was marked absent.",
            answer.ret_count.unwrap_or_default()
        ),
        "Nothing to do: the next update reads the list again. Run Verify Data in QuickBooks if this repeats.",
    )
}

fn refused_records(count: u64) -> Problem {
    Problem::new(
        "records_refused",
        format!(
            "{count} records of QuickBooks have a ListID of more than 255 characters and were left out. The others are \
             kept, and nobody was marked absent."
        ),
        "Run Verify Data in QuickBooks (File, Utilities), then run the update again.",
    )
}

fn lost_iterator() -> Problem {
    Problem::new(
        "list_not_finished",
        "QuickBooks stopped in the middle of the list. What it sent is kept, and nobody was marked absent.",
        "Nothing to do: the next update reads the list again.",
    )
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
