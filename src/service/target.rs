//! The object that the path of a request names, and whether the caller may do there what it asks.

use crate::{
    domain::{
        access::{Acts, Attempt},
        words::List,
    },
    store::{Db, connections, inbox},
};

use super::{Result, find};

/// The object that a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Company(String),
    Connection(String),
    Record(List, String),
    Run(String),
    Message(String),
    App(String),
    Account(String),
    Quicklink(String),
    /// No object that exists: a list, or one that is to be made.
    Nothing,
}

/// Only asks the policy, for a request that is refused because of what it sends: a caller who may not know of the
/// object, or may not do this, is told that first.
///
/// # Errors
/// `{object}_not_found`; what the policy forbids.
pub fn authorize<A: Acts>(db: &mut Db, attempt: &Attempt<A>, target: &Target) -> Result<()> {
    match target {
        Target::Company(wanted) => {
            let company = find::company(db, attempt, wanted)?;
            attempt.at(&company.id, "company")?;
        }
        Target::Connection(wanted) => {
            let connection = find::connection(db, attempt, wanted)?;
            attempt.at(&connection.company_id, "connection")?;
        }
        Target::Record(list, id) => drop(find::record(db, attempt, *list, id)?),
        Target::Run(id) => drop(find::run(db, attempt, id)?),
        Target::Message(id) => {
            let message = inbox::get(db, &id.as_str().into())?;
            let connection = connections::get(db, &message.connection_id)?;
            attempt.at(&connection.company_id, "message")?;
        }
        Target::App(wanted) => {
            find::app(db, attempt.principal(), wanted)?;
            attempt.throughout()?;
        }
        Target::Quicklink(id) => {
            let company = find::quicklink_company(db, attempt, id)?;
            attempt.at(&company, "Quicklink")?;
        }
        Target::Account(wanted) => drop(find::account(db, attempt, wanted)?),
        Target::Nothing => drop(attempt.throughout()?),
    }
    Ok(())
}
