//! Refusals of use cases.

use std::{error::Error, sync::Arc};

use serde_json::{Map, Value};

use crate::domain::{ids::named_by, problem::Problem};

use super::interface::{Interface, Operation, Wording};

/// The class of a refusal: the API derives its status from it, the command line its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The request cannot be read.
    Malformed,
    /// The caller is not authenticated.
    Unauthorized,
    /// The caller may not do this.
    Forbidden,
    NotThere,
    /// The object existed once.
    Gone,
    /// The state of things does not allow it.
    Conflict,
    /// The request was understood, but a value is not acceptable.
    Unacceptable,
    /// An internal error.
    Internal,
    /// Too many tries: another must wait.
    TooMany,
    /// The source failed to do what was asked.
    SourceFailed,
    /// Another try may succeed.
    Unavailable,
}

/// Why a use case was refused: what happened, what to do, and a cause that only the log sees. Each interface has its
/// own wording, under the same code.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub class: Class,
    pub code: String,
    pub detail: Wording,
    pub remedy: Wording,
    /// More members of an answer in JSON, such as the other party of a conflict.
    pub extra: Map<String, Value>,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<u16>,
    /// The cause, for the log only.
    pub cause: Option<Arc<dyn Error + Send + Sync>>,
    /// Another call may have come in between: a second try can say more.
    pub(super) raced: bool,
}

impl Refusal {
    pub fn of(class: Class, problem: Problem) -> Self {
        Self::new(class, &problem.code, problem.detail, problem.remedy)
    }

    pub fn new(class: Class, code: &str, detail: impl Into<Wording>, remedy: impl Into<Wording>) -> Self {
        Self {
            class,
            code: code.to_owned(),
            detail: detail.into(),
            remedy: remedy.into(),
            extra: Map::new(),
            retry_after: None,
            cause: None,
            raced: false,
        }
    }

    /// A value that was understood, but is not acceptable.
    pub fn unacceptable(code: &str, detail: impl Into<Wording>, remedy: impl Into<Wording>) -> Self {
        Self::new(Class::Unacceptable, code, detail, remedy)
    }

    /// The state of things does not allow it.
    pub fn conflict(code: &str, detail: impl Into<Wording>, remedy: impl Into<Wording>) -> Self {
        Self::new(Class::Conflict, code, detail, remedy)
    }

    /// The object does not exist, or not for this caller: the answer is the same.
    pub fn not_there(what: &str) -> Self {
        let detail = Wording::each(
            format!("There is no such {what}, or this caller may not see it."),
            format!("There is no such {what}."),
        );
        let listed = match lists(what) {
            Some(list) => format!("{} shows those that there are.", Interface::CommandLine.operation(list)),
            None => "Check its ID or name.".to_owned(),
        };
        let remedy = Wording::each("Check its ID or name, and which companies the caller may see.", listed);
        Self::new(
            Class::NotThere,
            &format!("{}_not_found", what.to_lowercase().replace(' ', "_")),
            detail,
            remedy,
        )
    }

    /// The same, with what was asked for. `wanted` is not repeated, because it may be anything; but if it is the ID of
    /// another kind of object, the refusal says so.
    pub(super) fn not_there_as(what: &str, wanted: &str) -> Self {
        let refused = Self::not_there(what);
        match named_by(wanted.trim()).filter(|other| *other != what) {
            Some(other) => {
                let n = if other.starts_with(['a', 'e', 'i', 'o', 'u']) { "n" } else { "" };
                let hint = format!("That looks like the ID of a{n} {other}.");
                Self { remedy: refused.remedy.after(&hint), ..refused }
            }
            None => refused,
        }
    }

    /// An internal error, whose cause goes to the log.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(
            Class::Internal,
            "internal",
            Wording::each("Something went wrong inside the gateway.", "Something went wrong."),
            Wording::each(
                "Try again. If it happens again, look up the request ID in the gateway's log.",
                "This is a mistake in Rollcall: please report it.",
            ),
        )
        .caused_by(cause)
    }

    /// The problem in the wording of an interface.
    pub fn problem(&self, interface: Interface) -> Problem {
        Problem::new(&self.code, self.detail.at(interface), self.remedy.at(interface))
    }

    /// Adds a member to answers in JSON.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a cause for the log.
    #[must_use]
    pub fn caused_by(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let cause: Box<dyn Error + Send + Sync> = cause.into();
        Self { cause: Some(Arc::from(cause)), ..self }
    }

    #[must_use]
    pub(super) fn raced(self) -> Self {
        Self { raced: true, ..self }
    }
}

/// The operation that lists the objects of a kind.
fn lists(what: &str) -> Option<Operation> {
    Some(match what {
        "company" => Operation::ListCompanies,
        "connection" => Operation::ListConnections,
        "app" => Operation::ListApps,
        "account" => Operation::ListAccounts,
        "token" => Operation::ListTokens,
        "run" => Operation::ListRuns,
        "message" => Operation::ListMessages,
        "profile" => Operation::ListProfiles,
        "employee" => Operation::ListEmployees,
        "customer" => Operation::ListCustomers,
        "change" => Operation::History,
        _ => return None,
    })
}
