//! What can go wrong in the database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::domain::{problem::Problem, words::UnknownWord};

use super::{
    FileProblem, health,
    unavailable::{BUSY, DISK, FULL, LOCKED, READ_ONLY, UNREACHABLE, Unavailable},
};

pub type Result<T> = std::result::Result<T, Error>;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database URL is not understood: write `sqlite:PATH` or `postgres://USER@HOST/DATABASE`")]
    Url,
    #[error("the database cannot be opened: {0}")]
    Open(String),
    /// The file of a SQLite database.
    #[error("the database cannot be opened: {0}")]
    File(FileProblem),
    #[error("the database did not migrate: {0}")]
    Migrate(String),
    /// Too much waits for it, or it took too long.
    #[error("{}", BUSY.what)]
    Busy,
    #[error("{}", READ_ONLY.what)]
    ReadOnly,
    #[error("{}", FULL.what)]
    Full,
    #[error("{}", LOCKED.what)]
    Locked,
    #[error("{}", DISK.what)]
    Disk,
    #[error("no such {0}")]
    NotFound(&'static str),
    /// A row that must be alone is not; the name of the rule where the database tells it.
    #[error("already there: {0}")]
    Duplicate(String),
    /// A row that others refer to, or that refers to one that is not there.
    #[error("other rows depend on it: {0}")]
    Referred(String),
    /// Nothing of this company is written any more.
    #[error("the company is being removed")]
    Closing,
    /// Somebody else changed the row between reading and writing.
    #[error("the {0} was changed by another call")]
    Stale(&'static str),
    /// A stored value that this version does not understand.
    #[error("the database holds a {what} that is not understood: {why}")]
    Corrupt { what: &'static str, why: String },
    #[error("the database failed: {0}")]
    Database(DieselError),
    /// The audit cannot be written, so nothing is.
    #[error("the audit cannot be written: {}", .0.detail)]
    AuditKey(Problem),
    #[error("a database job panicked")]
    Panicked,
}

impl Error {
    /// PostgreSQL ended this transaction because it and another waited for each other: all of it was taken back, and another
    /// try may go well.
    pub fn is_deadlock(&self) -> bool {
        matches!(self, Self::Database(DieselError::DatabaseError(_, info)) if info.message() == "deadlock detected")
    }

    /// What keeps the database from its work for now; `None` where another try does not help.
    pub fn unavailable(&self) -> Option<Unavailable> {
        match self {
            Self::Busy => Some(BUSY),
            Self::ReadOnly => Some(READ_ONLY),
            Self::Full => Some(FULL),
            Self::Locked => Some(LOCKED),
            Self::Disk => Some(DISK),
            Self::Open(_) | Self::File(_) => Some(UNREACHABLE),
            Self::Database(DieselError::DatabaseError(kind, _)) => {
                let away = matches!(
                    kind,
                    DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand
                );
                away.then_some(UNREACHABLE)
            }
            _ => None,
        }
    }

    /// Whether another try may help.
    pub fn is_unavailable(&self) -> bool {
        self.unavailable().is_some()
    }

    /// The same, for another who waits for the same database: diesel's own errors are not to be had twice.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::File(problem) => Self::File(problem.clone()),
            Self::Open(why) => Self::Open(why.clone()),
            Self::Locked => Self::Locked,
            Self::ReadOnly => Self::ReadOnly,
            Self::Full => Self::Full,
            Self::Disk => Self::Disk,
            other => Self::Open(other.to_string()),
        }
    }

    /// Whether the connection it happened on must not be used again.
    pub(super) fn breaks_connection(&self) -> bool {
        match self {
            Self::Database(DieselError::DatabaseError(kind, _)) => {
                matches!(kind, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand)
            }
            Self::Database(DieselError::BrokenTransactionManager) | Self::Panicked => true,
            _ => false,
        }
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
                Self::Duplicate(info.constraint_name().unwrap_or(info.message()).to_owned())
            }
            DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, info) => {
                Self::Referred(info.message().to_owned())
            }
            DieselError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _) => noted(Self::ReadOnly),
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, info) => match by_words(info.message()) {
                Some(error) => noted(error),
                None => Self::Database(DieselError::DatabaseError(DatabaseErrorKind::Unknown, info)),
            },
            DieselError::DeserializationError(error) => match corrupt(&*error) {
                Some(corrupt) => corrupt,
                None => Self::Database(DieselError::DeserializationError(error)),
            },
            other => Self::Database(other),
        }
    }
}

impl From<UnknownWord> for Error {
    fn from(word: UnknownWord) -> Self {
        Self::Corrupt { what: word.vocabulary, why: word.to_string() }
    }
}

/// What [`super::values`] said of a column whose value it does not understand: diesel wraps it in the name of the column.
fn corrupt(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| match error.downcast_ref() {
        Some(Error::Corrupt { what, why }) => Some(Error::Corrupt { what, why: why.clone() }),
        _ => None,
    })
}

/// Diesel passes on no codes of these, only the words: SQLite's, which are fixed (`sqlite3ErrStr`), and PostgreSQL's, which
/// are English unless its server is set up otherwise; then the error stays a general one.
fn by_words(message: &str) -> Option<Error> {
    Some(match message {
        "attempt to write a readonly database" => Error::ReadOnly,
        "database or disk is full" => Error::Full,
        "database is locked" | "database table is locked" | "locking protocol" => Error::Locked,
        "disk I/O error" => Error::Disk,
        "unable to open database file" => Error::Open(message.to_owned()),
        "canceling statement due to lock timeout" | "canceling statement due to statement timeout" => {
            Error::Busy
        }
        // «could not extend file "base/1/2": No space left on device» and its like.
        _ if message.ends_with(": No space left on device") => Error::Full,
        _ => return None,
    })
}

fn noted(error: Error) -> Error {
    health::note(&error);
    error
}
