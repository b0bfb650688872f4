//! The failure of a command: what happened, and what to do.

use std::error::Error;

pub(super) use crate::domain::problem::sentence;

use crate::{
    config::Mistakes,
    domain::problem::Problem,
    service::{Class, Refusal, interface::Interface},
    store,
    sync::{connection_test::TestError, remove::RemoveError, subscribe::SubscribeError, vault::VaultError},
};

/// The exit code of a command that failed.
pub(super) const FAILED: u8 = 1;
/// The exit code of a command line, or of settings, that cannot be understood.
pub(super) const USAGE: u8 = 2;

/// Why a command ends without success.
#[derive(Debug)]
pub(super) enum Failure {
    /// A problem to print.
    Problem { problem: Problem, exit: u8 },
    /// The answer on standard output contains it already.
    Answered,
    /// Standard output was closed: nobody is left to tell.
    Unread,
}

impl Failure {
    pub(super) fn new(code: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Problem { problem: Problem::new(code, detail, remedy), exit: FAILED }
    }

    /// A command line that cannot be understood.
    pub(super) fn usage(detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Problem { problem: Problem::new("usage", detail, remedy), exit: USAGE }
    }

    /// The operating system refused something.
    pub(super) fn system(what: &str, error: &std::io::Error) -> Self {
        Self::new(
            "system",
            format!("{what}: {error}."),
            "Correct what the system complains of, and try again.",
        )
    }

    /// Whether it is the problem with this code.
    pub(super) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Problem { problem, .. } if problem.code == code)
    }

    pub(super) fn internal(error: &dyn Error) -> Self {
        Self::new("internal", chain(error), "This is a mistake in Rollcall: please report it.")
    }
}

/// An error and its causes as one text.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Some errors repeat their cause in their own words.
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem { problem, exit: FAILED }
    }
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        let remedy = "Correct the variable, or the flag of the same name.";
        Self::Problem { problem: Problem::new("bad_settings", mistakes.to_string(), remedy), exit: USAGE }
    }
}

/// A refusal of a use case: its code is that of the API, its wording that of the command line.
impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let exit = if refusal.class == Class::Malformed { USAGE } else { FAILED };
        let mut problem = refusal.problem(Interface::CommandLine);
        if let Some(cause) = &refusal.cause {
            // The user of the command line is the operator, and may see the cause.
            let why = sentence(&chain(cause.as_ref()));
            if why != problem.detail {
                let both = format!("{} {why}", problem.detail);
                problem = Problem::new(problem.code, both, problem.remedy);
            }
        }
        Self::Problem { problem, exit }
    }
}

macro_rules! as_refused {
    ($($error:ty),+) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Refusal::from(error).into()
            }
        })+
    };
}
as_refused!(TestError, RemoveError, SubscribeError);

/// The command line says where the database is, and why it does not open; other errors have the same words as
/// everywhere.
impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        use store::Error as E;
        let (code, remedy) = match &error {
            E::Url => ("bad_database_url", "Correct ROLLCALL_DATABASE_URL or --database-url."),
            E::Open(_) => (
                "database_unreachable",
                "Check the path or the address, and that this user may open it; `rollcall doctor` looks closer.",
            ),
            E::File(problem) => ("database_unreachable", remedy_of(problem)),
            E::Migrate(_) => {
                ("database_not_migrated", "Use the version of Rollcall that made it, or restore a backup.")
            }
            E::Corrupt { .. } => {
                ("database_corrupt", "Use the version of Rollcall that wrote it, or restore a backup.")
            }
            E::Database(_) if !error.is_unavailable() => {
                ("database_failed", "`rollcall doctor` looks closer; the database's own log may tell more.")
            }
            _ => return Refusal::from(error).into(),
        };
        Self::new(code, sentence(&error.to_string()), remedy)
    }
}

fn remedy_of(problem: &store::FileProblem) -> &'static str {
    use store::FileProblem as O;
    match problem {
        O::NoFolder(_) => "Make the folder, or correct ROLLCALL_DATABASE_URL.",
        O::Hidden { .. } => {
            "Let the user that Rollcall runs as go into the folders that lead there, or correct ROLLCALL_DATABASE_URL."
        }
        O::NoFile(_) => "Correct ROLLCALL_DATABASE_URL: it must name a file.",
        O::Unreadable { .. } => {
            "Let the user that Rollcall runs as read and write it, or correct ROLLCALL_DATABASE_URL."
        }
        O::Closed { .. } => {
            "Let the user that Rollcall runs as write in that folder, or correct ROLLCALL_DATABASE_URL."
        }
    }
}

/// The command line says where the key is.
impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        match (error.problem(), error) {
            (Some(problem), _) => problem.into(),
            (None, VaultError::Store(error)) => error.into(),
            (None, error) => Self::internal(&error),
        }
    }
}
