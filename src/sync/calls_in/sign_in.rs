//! Who calls, what is due, and a new session.

use chrono::{DateTime, Utc};

use crate::{
    clock::Ambient,
    connectors::calls_in::Trouble,
    domain::{
        ids::{ConnectionId, new_guid},
        secret::Secret,
        words::Cause,
    },
    store::{self, Db, WriteDb, connections, desktop, sessions},
    sync::{check, run},
};

use super::{context::DatabaseContext, error::store_error, of};

/// Who calls, by user name and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The program of this connection.
    Known(ConnectionId),
    /// The password is wrong; the connection is the one of the user name, where there is one.
    Wrong(Option<ConnectionId>),
}

/// What is answered to a caller that is known.
#[derive(Debug, Clone)]
pub enum Admission {
    /// A session: its ticket, and the path of the file to open (empty for the one that is open).
    Session { ticket: String, company_file: String },
    /// Nothing is due.
    NoWork,
}

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
pub fn refused(db: &mut WriteDb, connection_id: &ConnectionId, now: DateTime<Utc>) -> store::Result<()> {
    let connection = connections::get(db, connection_id)?;
    // A long session is heard from by its ticket. With a new password nobody has signed in yet.
    let heard = desktop::signed_in_at(db, connection_id)?.max(connection.last_seen_at);
    let known = desktop::signed_in_at(db, connection_id)?.and(heard);
    if known.is_some_and(|heard| check::is_usual_silence(&connection, heard, now)) {
        return Ok(());
    }
    let problem = of(&connection)?.problem(Trouble::WrongPassword, connection_id);
    connections::set_first_problem(db, connection_id, &problem, now)
}

/// Lets the program of a connection in. Its earlier session, if one is open, is retired: information was lost, and reading
/// again is safe.
pub fn authenticate(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection_id: &ConnectionId,
) -> store::Result<Admission> {
    let now = ambient.now();
    // Calls of one connection take their turns here: each verb writes the connection's row before any other.
    let lock = connections::seen(db, connection_id, now)?;
    desktop::signed_in(db, connection_id, now)?;
    let connection = connections::get(db, connection_id)?;
    // What a wrong password has left, until the right one comes.
    let refused = Cause::Credentials.as_str();
    if connection.problem.as_ref().is_some_and(|(problem, _)| problem.code == refused) {
        connections::set_problem(db, &lock, None, now)?;
    }
    sessions::retire(db, &connection.id, now)?;
    run::abandon(db, &connection.id, now)?;
    if connection.paused {
        return Ok(Admission::NoWork);
    }
    let mut context = DatabaseContext { db, ambient, connection: &connection, lock: &lock };
    let Some(begun) = of(&connection)?.begin(&mut context).map_err(store_error)? else {
        return Ok(Admission::NoWork);
    };
    let ticket = new_guid(ambient.entropy.bytes());
    sessions::open(db, &Secret::new(ticket.as_str()).hash().0, &connection.id, &begun.state, now)?;
    Ok(Admission::Session { ticket, company_file: begun.company_file })
}
