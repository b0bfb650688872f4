//! What a session asks, and what it makes of each answer. Pure: a plan is stored between two calls as JSON.
//!
//! A session goes through its lists one after the other. Each list is one run: its records (customers in pages), then,
//! for a delta, its deletions.

use serde::{Deserialize, Serialize};

use crate::{
    codec::qbxml::{self, Answer},
    domain::{problem::Problem, words::Mode},
};

pub use super::list_plan::{ListPlan, Outcome, Received, fingerprint};

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
        let lost = std::mem::take(&mut self.asked);
        lost && self.current_mut().is_some_and(ListPlan::lost_its_answer)
    }

    /// The text of the next request, which is under way from now on; `None` when there is nothing to ask.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn ask(&mut self) -> Result<Option<String>, String> {
        let version = self.version.clone().unwrap_or_default();
        let Some(list) = self.current() else { return Ok(None) };
        let request_id = list.request_id();
        let document = qbxml::document(&version, &list.query(&request_id))?;
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
        let Some(list) = self.current_mut() else { return Outcome::More };
        let outcome = list.answered(answer, received);
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

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
