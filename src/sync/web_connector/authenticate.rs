//! Who calls, what is due, and a new session.

use crate::{
    clock::Ambient,
    connectors::quickbooks_desktop::plan::Plan,
    domain::{ids::new_guid, problem::Problem, secret::Secret},
    store::{self, Db, connections, desktop, sessions},
    sync::run,
};

use super::{due::due, settings, write_plan};

/// What `authenticate` answers.
#[derive(Debug, Clone)]
pub enum Admission {
    /// A session: its ticket, and the path of the company file to open (empty for the one that is open).
    Session { ticket: String, company_file: String },
    /// Nothing is due.
    NoWork,
    /// User name or password are wrong.
    NotValid,
}

/// The code of the problem that a wrong password leaves at its connection, until the right one comes.
const CREDENTIALS: &str = "credentials";

/// Lets a Web Connector in. Its earlier session, if one is open, is retired: information was lost, and reading again is
/// safe (Programmer's Guide p. 42).
pub fn authenticate(
    db: &mut Db,
    ambient: &Ambient,
    username: &str,
    password: &Secret,
) -> store::Result<Admission> {
    let now = ambient.now();
    let Some(file) = desktop::by_username(db, username)? else { return Ok(Admission::NotValid) };
    if !password.hash().matches(&file.password_hash) {
        // The caller learns nothing; whoever looks at the connection learns why nothing comes.
        connections::set_first_problem(db, &file.connection_id, &wrong_password(), now)?;
        return Ok(Admission::NotValid);
    }
    // Calls of one connection take their turns here: each verb writes the connection's row before any other.
    connections::seen(db, &file.connection_id, now)?;
    let connection = connections::get(db, &file.connection_id)?;
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
    Ok(Admission::Session { ticket, company_file: settings.company_file })
}

fn wrong_password() -> Problem {
    Problem::new(
        CREDENTIALS,
        "A Web Connector called with the user name of this connection and a wrong password.",
        "Enter the password again in the Web Connector's password column. If it is lost, make a new one: `rollcall \
         connection password`, or POST /v1/connections/{id}/password.",
    )
}
