//! A response document: planned first, then written as often as needed, so that its length is known before its first
//! byte goes out and a list of a million needs no memory.

use super::super::company_file::CompanyFile;
use super::super::entry::List;
use super::super::report::RecordsSent;
use super::document::attribute;
use super::ret::Wanted;
use super::rows::{Place, Rows, write_next};

/// The status of one answer.
#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) code: u32,
    pub(super) severity: &'static str,
    pub(super) message: String,
}

impl Status {
    pub(super) fn ok() -> Self {
        Self { code: 0, severity: "Info", message: "Status OK".to_owned() }
    }

    /// No rows, and no error.
    pub(super) fn no_match() -> Self {
        let message = "A query request did not find a matching object in QuickBooks".to_owned();
        Self { code: 1, severity: "Info", message }
    }

    pub(super) fn warning(code: u32, message: impl Into<String>) -> Self {
        Self { code, severity: "Warn", message: message.into() }
    }

    pub(super) fn error(code: u32, message: impl Into<String>) -> Self {
        Self { code, severity: "Error", message: message.into() }
    }
}

/// One `…Rs`.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// With `Rs` at its end.
    pub(super) name: String,
    pub(super) request_id: Option<String>,
    pub(super) status: Status,
    pub(super) ret_count: Option<u64>,
    pub(super) remaining: Option<u64>,
    pub(super) iterator_id: Option<String>,
    pub(super) rows: Rows,
    pub(super) wanted: Wanted,
}

impl Message {
    pub(super) fn failed(&self) -> bool {
        self.status.severity == "Error"
    }

    fn write_start(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        if let Some(id) = &self.request_id {
            attribute("requestID", id, out);
        }
        attribute("statusCode", &self.status.code.to_string(), out);
        attribute("statusSeverity", self.status.severity, out);
        attribute("statusMessage", &self.status.message, out);
        let counts = [("retCount", self.ret_count), ("iteratorRemainingCount", self.remaining)];
        for (name, count) in counts.into_iter().filter_map(|(name, count)| Some((name, count?))) {
            attribute(name, &count.to_string(), out);
        }
        if let Some(id) = &self.iterator_id {
            attribute("iteratorID", id, out);
        }
        out.push_str(if self.rows.len() == 0 { " />\n" } else { ">\n" });
    }
}

/// How an answer is spoilt on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum AnswerDamage {
    /// The first half of the rows, and nothing that says there are more.
    Half,
    Empty,
    /// Status 500 with all rows.
    Warning,
    /// Status 3260.
    NoPermission,
}

/// A response document that is not written yet. It must be written with the company file that it was planned with.
#[derive(Debug, Clone)]
pub struct Answer {
    messages: Vec<Message>,
}

impl Answer {
    pub(super) fn new(messages: Vec<Message>) -> Self {
        Self { messages }
    }

    /// The document piece by piece.
    pub fn chunks<'a>(&'a self, file: &'a CompanyFile) -> Chunks<'a> {
        Chunks { answer: self, file, stage: Stage::Start }
    }

    /// The whole document in memory.
    pub fn to_text(&self, file: &CompanyFile) -> String {
        let mut text = String::new();
        let mut chunks = self.chunks(file);
        while chunks.next(&mut text) {}
        text
    }

    /// How many rows of each list it holds.
    pub fn records(&self) -> RecordsSent {
        let mut sent = RecordsSent::default();
        for message in &self.messages {
            let count = message.rows.len();
            match (&message.rows, message.rows.list()) {
                (_, Some(List::Employee)) => sent.employees += count,
                (_, Some(List::Customer)) => sent.customers += count,
                (Rows::Deleted(_), _) => sent.deleted += count,
                _ => {}
            }
        }
        sent
    }

    /// Whether every request was answered with a status below 500.
    pub fn all_well(&self) -> bool {
        self.messages.iter().all(|message| message.status.code < 500)
    }

    /// Spoils the first answer that holds a list; false if none does.
    pub(in super::super) fn damage(&mut self, how: AnswerDamage) -> bool {
        let Some(message) = self.messages.iter_mut().find(|message| message.rows.list().is_some()) else {
            return false;
        };
        let keep = match how {
            AnswerDamage::Half => message.rows.len() / 2,
            AnswerDamage::Empty | AnswerDamage::NoPermission => 0,
            AnswerDamage::Warning => message.rows.len(),
        };
        message.rows.truncate(keep);
        message.ret_count = message.ret_count.map(|_| keep);
        if how != AnswerDamage::Warning {
            message.remaining = message.remaining.map(|_| 0);
        }
        message.status = match how {
            AnswerDamage::Warning => Status::warning(
                500,
                "The query request has not been fully completed. There was a required element (\"Kramden\") that could not be found in QuickBooks.",
            ),
            AnswerDamage::NoPermission => {
                Status::error(3260, "Insufficient permission level to perform this action.")
            }
            _ if keep == 0 => Status::no_match(),
            _ => Status::ok(),
        };
        true
    }
}

/// An answer being written.
#[derive(Debug, Clone)]
pub struct Chunks<'a> {
    answer: &'a Answer,
    file: &'a CompanyFile,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Start,
    Open(usize),
    Rows(usize, Place),
    End,
}

const START: &str = "<?xml version=\"1.0\" ?>\n<QBXML>\n";

impl Chunks<'_> {
    /// Appends the next piece (at most one row); false when the document is complete and nothing was appended.
    pub fn next(&mut self, out: &mut String) -> bool {
        let messages = &self.answer.messages;
        self.stage = match self.stage {
            Stage::Start => {
                out.push_str(START);
                out.push_str("<QBXMLMsgsRs>\n");
                Stage::Open(0)
            }
            Stage::Open(index) => match messages.get(index) {
                Some(message) => {
                    message.write_start(out);
                    if message.rows.len() == 0 {
                        Stage::Open(index + 1)
                    } else {
                        Stage::Rows(index, Place::default())
                    }
                }
                None => {
                    out.push_str("</QBXMLMsgsRs>\n</QBXML>\n");
                    Stage::End
                }
            },
            Stage::Rows(index, mut place) => {
                let Some(message) = messages.get(index) else { return false };
                if write_next(&message.rows, &mut place, &message.wanted, self.file, out) {
                    Stage::Rows(index, place)
                } else {
                    out.push_str(&format!("</{}>\n", message.name));
                    Stage::Open(index + 1)
                }
            }
            Stage::End => return false,
        };
        true
    }
}
