//! The names of companies and connections, for lists that contain only their IDs.

use std::collections::HashMap;

use crate::{
    domain::{
        access::{Attempt, Companies, action},
        ids::{CompanyId, ConnectionId},
    },
    service::Result,
    store::{self, Db, connections},
};

use super::{all_companies, pages};

/// The names of all companies and connections that a caller sees, by ID.
#[derive(Debug, Default)]
pub struct Names {
    companies: HashMap<CompanyId, String>,
    /// The name, and `Company/Name`, by ID.
    connections: Vec<(ConnectionId, String, String)>,
}

impl Names {
    /// The names that the caller sees.
    ///
    /// # Errors
    /// A refusal of the policy.
    pub fn of(db: &mut Db, attempt: &Attempt<action::Read>) -> Result<Self> {
        Ok(Self::read(db, attempt.throughout()?.companies())?)
    }

    /// All names, for commands that look after the database itself.
    pub fn all(db: &mut Db) -> store::Result<Self> {
        Self::read(db, &Companies::All)
    }

    pub(super) fn read(db: &mut Db, seen: &Companies) -> store::Result<Self> {
        let companies: HashMap<CompanyId, String> =
            all_companies(db, seen)?.into_iter().map(|company| (company.id, company.name)).collect();
        let page = |db: &mut Db, after: Option<&str>, limit| connections::page(db, seen.ids(), after, limit);
        let connections = pages(db, |connection: &connections::Connection| &connection.id, page)?;
        let mut named: Vec<(ConnectionId, String, String)> = connections
            .into_iter()
            .map(|connection| {
                let company = companies.get(&connection.company_id).map_or("", String::as_str);
                let full = format!("{company}/{}", connection.name);
                (connection.id, connection.name, full)
            })
            .collect();
        named.sort_unstable();
        Ok(Self { companies, connections: named })
    }

    /// The name, or the ID if the company is gone meanwhile.
    pub fn company<'a>(&'a self, id: &'a str) -> &'a str {
        self.companies.get(id).map_or(id, String::as_str)
    }

    /// `Company/Connection`, or the ID if the connection is gone meanwhile.
    pub fn connection<'a>(&'a self, id: &'a str) -> &'a str {
        let at = self.connections.binary_search_by(|(known, ..)| known.as_str().cmp(id));
        at.ok().and_then(|at| self.connections.get(at)).map_or(id, |(_, _, full)| full)
    }

    /// ID, name and `Company/Name` of each connection.
    pub(super) fn connections(&self) -> impl Iterator<Item = (&ConnectionId, &str, &str)> {
        self.connections.iter().map(|(id, name, full)| (id, name.as_str(), full.as_str()))
    }
}
