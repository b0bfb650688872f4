//! Companies: the tenants.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    domain::{
        access::{Acts, Attempt, Grant, action},
        audit::Act,
        ids::{CompanyId, ConnectionId},
        words::AuditAction,
    },
    store::{self, Db, WriteDb, apps, audit, companies, connections, prune, purge},
    sync::{register, remove},
};

use super::{
    Refusal, Result,
    accounts::change::give_company,
    find,
    interface::Wording,
    page::{PageBody, PageQuery},
};

/// One business whose lists are staged.
#[derive(Debug, Serialize, ToSchema)]
pub struct Company {
    #[schema(example = "com_0192f0c4a1b27c3e8d5f6a7b8c9d0e1f")]
    pub id: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
    /// Since when it is being removed, if it is: whatever is told or changed of it is refused with `company_closing`.
    pub closing_at: Option<DateTime<Utc>>,
}

impl From<companies::Company> for Company {
    fn from(company: companies::Company) -> Self {
        let companies::Company { id, name, created_at, closing_at, .. } = company;
        Self { id: id.into(), name, created_at, closing_at }
    }
}

/// A page of the companies that the caller sees, oldest first.
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
    PageBody::of(page, |company| company.id.to_string())
}

/// # Errors
/// `company_not_found`.
pub fn show(db: &mut Db, attempt: &Attempt<action::ReadCompanies>, wanted: &str) -> Result<Company> {
    Ok(found(db, attempt, wanted)?.1.into())
}

/// Makes a company, and lets these users see it, by e-mail or ID.
///
/// # Errors
/// `invalid_name`; `already_exists`, whatever the case of the name; `account_not_found`; `fresh_sign_in_needed` where a
/// user is named.
pub fn add(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Administer>,
    name: &str,
    users: &[String],
) -> Result<Company> {
    let company = register::company(db, ambient, &attempt.throughout()?, name)?;
    give_company(db, attempt, &company.id, users)?;
    Ok(company.into())
}

/// # Errors
/// `company_not_found`; as [`add`].
pub fn rename(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    wanted: &str,
    new_name: &str,
) -> Result<Company> {
    let (grant, company) = found(db, attempt, wanted)?;
    Ok(register::rename_company(db, &grant, &company.id, new_name)?.into())
}

/// All that goes with a company that is taken off the books.
#[derive(Debug, Serialize)]
pub struct CompanyRemoval {
    pub id: CompanyId,
    pub name: String,
    /// Whether it is gone now.
    pub removed: bool,
    /// IDs of its connections.
    pub connections: Vec<ConnectionId>,
    pub employees: u64,
    pub customers: u64,
    pub links: u64,
    pub runs: u64,
    /// Messages of webhooks that are kept.
    pub messages: u64,
    /// Profiles of apps.
    pub profiles: u64,
}

/// Counts what goes with a company. Nothing is changed.
///
/// # Errors
/// `company_not_found`.
pub fn to_remove(db: &mut Db, attempt: &Attempt<action::Administer>, wanted: &str) -> Result<CompanyRemoval> {
    let (_, company) = found(db, attempt, wanted)?;
    let mut removal = CompanyRemoval {
        id: company.id.clone(),
        name: company.name,
        removed: false,
        connections: Vec::new(),
        employees: 0,
        customers: 0,
        links: 0,
        runs: 0,
        messages: 0,
        profiles: 0,
    };
    let among = [company.id.clone()];
    let page = |db: &mut Db, after: Option<&str>, limit| connections::page(db, Some(&among), after, limit);
    for connection in find::pages(db, |connection: &connections::Connection| &connection.id, page)? {
        let contents = connections::contents(db, &connection.id)?;
        removal.employees += contents.employees;
        removal.customers += contents.customers;
        removal.links += contents.links;
        removal.runs += contents.runs;
        removal.messages += contents.messages;
        removal.connections.push(connection.id);
    }
    for app in find::apps(db, attempt.principal())? {
        removal.profiles += apps::holdings(db, &app.id, &company.id)?.0;
    }
    Ok(removal)
}

/// How far the removal of a company is.
#[derive(Debug, Clone, Copy)]
pub struct Closing {
    /// Since when it is being removed, if it is.
    pub at: Option<DateTime<Utc>>,
    /// Since when its rows are deleted: what is left is not the whole.
    pub deleting_at: Option<DateTime<Utc>>,
}

/// How far the removal of a company is.
///
/// # Errors
/// `company_not_found`.
pub fn closing(db: &mut Db, attempt: &Attempt<action::Administer>, wanted: &str) -> Result<Closing> {
    let (_, company) = found(db, attempt, wanted)?;
    Ok(Closing { at: company.closing_at, deleting_at: company.deleting_at })
}

/// Notes that rows of a company go from now on: its removal cannot be cancelled any more.
///
/// # Errors
/// `company_not_found`; `removal_cancelled`.
pub fn begin_deletion(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    wanted: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let (_, company) = found(db, attempt, wanted)?;
    companies::begin_deletion(db, &company.id, now).map_err(|error| match error {
        store::Error::Stale(_) => Refusal::conflict(
            "removal_cancelled",
            "The removal of the company was cancelled meanwhile: nothing of it was deleted.",
            "Leave it, or begin anew with `rollcall company remove`.",
        ),
        other => other.into(),
    })
}

/// Cancels the removal of a company of which nothing is gone yet: all goes on as before. The second value says whether it
/// was being removed.
///
/// # Errors
/// `company_not_found`; `deletion_begun`.
pub fn reopen(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    wanted: &str,
    now: DateTime<Utc>,
) -> Result<(Company, bool)> {
    let (grant, company) = found(db, attempt, wanted)?;
    let among = [company.id.clone()];
    let page = |db: &mut Db, after: Option<&str>, limit| connections::page(db, Some(&among), after, limit);
    // In the order of all others: a connection's locks before its company's.
    for connection in find::pages(db, |connection: &connections::Connection| &connection.id, page)? {
        remove::reopen(db, &connection.id, now)?;
    }
    audit::note(
        db,
        &grant,
        Act::new(AuditAction::CompanyChanged, "company", &company.id).of(&company.id).named("closing_at"),
    );
    let reopened = companies::reopen(db, &company.id).map_err(|error| match error {
        store::Error::Closing => Refusal::conflict(
            "deletion_begun",
            "A part of the company is deleted already: its removal cannot be cancelled any more.",
            "Go on with `rollcall company remove`; its export has all that there was.",
        ),
        other => other.into(),
    })?;
    Ok((companies::get(db, &company.id)?.into(), reopened))
}

/// Begins the removal of a company, or goes on with it: from here on whatever is told or changed of it is refused with
/// `company_closing`. Since when it is so.
///
/// # Errors
/// `company_not_found`.
pub fn close(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    wanted: &str,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    let (grant, company) = found(db, attempt, wanted)?;
    if companies::closing_at(db, &company.id)?.is_none() {
        let act = Act::new(AuditAction::CompanyClosing, "company", &company.id).of(&company.id);
        audit::note(db, &grant, act);
    }
    Ok(companies::close(db, &company.id, now)?)
}

/// Ends whatever is read or told of a connection of a company that is being removed.
///
/// # Errors
/// `connection_not_found`.
pub fn shut(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    connection_id: &ConnectionId,
    now: DateTime<Utc>,
) -> Result<()> {
    attempt.throughout()?;
    Ok(remove::shut(db, connection_id, now)?)
}

/// The connections of a company that were deleted and whose rows are still going.
pub fn going(
    db: &mut Db,
    attempt: &Attempt<action::Administer>,
    company_id: &CompanyId,
) -> Result<Vec<ConnectionId>> {
    attempt.throughout()?;
    Ok(purge::marked_of(db, company_id)?)
}

/// Deletes some of the change feed of a company that is gone; how many entries. To be called until none is left.
pub fn forget_feed(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    company_id: &CompanyId,
    now: DateTime<Utc>,
) -> Result<usize> {
    attempt.throughout()?;
    Ok(prune::changes(db, company_id, now)?)
}

/// Removes a company that has no connections and no profiles.
///
/// # Errors
/// `company_not_found`, `company_in_use`.
pub fn remove(db: &mut WriteDb, attempt: &Attempt<action::Administer>, wanted: &str) -> Result<Company> {
    let (grant, company) = found(db, attempt, wanted)?;
    audit::note(db, &grant, Act::new(AuditAction::CompanyRemoved, "company", &company.id).of(&company.id));
    companies::delete(db, &company.id).map_err(|error| match error {
        store::Error::Referred(_) => Refusal::conflict(
            "company_in_use",
            "The company still has connections or profiles, or the rows of a connection that was deleted are still going.",
            Wording::each(
                "Delete its connections and its profiles first; what is going takes a minute at most.",
                "`rollcall company remove` takes them along; what is going takes a minute at most.",
            ),
        ),
        other => other.into(),
    })?;
    Ok(company.into())
}

/// A company, and the grant to act in it.
fn found<A: Acts>(db: &mut Db, attempt: &Attempt<A>, wanted: &str) -> Result<(Grant<A>, companies::Company)> {
    let company = find::company(db, attempt, wanted)?;
    Ok((attempt.at(&company.id, "company")?, company))
}
