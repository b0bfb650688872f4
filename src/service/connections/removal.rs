//! What goes with a connection that is deleted.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::access::{Attempt, Grant, action},
    service::{Result, schema::Hint},
    store::Db,
    sync::remove::{self, Extent},
};

use super::found;

/// How much goes with a connection.
#[derive(Debug, Serialize, ToSchema)]
pub struct Removal {
    pub id: String,
    pub name: String,
    /// Whether it is deleted now.
    pub removed: bool,
    pub employees: u64,
    pub customers: u64,
    /// Links of apps to its records.
    pub links: u64,
    pub runs: u64,
    /// Messages of its webhooks that are kept.
    pub messages: u64,
    /// Whether its source sends callbacks, which are taken back.
    pub callbacks: bool,
    /// What is left to do; null where nothing is.
    pub problem: Option<Hint>,
}

impl Removal {
    /// What would go.
    pub fn of(extent: &Extent) -> Self {
        let Extent { connection, contents, callbacks } = extent;
        Self {
            id: connection.id.to_string(),
            name: connection.name.clone(),
            removed: false,
            employees: contents.employees,
            customers: contents.customers,
            links: contents.links,
            runs: contents.runs,
            messages: contents.messages,
            callbacks: *callbacks,
            problem: None,
        }
    }
}

/// Counts what goes with a connection that is to be deleted, and grants the deletion. Nothing is changed.
///
/// # Errors
/// `connection_not_found`.
pub fn to_remove(
    db: &mut Db,
    attempt: &Attempt<action::ManageConnections>,
    id: &str,
) -> Result<(Grant<action::ManageConnections>, Extent)> {
    let (grant, connection) = found(db, attempt, id)?;
    let extent = remove::extent(db, &grant, &connection.id)?;
    Ok((grant, extent))
}
