//! What a session did.

use std::time::Duration;

use super::faults::Fault;
use super::processor::Refusal;

/// The calls that the Web Connector makes, in the order of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    ServerVersion,
    ClientVersion,
    Authenticate,
    ConnectionError,
    SendRequestXml,
    ReceiveResponseXml,
    GetLastError,
    CloseConnection,
}

impl Operation {
    /// The name in the WSDL.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServerVersion => "serverVersion",
            Self::ClientVersion => "clientVersion",
            Self::Authenticate => "authenticate",
            Self::ConnectionError => "connectionError",
            Self::SendRequestXml => "sendRequestXML",
            Self::ReceiveResponseXml => "receiveResponseXML",
            Self::GetLastError => "getLastError",
            Self::CloseConnection => "closeConnection",
        }
    }
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The service said 100.
    Completed,
    /// `none`: nothing to do.
    NothingToDo,
    /// `nvu`: the Web Connector shows «Invalid password for username».
    InvalidPassword,
    /// `busy`: the Web Connector shows «Application Busy».
    Busy,
    /// The service asked to postpone the session.
    Postponed { seconds: u64 },
    /// The service ended it: `E:` or `O:` from clientVersion, a negative percentage, or no request and a message.
    Refused { message: String },
    /// A call failed, or QuickBooks could not be opened.
    Failed { operation: Operation, reason: String },
    /// The Web Connector called no more: a fault on demand, or `NoOp` too often.
    Vanished,
}

/// Rows that were sent, of each list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordsSent {
    /// Rows of `EmployeeQueryRs`.
    pub employees: u64,
    /// Rows of `CustomerQueryRs`: customers and jobs.
    pub customers: u64,
    /// Rows of `ListDeletedQueryRs`.
    pub deleted: u64,
}

impl RecordsSent {
    /// All rows.
    pub fn total(self) -> u64 {
        self.listed() + self.deleted
    }

    /// Employees and customers.
    pub fn listed(self) -> u64 {
        self.employees + self.customers
    }

    pub(super) fn add(&mut self, more: Self) {
        self.employees += more.employees;
        self.customers += more.customers;
        self.deleted += more.deleted;
    }
}

/// What a session did, and what the service did wrong in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionReport {
    /// How it ended.
    pub outcome: Outcome,
    /// Every call in order, failed ones included.
    pub calls: Vec<Operation>,
    /// What the service says of itself; `None` if it says nothing.
    pub server_version: Option<String>,
    /// What the service acknowledged with a percentage.
    pub records: RecordsSent,
    /// Every answer to receiveResponseXML, in percent; negative is an error.
    pub progress: Vec<i32>,
    /// The last text of getLastError, `NoOp` included.
    pub last_error: Option<String>,
    /// The text of closeConnection, which the Web Connector shows.
    pub close_message: Option<String>,
    /// Seconds: the third text of authenticate.
    pub postpone: Option<u64>,
    /// Seconds: the fourth text of authenticate, the shortest interval between sessions.
    pub minimum_interval: Option<u64>,
    /// The faults on demand that struck.
    pub struck: Vec<Fault>,
    /// What a real Web Connector or QuickBooks would stumble over, each in a sentence.
    pub violations: Vec<String>,
}

impl Default for SessionReport {
    fn default() -> Self {
        Self {
            outcome: Outcome::Vanished,
            calls: Vec::new(),
            server_version: None,
            records: RecordsSent::default(),
            progress: Vec::new(),
            last_error: None,
            close_message: None,
            postpone: None,
            minimum_interval: None,
            struck: Vec::new(),
            violations: Vec::new(),
        }
    }
}

/// What happens in a session, as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// A call goes out.
    Calling { operation: Operation },
    /// Its result came back; for authenticate the second text, for the others the only one.
    Returned { operation: Operation, result: &'a str },
    /// QuickBooks got a request document.
    Request { qbxml: &'a str },
    /// QuickBooks answered it; the size is that of the whole SOAP body, in bytes.
    Answered { records: RecordsSent, bytes: u64 },
    /// QuickBooks refused it.
    Refused { refusal: &'a Refusal },
    /// A fault on demand strikes.
    FaultApplied { fault: Fault },
    /// `NoOp`: the Web Connector waits before it asks again.
    Pausing { pause: Duration },
    /// The session ended.
    Finished { outcome: &'a Outcome },
}
