//! Finds what the command line names, and lists what there is.

use crate::{
    service::find::{NotChosen, choose, pages},
    store::{
        self, Db, Page, PageLimit,
        companies::{self, Company},
        connections::{self, Connection},
    },
};

use super::{Result, failure::Failure};

/// By ID, its unique beginning, or name.
pub fn company(db: &mut Db, wanted: &str) -> Result<Company> {
    let all = companies(db)?.into_iter().map(|company| (company.id, company.name)).collect();
    Ok(companies::get(db, &Known::new("company", all).choose(wanted)?)?)
}

/// By ID, its unique beginning, name, or `Company/Name`.
pub fn connection(db: &mut Db, wanted: &str) -> Result<Connection> {
    let names = CompanyNames::read(db)?;
    let mut all = Vec::new();
    for connection in connections(db, None)? {
        all.push((
            connection.id.clone(),
            format!("{}/{}", names.of(&connection.company_id), connection.name),
        ));
        all.push((connection.id, connection.name));
    }
    Ok(connections::get(db, &Known::new("connection", all).choose(wanted)?)?)
}

/// What there is to choose from, by ID and name.
struct Known {
    what: &'static str,
    all: Vec<(String, String)>,
}

impl Known {
    fn new(what: &'static str, all: Vec<(String, String)>) -> Self {
        Self { what, all }
    }

    /// The ID of the one that is wanted.
    ///
    /// # Errors
    /// None, with those whose names are near; several.
    fn choose(&self, wanted: &str) -> Result<String> {
        choose(&self.all, wanted).map_err(|not| self.failure(wanted.trim(), not))
    }

    fn failure(&self, wanted: &str, not: NotChosen) -> Failure {
        match not {
            NotChosen::Ambiguous { ids } => Failure::new(
                "ambiguous",
                format!("`{wanted}` may be more than one {}: {}.", self.what, ids.join(", ")),
                "Name one by its ID.",
            ),
            NotChosen::Missing { near } if near.is_empty() => Failure::not_found(self.what, wanted),
            NotChosen::Missing { near } => {
                let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
                let hint = format!("Did you mean {}?", near.join(" or "));
                Failure::not_found(self.what, wanted).hinted(&hint)
            }
        }
    }
}

/// All rows, page by page.
pub fn all<T>(
    db: &mut Db,
    id: impl Fn(&T) -> &str,
    page: impl Fn(&mut Db, Option<&str>, PageLimit) -> store::Result<Page<T>>,
) -> Result<Vec<T>> {
    Ok(pages(db, id, page)?)
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
