//! Who asks, and what they may see (promise 8).

use crate::store::{self, Db, apps::App, records::Staged};

/// An app on whose behalf something is done.
#[derive(Debug, Clone)]
pub struct Scope {
    pub app: App,
}

impl Scope {
    /// Whether the app may see a company.
    pub fn sees(&self, company_id: &str) -> bool {
        self.app.admin || self.app.companies.iter().any(|company| company == company_id)
    }

    /// Refuses what belongs to a company that the app may not see, as if it were not there.
    ///
    /// # Errors
    /// [`store::Error::NotFound`] of `what`.
    pub fn check(&self, company_id: &str, what: &'static str) -> store::Result<()> {
        if self.sees(company_id) { Ok(()) } else { Err(store::Error::NotFound(what)) }
    }

    /// The companies that it may see, in order.
    pub fn companies(&self, db: &mut Db) -> store::Result<Vec<String>> {
        if self.app.admin { store::companies::ids(db) } else { Ok(self.app.companies.clone()) }
    }

    /// The companies to filter by: `None` for one who sees all.
    pub fn among(&self) -> Option<&[String]> {
        (!self.app.admin).then_some(self.app.companies.as_slice())
    }

    /// A record that the app may see.
    pub fn record(&self, db: &mut Db, list: crate::domain::words::List, id: &str) -> store::Result<Staged> {
        let staged = store::records::get(db, list, id)?;
        self.check(&staged.company_id, list.as_str())?;
        Ok(staged)
    }

    /// Who it is in histories.
    pub fn actor(&self) -> String {
        format!("app {}", self.app.name)
    }
}
