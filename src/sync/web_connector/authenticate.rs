//! Who calls, what is due, and a new session.

use chrono::{DateTime, Utc};

use crate::{
    clock::Ambient,
    connectors::quickbooks_desktop::plan::Plan,
    domain::{ids::new_guid, problem::Problem, secret::Secret},
    store::{self, Db, connections, desktop, sessions},
    sync::{check, run},
};

use super::{due::due, settings, write_plan};

/// Who calls, by user name and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The Web Connector of this connection.
    Known(String),
    /// The password is wrong; the connection is the one of the user name, where there is one.
    Wrong(Option<String>),
}

/// What `authenticate` answers to a caller that is known.
#[derive(Debug, Clone)]
pub enum Admission {
    /// A session: its ticket, and the path of the company file to open (empty for the one that is open).
    Session { ticket: String, company_file: String },
    /// Nothing is due.
    NoWork,
}

/// The code of the problem that a wrong password leaves at its connection, until the right one comes.
const CREDENTIALS: &str = "credentials";

/// Finds out who calls, with the same work for names that are known and for those that are not.
pub fn caller(db: &mut Db, username: &str, password: &Secret) -> store::Result<Caller> {
    const NOBODY: [u8; 32] = [0; 32];
    let file = desktop::by_username(db, username)?;
    let stored = file.as_ref().map_or(NOBODY.as_slice(), |file| &file.password_hash);
    let right = password.hash().matches(stored);
    Ok(match file.map(|file| file.connection_id) {
        Some(connection_id) if right => Caller::Known(connection_id),
        other => Caller::Wrong(other),
    })
}

/// Notes a wrong password: whoever looks at the connection learns why nothing comes. One that is heard from with the
/// right one is not touched by it: anybody may know a user name.
pub fn refused(db: &mut Db, connection_id: &str, now: DateTime<Utc>) -> store::Result<()> {
    let connection = connections::get(db, connection_id)?;
    // A long session is heard from by its ticket. With a new password nobody has signed in yet.
    let heard = desktop::signed_in_at(db, connection_id)?.max(connection.last_seen_at);
    let known = desktop::signed_in_at(db, connection_id)?.and(heard);
    if known.is_some_and(|heard| check::is_usual_silence(&connection, heard, now)) {
        return Ok(());
    }
    connections::set_first_problem(db, connection_id, &wrong_password(), now)
}

/// Lets the Web Connector of a connection in. Its earlier session, if one is open, is retired: information was lost, and
/// reading again is safe (Programmer's Guide p. 42).
pub fn authenticate(db: &mut Db, ambient: &Ambient, connection_id: &str) -> store::Result<Admission> {
    let now = ambient.now();
    // Calls of one connection take their turns here: each verb writes the connection's row before any other.
    connections::seen(db, connection_id, now)?;
    desktop::signed_in(db, connection_id, now)?;
    let file = desktop::get(db, connection_id)?;
    let connection = connections::get(db, connection_id)?;
    if connection.problem.as_ref().is_some_and(|(problem, _)| problem.code == CREDENTIALS) {
        connections::set_problem(db, &connection.id, None, now)?;
    }
    let settings = settings(&connection)?;
    sessions::retire(db, &connection.id, now)?;
    run::abandon(db, &connection.id, now)?;
    let lists = due(db, &connection, file.qbxml_version.as_deref().unwrap_or_default(), &settings, now)?;
    if lists.is_empty() {
        return Ok(Admission::NoWork);
    }
    let ticket = new_guid(ambient.entropy.bytes());
    let plan = write_plan(&Plan::new(lists))?;
    sessions::open(db, &Secret::new(ticket.as_str()).hash().0, &connection.id, &plan, now)?;
    Ok(Admission::Session { ticket, company_file: settings.path().to_owned() })
}

fn wrong_password() -> Problem {
    Problem::new(
        CREDENTIALS,
        "A Web Connector called with the user name of this connection and a wrong password.",
        "Enter the password again in the Web Connector's password column. If it is lost, make a new one: `rollcall \
         connection password`, or POST /v1/connections/{id}/password.",
    )
}
