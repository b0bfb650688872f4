//! Companies.

use crate::{
    clock::Ambient,
    domain::{
        access::{Grant, action},
        ids::new_id,
    },
    store::{
        WriteDb,
        companies::{self, Company},
    },
};

use super::{Result, name};

/// # Errors
/// [`Duplicate`](crate::store::Error::Duplicate) where the name is taken.
pub fn company(
    db: &mut WriteDb,
    ambient: &Ambient,
    _grant: &Grant<action::Administer>,
    new_name: &str,
) -> Result<Company> {
    let now = ambient.now();
    let company = Company {
        id: new_id("com", now, ambient.entropy.bytes()),
        name: name(new_name)?,
        created_at: now,
        closing_at: None,
        deleting_at: None,
    };
    companies::insert(db, &company)?;
    Ok(company)
}

/// # Errors
/// [`Duplicate`](crate::store::Error::Duplicate) where the name is taken.
pub fn rename_company(
    db: &mut WriteDb,
    grant: &Grant<action::Administer>,
    id: &str,
    new_name: &str,
) -> Result<Company> {
    grant.covers(id, "company")?;
    companies::rename(db, id, &name(new_name)?)?;
    Ok(companies::get(db, id)?)
}
