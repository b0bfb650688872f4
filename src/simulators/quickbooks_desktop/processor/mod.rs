//! The request processor: takes qbXML, and answers qbXML or an HRESULT. It is strict where QuickBooks is: it checks
//! a request against the schema of the version that the request names, element order included.

mod answer;
mod company;
mod customer_ret;
mod document;
mod employee_ret;
mod filter;
mod handlers;
mod message_set;
mod parse;
mod ret;
mod rows;
mod schema;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::company_file::CompanyFile;
pub(super) use answer::AnswerDamage;
pub use answer::{Answer, Chunks};
pub use message_set::Version;
pub(super) use parse::flat_fields;
pub(super) use schema::is_guid;

/// The text that goes with [`PARSE_ERROR`].
pub const PARSE_ERROR_TEXT: &str = "QuickBooks found an error when parsing the provided XML text stream.";
/// The request is not well-formed, or not of the schema.
pub const PARSE_ERROR: &str = "0x80040400";

/// What the simulated QuickBooks is.
#[derive(Debug, Clone)]
pub struct ProcessorOptions {
    /// The qbXML versions that it speaks, as `HostRet` lists them, lowest first.
    pub supported: Vec<Version>,
    /// `HostRet/ProductName`.
    pub product_name: String,
    /// `HostRet/Country`, two letters.
    pub country: String,
    /// Whether the user let the application read personal data: `CurrentAppAccessRights`.
    pub personal_data_allowed: bool,
}

impl Default for ProcessorOptions {
    fn default() -> Self {
        let supported = [
            "1.0", "1.1", "2.0", "2.1", "3.0", "4.0", "4.1", "5.0", "6.0", "7.0", "8.0", "9.0", "10.0",
            "11.0", "12.0", "13.0",
        ];
        Self {
            supported: supported.iter().filter_map(|version| Version::parse(version)).collect(),
            product_name: "QuickBooks Premier Edition 2014".to_owned(),
            country: "US".to_owned(),
            personal_data_allowed: false,
        }
    }
}

impl ProcessorOptions {
    /// The highest version that is spoken.
    pub fn highest(&self) -> Version {
        self.supported.iter().copied().max().unwrap_or(Version(1, 0))
    }
}

/// A request that was not processed at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `0x` and eight hexadecimal digits.
    pub hresult: String,
    /// All that QuickBooks says.
    pub message: String,
    /// What was wrong: QuickBooks does not tell that.
    pub detail: String,
}

impl Refusal {
    fn parse_error(detail: impl Into<String>) -> Self {
        Self { hresult: PARSE_ERROR.to_owned(), message: PARSE_ERROR_TEXT.to_owned(), detail: detail.into() }
    }
}

/// The request processor between BeginSession and EndSession. Iterators end with it (Intuit's reference: they are
/// «only valid for the current QuickBooks session»).
#[derive(Debug, Clone, Default)]
pub struct RequestProcessor {
    options: ProcessorOptions,
    iterators: HashMap<String, handlers::OpenIterator>,
    started: u64,
    /// Distinguishes the iterators of one session from those of another.
    session: u64,
}

impl RequestProcessor {
    /// Begins a session; `session` differs from one session to the next, so that no iterator ID comes twice.
    pub fn begin_session(options: &ProcessorOptions, session: u64) -> Self {
        Self { options: options.clone(), session, ..Self::default() }
    }

    /// Processes one request document.
    ///
    /// # Errors
    /// The document is not well-formed, of no supported version, or not of the schema.
    pub fn process(&mut self, request: &str, file: &CompanyFile) -> Result<Answer, Refusal> {
        let set = message_set::read(request, &self.options.supported)?;
        let mut messages = Vec::with_capacity(set.requests.len());
        let mut stopped = false;
        for request in &set.requests {
            let message = if stopped {
                handlers::not_processed(request)
            } else {
                self.handle(request, set.version, file)
            };
            stopped |= set.stop_on_error && message.failed();
            messages.push(message);
        }
        Ok(Answer::new(messages))
    }

    /// What the Web Connector sends with its first sendRequestXML: the answers to its own host, company and
    /// preferences queries, numbered 0, 1 and 2 (seen in every capture).
    pub fn host_company_preferences(&self, file: &CompanyFile, owner_id: &str) -> Answer {
        company::host_company_preferences(&self.options, file, owner_id)
    }

    /// How many iterators still have rows to give.
    pub fn unfinished_iterators(&self) -> usize {
        self.iterators.len()
    }

    /// Forgets all iterators, as a QuickBooks that was closed and opened again.
    pub fn forget_iterators(&mut self) {
        self.iterators.clear();
    }
}
