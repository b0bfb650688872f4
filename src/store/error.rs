//! What can go wrong in the database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

pub type Result<T> = std::result::Result<T, Error>;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the database URL `{0}` is not understood: write `sqlite:PATH` or `postgres://USER@HOST/DATABASE`"
    )]
    Url(String),
    #[error("the database cannot be opened: {0}")]
    Open(String),
    #[error("the database did not migrate: {0}")]
    Migrate(String),
    #[error("the database did not answer in time: every connection to it is busy")]
    Busy,
    #[error("no such {0}")]
    NotFound(&'static str),
    /// A row that must be alone is not; the name of the rule where the database tells it.
    #[error("already there: {0}")]
    Duplicate(String),
    /// A row that others refer to, or that refers to one that is not there.
    #[error("other rows depend on it: {0}")]
    Referred(String),
    /// Somebody else changed the row between reading and writing.
    #[error("the {0} was changed by another call")]
    Stale(&'static str),
    /// A stored value that this version does not understand.
    #[error("the database holds a {what} that is not understood: {why}")]
    Corrupt { what: &'static str, why: String },
    #[error("the database failed: {0}")]
    Database(DieselError),
    #[error("a database job panicked")]
    Panicked,
}

impl Error {
    /// Whether the database could not be reached, so that another try may help.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Busy | Self::Open(_) => true,
            Self::Database(DieselError::DatabaseError(kind, _)) => {
                matches!(kind, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand)
            }
            _ => false,
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
            other => Self::Database(other),
        }
    }
}
