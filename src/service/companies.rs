//! Companies: the tenants.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    domain::access::{Acts, Attempt, action},
    store::{self, Db, WriteDb, companies},
    sync::register,
};

use super::{
    Refusal, Result, find,
    page::{PageBody, PageQuery},
};

/// One business whose lists are staged.
#[derive(Debug, Serialize, ToSchema)]
pub struct Company {
    #[schema(example = "com_0192f0c4a1b27c3e8d5f6a7b8c9d0e1f")]
    pub id: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

impl From<companies::Company> for Company {
    fn from(company: companies::Company) -> Self {
        Self { id: company.id, name: company.name, created_at: company.created_at }
    }
}

/// A page of those that the caller sees, oldest first.
///
/// # Errors
/// What [`super::page`] refuses.
pub fn list(
    db: &mut Db,
    attempt: &Attempt<action::ReadCompanies>,
    query: &PageQuery,
) -> Result<PageBody<Company>> {
    let (limit, after) = query.read::<String>()?;
    let grant = attempt.throughout()?;
    let page = companies::page(db, grant.companies().ids(), after.as_deref(), limit)?;
    PageBody::of(page, |company| company.id.clone())
}

/// # Errors
/// `company_not_found`.
pub fn show(db: &mut Db, attempt: &Attempt<action::ReadCompanies>, wanted: &str) -> Result<Company> {
    Ok(found(db, attempt, wanted)?.into())
}

/// # Errors
/// `invalid_name`; `already_exists`, whatever the case of the name.
pub fn add(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Administer>,
    name: &str,
) -> Result<Company> {
    attempt.throughout()?;
    Ok(register::company(db, ambient, name)?.into())
}

/// # Errors
/// `company_not_found`; as [`add`].
pub fn rename(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    wanted: &str,
    new_name: &str,
) -> Result<Company> {
    let company = found(db, attempt, wanted)?;
    Ok(register::rename_company(db, &company.id, new_name)?.into())
}

/// Removes a company that has no connections and no profiles.
///
/// # Errors
/// `company_not_found`, `company_in_use`.
pub fn remove(db: &mut WriteDb, attempt: &Attempt<action::Administer>, wanted: &str) -> Result<Company> {
    let company = found(db, attempt, wanted)?;
    companies::delete(db, &company.id).map_err(|error| match error {
        store::Error::Referred(_) => Refusal::conflict(
            "company_in_use",
            "The company still has connections or profiles, or the rows of a connection that was deleted are still going.",
            "Delete its connections and its profiles first; what is going takes a minute at most.",
        ),
        other => other.into(),
    })?;
    Ok(company.into())
}

/// A company on which the caller may do this.
fn found<A: Acts>(db: &mut Db, attempt: &Attempt<A>, wanted: &str) -> Result<companies::Company> {
    let company = find::company(db, attempt, wanted)?;
    attempt.at(&company.id, "company")?;
    Ok(company)
}
