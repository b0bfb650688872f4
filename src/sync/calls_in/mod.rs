//! Sources that call in, as verbs over the store. A session is a row: any gateway on the same database can serve any
//! call of it, and a restart between two calls goes on. What is asked and what is made of answers is the connector's
//! (`connectors::calls_in`).
//!
//! | file | what happens there |
//! | --- | --- |
//! | `sign_in` | who calls, and a new session |
//! | `session` | the calls of a session, its last word and its end |
//! | `receive` | an answer: staged as it streams past |
//! | `context` | what a connector may do within a call |
//! | `error` | the errors of the store that pass through a connector |
//! | `rivals` | two programs with one user name |
//! | `setup` | the file with which a program is set up |
//! | `doubt` | a file of which nobody knows whether it is the same company's |

mod context;
mod doubt;
mod error;
mod receive;
mod rivals;
mod session;
mod setup;
mod sign_in;

pub use doubt::{NothingInDoubt, same_company};
pub use receive::{Begun, Ended, Received, receive};
pub use session::{close, expire_silent, last_error, not_opened, send};
pub use setup::{SetupFailure, setup_file};
pub use sign_in::{Admission, Caller, authenticate, caller, refused};

use chrono::{DateTime, Utc};

use crate::{
    clock::Ambient,
    connectors::{
        self,
        calls_in::{CallsIn, SessionError, Trouble},
    },
    domain::{problem::Problem, secret::Secret, words::SessionState},
    store::{
        self, Db, WriteDb,
        connections::{self, Connection},
        locks::{self, Locked},
        sessions::{self, Session},
    },
};

use context::DatabaseContext;
use error::store_error;

/// What a connection's kind makes of calls.
///
/// # Errors
/// [`store::Error::NotFound`] for a kind whose source does not call in.
fn of(connection: &Connection) -> store::Result<&'static dyn CallsIn> {
    let connector = connectors::of(connection.kind).ok();
    connector
        .and_then(super::super::connectors::connector::Connector::calls_in)
        .ok_or(store::Error::NotFound("connection that calls in"))
}

/// An open session.
struct Open {
    session: Session,
    connection: Connection,
    lock: Locked<locks::Connection>,
    connector: &'static dyn CallsIn,
}

impl Open {
    /// As [`Open::find`], for a call that shows that its program lives.
    fn of(db: &mut WriteDb, ticket: &str, now: DateTime<Utc>) -> store::Result<Result<Self, Problem>> {
        let found = Self::find(db, ticket, now)?;
        Ok(match found {
            Ok(open) => Ok(open),
            Err(Closed::Retired(session)) => {
                rivals::note(db, &session, now)?;
                Err(retired())
            }
            Err(Closed::Expired(session)) => Err(expired(db, &session)?),
            Err(Closed::Unknown) => Err(unknown_ticket()),
        })
    }

    /// Notes that the program was heard, which also puts the calls of one connection in a row: each writes the
    /// connection's row before any other.
    ///
    /// # Errors
    /// Why the ticket's session is not (any longer) open.
    fn find(db: &mut WriteDb, ticket: &str, now: DateTime<Utc>) -> store::Result<Result<Self, Closed>> {
        let hash = Secret::new(ticket).hash();
        let Some(session) = sessions::by_ticket(db, &hash.0)? else { return Ok(Err(Closed::Unknown)) };
        let lock = connections::seen(db, &session.connection_id, now)?;
        // As it is now that its turn has come.
        let session = sessions::expect(db, &hash.0)?;
        Ok(match session.state {
            SessionState::Open => {
                let connection = connections::get(db, &session.connection_id)?;
                let connector = of(&connection)?;
                Ok(Self { session, connection, lock, connector })
            }
            SessionState::Retired => Err(Closed::Retired(session)),
            SessionState::Expired => Err(Closed::Expired(session)),
            SessionState::Closed => Err(Closed::Unknown),
        })
    }

    /// Has the connector carry out a call, and writes the session's state back.
    ///
    /// # Errors
    /// [`store::Error::Stale`] where another call has written it meanwhile.
    fn call<T>(
        mut self,
        db: &mut WriteDb,
        ambient: &Ambient,
        act: impl FnOnce(&'static dyn CallsIn, &mut String, &mut DatabaseContext<'_>) -> Result<T, SessionError>,
    ) -> store::Result<T> {
        let mut context = DatabaseContext { db, ambient, connection: &self.connection, lock: &self.lock };
        let done = act(self.connector, &mut self.session.plan, &mut context).map_err(store_error)?;
        sessions::save(db, &self.session, ambient.now())?;
        Ok(done)
    }
}

/// Why a ticket opens nothing.
enum Closed {
    Unknown,
    Retired(Session),
    Expired(Session),
}

fn unknown_ticket() -> Problem {
    Problem::new(
        "unknown_session",
        "Rollcall does not know this session.",
        "Run the update again: it starts a new one.",
    )
}

fn retired() -> Problem {
    Problem::new(
        "session_replaced",
        "A later update of the same connection took this one's place.",
        "Nothing to do: the later update reads the lists.",
    )
}

fn expired(db: &mut Db, session: &Session) -> store::Result<Problem> {
    let connection = connections::get(db, &session.connection_id)?;
    Ok(of(&connection)?.problem(Trouble::Expired, &connection.id))
}
