//! One list of a session: what is asked of it next, and what an answer amounts to.

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
    pub(super) fn request_id(&self) -> String {
        let run = self.run_id.as_deref().unwrap_or_default();
        match self.stage {
            Stage::Records { .. } => run.to_owned(),
            Stage::Deletions => format!("{run}-deleted"),
        }
    }

    pub(super) fn answer_name(&self) -> &'static str {
        match (&self.stage, self.list) {
            (Stage::Records { .. }, List::Employee) => "EmployeeQueryRs",
            (Stage::Records { .. }, List::Customer) => "CustomerQueryRs",
            (Stage::Deletions, _) => "ListDeletedQueryRs",
        }
    }

    /// Forgets how far its reading has come, where an iterator may have moved on with an answer that never came. Whether it
    /// had come that far: what it saw must be forgotten then.
    pub(super) fn lost_its_answer(&mut self) -> bool {
        let began = self.list == List::Customer && self.stage != (Stage::Records { iterator_id: None });
        if began {
            self.begin_anew();
        }
        began
    }

    fn begin_anew(&mut self) {
        self.restarts = self.restarts.saturating_add(1);
        self.stage = Stage::Records { iterator_id: None };
        (self.received, self.remaining, self.doubt) = (0, None, None);
    }

    /// The part of the list that is done, from 0 to 100.
    pub(super) fn percent(&self) -> u64 {
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

impl ListPlan {
    /// Takes in the answer to the request that was under way.
    pub(super) fn answered(&mut self, answer: &Answer, received: Received) -> Outcome {
        let status = status_code(answer.status);
        let problem = || status_problem(answer.status);
        let miscounted = answer.ret_count.is_some_and(|count| count != received.records);
        let verdict = match status.verdict {
            Verdict::Whole if miscounted => Verdict::Partial,
            verdict => verdict,
        };
        self.received += received.records;
        if received.refused > 0 {
            self.doubt.get_or_insert_with(|| refused_records(received.refused));
        }
        match verdict {
            Verdict::Whole => self.next(answer, received),
            Verdict::Partial => {
                self.doubt = Some(if miscounted { miscount(answer, received.records) } else { problem() });
                self.next(answer, received)
            }
            Verdict::NoList => Outcome::Done { gone: Gone::Unknown, warning: Some(problem()) },
            Verdict::Restart if self.restarts < RESTARTS => {
                self.begin_anew();
                Outcome::Restart
            }
            Verdict::Restart | Verdict::Failed => Outcome::Failed { problem: problem(), refused: false },
            Verdict::Refused => Outcome::Failed { problem: problem(), refused: true },
        }
    }

    /// The query of the next request; `request_id` is that of [`Self::request_id`].
    pub(super) fn query<'a>(&'a self, request_id: &'a str) -> Query<'a> {
        Query { request_id, subject: self.subject(), since: self.since.as_deref() }
    }

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
