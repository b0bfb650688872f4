//! What an address names, and whether the caller may do there what it asks.

use crate::{
    domain::{
        access::{Acts, Attempt},
        words::List,
    },
    store::{Db, connections, inbox},
};

use super::{Result, find};

/// The object that a route is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    Company(String),
    Connection(String),
    Record(List, String),
    Run(String),
    Message(String),
    App(String),
    /// None that is known before: a list, or what is to be made.
    Nothing,
}

/// The policy's word alone, for a request that is refused for what it sends: whoever may not know of the object, or may
/// not do this, is told so first.
///
/// # Errors
/// `{object}_not_found`; what the policy forbids.
pub fn judge<A: Acts>(db: &mut Db, attempt: &Attempt<A>, named: &Named) -> Result<()> {
    match named {
        Named::Company(wanted) => {
            let company = find::company(db, attempt, wanted)?;
            attempt.at(&company.id, "company")?;
        }
        Named::Connection(wanted) => {
            let connection = find::connection(db, attempt, wanted)?;
            attempt.at(&connection.company_id, "connection")?;
        }
        Named::Record(list, id) => drop(find::record(db, attempt, *list, id)?),
        Named::Run(id) => drop(find::run(db, attempt, id)?),
        Named::Message(id) => {
            let message = inbox::get(db, id)?;
            let connection = connections::get(db, &message.connection_id)?;
            attempt.at(&connection.company_id, "message")?;
        }
        Named::App(wanted) => {
            find::app(db, attempt.principal(), wanted)?;
            attempt.throughout()?;
        }
        Named::Nothing => drop(attempt.throughout()?),
    }
    Ok(())
}
