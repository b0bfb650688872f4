//! The Web Connector's calls, as verbs over the store. A session is a row: any gateway on the same database can
//! serve any call of it, and a restart between two calls goes on.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `authenticate` | who calls, what is due, a new session |
//! | `send` | which company file it is, the next request |
//! | `receive` | the answer: staged as it streams past, judged at its end |
//! | `company` | which company it is, where the company file does not tell |
//! | `finish` | errors, the last word, the end |
//! | `rivals` | two Web Connectors with one user name |

mod authenticate;
mod company;
mod due;
mod finish;
mod receive;
mod rivals;
mod send;
mod setup;

pub use authenticate::{Admission, Caller, authenticate, caller, refused};
pub use company::{NothingInDoubt, same_company};
pub use finish::{close, connection_error, expire_silent, last_error};
pub use receive::{Begun, Ended, Received, receive};
pub use send::{Offer, send};
pub use setup::{QwcFailure, poll, qwc};

use chrono::{DateTime, Utc};

use crate::{
    connectors::quickbooks_desktop::{Settings, plan::Plan},
    domain::{problem::Problem, secret::Secret, words::SessionState},
    store::{
        self, Db, connections,
        sessions::{self, Session},
    },
};

/// An open session, its plan read.
struct Open {
    session: Session,
    plan: Plan,
}

impl Open {
    /// As [`Open::find`], for a call that shows that its Web Connector lives.
    fn of(db: &mut Db, ticket: &str, now: DateTime<Utc>) -> store::Result<Result<Self, Problem>> {
        let found = Self::find(db, ticket, now)?;
        Ok(match found {
            Ok(open) => Ok(open),
            Err(Closed::Retired(session)) => {
                rivals::note(db, &session, now)?;
                Err(retired())
            }
            Err(Closed::Expired) => Err(expired()),
            Err(Closed::Unknown) => Err(unknown_ticket()),
        })
    }

    /// Notes that the Web Connector was heard, which also puts the calls of one connection in a row: each writes the
    /// connection's row before any other.
    ///
    /// # Errors
    /// Why the ticket's session is not (any longer) open.
    fn find(db: &mut Db, ticket: &str, now: DateTime<Utc>) -> store::Result<Result<Self, Closed>> {
        let hash = Secret::new(ticket).hash();
        let Some(session) = sessions::by_ticket(db, &hash.0)? else { return Ok(Err(Closed::Unknown)) };
        connections::seen(db, &session.connection_id, now)?;
        // As it is now that its turn has come.
        let session = sessions::expect(db, &hash.0)?;
        Ok(match session.state {
            SessionState::Open => Ok(Self { plan: read_plan(&session)?, session }),
            SessionState::Retired => Err(Closed::Retired(session)),
            SessionState::Expired => Err(Closed::Expired),
            SessionState::Closed => Err(Closed::Unknown),
        })
    }

    /// Writes the plan back.
    ///
    /// # Errors
    /// [`store::Error::Stale`] where another call has written it meanwhile.
    fn save(mut self, db: &mut Db, now: DateTime<Utc>) -> store::Result<()> {
        self.session.plan = write_plan(&self.plan)?;
        sessions::save(db, &self.session, now)
    }
}

/// Why a ticket opens nothing.
enum Closed {
    Unknown,
    Retired(Session),
    Expired,
}

fn read_plan(session: &Session) -> store::Result<Plan> {
    serde_json::from_str(&session.plan)
        .map_err(|error| store::Error::Corrupt { what: "session", why: error.to_string() })
}

fn write_plan(plan: &Plan) -> store::Result<String> {
    serde_json::to_string(plan)
        .map_err(|error| store::Error::Corrupt { what: "session", why: error.to_string() })
}

fn settings(connection: &store::connections::Connection) -> store::Result<Settings> {
    serde_json::from_str(&connection.settings)
        .map_err(|error| store::Error::Corrupt { what: "connection's settings", why: error.to_string() })
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

fn expired() -> Problem {
    Problem::new(
        "session_expired",
        "The Web Connector did not call for too long, so the session was ended.",
        "Run the update again. If it happens often, look whether QuickBooks waits for an answer in a dialog.",
    )
}
