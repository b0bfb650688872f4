//! Finds what the command line names, and lists what there is.

use crate::store::{
    self, Db, Page, PageLimit,
    apps::{self, App},
    companies::{self, Company},
    connections::{self, Connection},
    runs::{self, Run},
};

use super::{Result, failure::Failure};

/// By ID or by name.
pub fn company(db: &mut Db, id_or_name: &str) -> Result<Company> {
    companies::find(db, id_or_name.trim()).map_err(|error| named(error, "company", id_or_name))
}

/// By ID or by name.
pub fn app(db: &mut Db, id_or_name: &str) -> Result<App> {
    apps::find(db, id_or_name.trim()).map_err(|error| named(error, "app", id_or_name))
}

pub fn connection(db: &mut Db, id: &str) -> Result<Connection> {
    connections::get(db, id.trim()).map_err(|error| named(error, "connection", id))
}

pub fn run(db: &mut Db, id: &str) -> Result<Run> {
    runs::get(db, id.trim()).map_err(|error| named(error, "run", id))
}

fn named(error: store::Error, what: &str, name: &str) -> Failure {
    match error {
        store::Error::NotFound(_) => Failure::not_found(what, name),
        other => other.into(),
    }
}

/// All rows, page by page.
pub fn all<T>(
    db: &mut Db,
    id: impl Fn(&T) -> &str,
    page: impl Fn(&mut Db, Option<&str>, PageLimit) -> store::Result<Page<T>>,
) -> Result<Vec<T>> {
    let mut rows: Vec<T> = Vec::new();
    loop {
        let after = rows.last().map(|row| id(row).to_owned());
        let next = page(db, after.as_deref(), PageLimit::SCAN)?;
        rows.extend(next.rows);
        if !next.more {
            return Ok(rows);
        }
    }
}

pub fn companies(db: &mut Db) -> Result<Vec<Company>> {
    all(db, |company: &Company| &company.id, |db, after, limit| companies::page(db, None, after, limit))
}

/// The names of the companies, by their IDs: what people know them by.
#[derive(Debug)]
pub struct CompanyNames(Vec<Company>);

impl CompanyNames {
    pub fn read(db: &mut Db) -> Result<Self> {
        companies(db).map(Self)
    }

    /// The ID itself where the company has gone meanwhile.
    pub fn of<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.iter().find(|company| company.id == id).map_or(id, |company| &company.name)
    }
}

/// All connections, or those of one company.
pub fn connections(db: &mut Db, company_id: Option<&str>) -> Result<Vec<Connection>> {
    let among: Option<Vec<String>> = company_id.map(|id| vec![id.to_owned()]);
    all(
        db,
        |connection: &Connection| &connection.id,
        |db, after, limit| connections::page(db, among.as_deref(), after, limit),
    )
}
