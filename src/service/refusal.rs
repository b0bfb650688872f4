//! How a use case refuses.

use std::{error::Error, sync::Arc};

use serde_json::{Map, Value};

use crate::domain::problem::Problem;

/// What kind of refusal it is: API and command line make their status and exit code of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It cannot be read.
    Malformed,
    /// Who asks is not known.
    Unauthorized,
    /// Who asks may not.
    Forbidden,
    NotThere,
    /// It was there once.
    Gone,
    /// Not as things stand.
    Conflict,
    /// It was understood, but a value cannot be taken.
    Unacceptable,
    /// A failure of ours.
    Internal,
    /// The source did not do what was asked.
    SourceFailed,
    /// Another try may help.
    Unavailable,
}

/// Why a use case did not do what was asked: what happened, what to do, and what only the log sees.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub class: Class,
    pub problem: Problem,
    /// More members of an answer in JSON, such as the other party of a conflict.
    pub extra: Map<String, Value>,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<u16>,
    /// For the log only.
    pub cause: Option<Arc<dyn Error + Send + Sync>>,
    /// Another call may have come in between: what is tried again can say more.
    pub(super) raced: bool,
}

impl Refusal {
    pub fn of(class: Class, problem: Problem) -> Self {
        Self { class, problem, extra: Map::new(), retry_after: None, cause: None, raced: false }
    }

    pub fn new(class: Class, code: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::of(class, Problem::new(code, detail, remedy))
    }

    /// Understood, but not acceptable.
    pub fn unacceptable(code: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Class::Unacceptable, code, detail, remedy)
    }

    /// Not as things stand.
    pub fn conflict(code: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Class::Conflict, code, detail, remedy)
    }

    /// There is no such thing, or not for this caller: nobody can tell which.
    pub fn not_there(what: &str) -> Self {
        Self::new(
            Class::NotThere,
            &format!("{}_not_found", what.to_lowercase().replace(' ', "_")),
            format!("There is no such {what}, or this caller may not see it."),
            "Check its ID or name, and which companies the caller may see.",
        )
    }

    /// A failure of ours, whose cause is for the log.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(
            Class::Internal,
            "internal",
            "Something went wrong inside the gateway.",
            "Try again. If it happens again, look up the request ID in the gateway's log.",
        )
        .caused_by(cause)
    }

    /// Adds a member to answers in JSON.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Adds what only the log sees.
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
