//! Companies.

use crate::{
    clock::Ambient,
    domain::{
        access::{Grant, action},
        audit::Act,
        ids::CompanyId,
        words::AuditAction,
    },
    store::{
        WriteDb, audit,
        companies::{self, Company},
    },
};

use super::{Result, name};

/// # Errors
/// [`Duplicate`](crate::store::Error::Duplicate) where the name is taken.
pub fn company(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Administer>,
    new_name: &str,
) -> Result<Company> {
    let now = ambient.now();
    let company = Company {
        id: CompanyId::new(now, ambient.entropy.bytes()),
        name: name(new_name)?,
        created_at: now,
        closing_at: None,
        deleting_at: None,
    };
    companies::insert(db, &company)?;
    audit::note(db, grant, Act::new(AuditAction::CompanyAdded, "company", &company.id).of(&company.id));
    Ok(company)
}

/// # Errors
/// [`Duplicate`](crate::store::Error::Duplicate) where the name is taken.
pub fn rename_company(
    db: &mut WriteDb,
    grant: &Grant<action::Administer>,
    id: &CompanyId,
    new_name: &str,
) -> Result<Company> {
    grant.covers(id, "company")?;
    companies::rename(db, id, &name(new_name)?)?;
    audit::note(db, grant, Act::new(AuditAction::CompanyChanged, "company", id).of(id).named("name"));
    Ok(companies::get(db, id)?)
}
