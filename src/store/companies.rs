//! Companies: the tenants.

use chrono::{DateTime, Utc};

use crate::domain::ids::{CompanyId, ConnectionId};

use super::{
    Db, Error, Page, PageLimit, Result, WriteDb,
    db::Backend,
    dsl::*,
    schema::{companies, connections},
    unique_names,
    values::{MaybeTime, Time, at, utc},
};

/// One business whose lists are staged.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = companies)]
pub struct Company {
    pub id: CompanyId,
    pub name: String,
    #[diesel(deserialize_as = Time)]
    pub created_at: DateTime<Utc>,
    /// Since when it is being removed, if it is: nothing of it is written any more.
    #[diesel(deserialize_as = MaybeTime)]
    pub closing_at: Option<DateTime<Utc>>,
    /// Since when rows of it are deleted: its removal cannot be cancelled any more.
    #[diesel(deserialize_as = MaybeTime)]
    pub deleting_at: Option<DateTime<Utc>>,
}

/// # Errors
/// [`Error::Duplicate`] where the name is taken, whatever its case.
pub fn insert(db: &mut WriteDb, company: &Company) -> Result<()> {
    unique_names::lock(db)?;
    unique_names::free(&all_names(db)?, "", &company.name)?;
    diesel::insert_into(companies::table)
        .values((
            companies::id.eq(&company.id),
            companies::name.eq(&company.name),
            companies::created_at.eq(at(company.created_at)),
        ))
        .execute(db)?;
    Ok(())
}

pub fn get(db: &mut Db, id: &CompanyId) -> Result<Company> {
    let row = companies::table.find(id).select(Company::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("company"))
}

fn all_names(db: &mut Db) -> Result<Vec<(CompanyId, String)>> {
    Ok(companies::table.select((companies::id, companies::name)).load(db)?)
}

/// By ID or by name, whatever its case; among names that differ by case only, as written.
pub fn find(db: &mut Db, id_or_name: &str) -> Result<Company> {
    let row = companies::table
        .filter(companies::id.eq(id_or_name).or(companies::name.eq(id_or_name)))
        .select(Company::as_select())
        .first(db)
        .optional()?;
    match row {
        Some(company) => Ok(company),
        None => {
            let id = unique_names::alike(all_names(db)?, id_or_name).ok_or(Error::NotFound("company"))?;
            get(db, &id)
        }
    }
}

/// A page of them in the order of their IDs; only those of `among` where it is given.
pub fn page(
    db: &mut Db,
    among: Option<&[CompanyId]>,
    after: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Company>> {
    let mut query = companies::table
        .select(Company::as_select())
        .order(companies::id)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(ids) = among {
        query = query.filter(companies::id.eq_any(ids.to_vec()));
    }
    if let Some(after) = after {
        query = query.filter(companies::id.gt(after.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// The IDs of all companies, in order.
pub fn ids(db: &mut Db) -> Result<Vec<CompanyId>> {
    Ok(companies::table.select(companies::id).order(companies::id).load(db)?)
}

/// # Errors
/// [`Error::NotFound`], [`Error::Duplicate`].
pub fn rename(db: &mut WriteDb, id: &CompanyId, name: &str) -> Result<()> {
    unique_names::lock(db)?;
    unique_names::free(&all_names(db)?, id, name)?;
    match diesel::update(companies::table.find(id)).set(companies::name.eq(name)).execute(db)? {
        0 => Err(Error::NotFound("company")),
        _ => Ok(()),
    }
}

/// Begins the removal of a company, or goes on with it; since when it is being removed. Whoever writes something of it at
/// this moment is waited for, and who comes later is refused.
///
/// # Errors
/// [`Error::NotFound`].
pub fn close(db: &mut WriteDb, id: &CompanyId, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    lock(db, id)?;
    let open = companies::table.find(id).filter(companies::closing_at.is_null());
    diesel::update(open).set(companies::closing_at.eq(at(now))).execute(db)?;
    closing_at(db, id)?.ok_or(Error::NotFound("company"))
}

/// Waits for those who write something of a company, and keeps others from it until the transaction ends.
fn lock(db: &mut WriteDb, id: &CompanyId) -> Result<()> {
    if let Backend::Postgres(connection) = db.backend() {
        // An update alone would not wait for those who hold the key.
        companies::table
            .find(id)
            .select(companies::id)
            .for_update()
            .first::<CompanyId>(connection)
            .optional()?;
    }
    Ok(())
}

/// Notes that rows of a company that is being removed are deleted from now on.
///
/// # Errors
/// [`Error::Stale`] where its removal was cancelled meanwhile; [`Error::NotFound`].
pub fn begin_deletion(db: &mut WriteDb, id: &CompanyId, now: DateTime<Utc>) -> Result<()> {
    lock(db, id)?;
    let company = get(db, id)?;
    if company.closing_at.is_none() {
        return Err(Error::Stale("company"));
    }
    let first = companies::table.find(id).filter(companies::deleting_at.is_null());
    diesel::update(first).set(companies::deleting_at.eq(at(now))).execute(db)?;
    Ok(())
}

/// Takes the removal of a company back. Whether there was one.
///
/// # Errors
/// [`Error::Closing`] where rows of it are gone already; [`Error::NotFound`].
pub fn reopen(db: &mut WriteDb, id: &CompanyId) -> Result<bool> {
    lock(db, id)?;
    let company = get(db, id)?;
    if company.deleting_at.is_some() {
        return Err(Error::Closing);
    }
    let closing = companies::table.find(id).filter(companies::closing_at.is_not_null());
    let rows =
        diesel::update(closing).set(companies::closing_at.eq(None::<chrono::NaiveDateTime>)).execute(db)?;
    Ok(rows > 0)
}

/// Since when a company is being removed, if it is.
///
/// # Errors
/// [`Error::NotFound`].
pub fn closing_at(db: &mut Db, id: &CompanyId) -> Result<Option<DateTime<Utc>>> {
    let row = companies::table.find(id).select(companies::closing_at);
    let row: Option<Option<chrono::NaiveDateTime>> = row.first(db).optional()?;
    Ok(row.ok_or(Error::NotFound("company"))?.map(utc))
}

/// Whoever writes something of a company asks here first; nobody begins to remove it until the transaction ends.
///
/// # Errors
/// [`Error::Closing`]; [`Error::NotFound`].
pub fn open(db: &mut WriteDb, id: &CompanyId) -> Result<()> {
    if let Backend::Postgres(connection) = db.backend() {
        companies::table
            .find(id)
            .select(companies::id)
            .for_key_share()
            .first::<CompanyId>(connection)
            .optional()?;
    }
    match closing_at(db, id)? {
        Some(_) => Err(Error::Closing),
        None => Ok(()),
    }
}

/// The connections of companies that are being removed.
pub(super) fn closing_connections(db: &mut Db) -> Result<Vec<ConnectionId>> {
    let closing = companies::table.filter(companies::closing_at.is_not_null()).select(companies::id);
    Ok(connections::table.filter(connections::company_id.eq_any(closing)).select(connections::id).load(db)?)
}

/// # Errors
/// [`Error::NotFound`]; [`Error::Referred`] while it has connections or profiles.
pub fn delete(db: &mut WriteDb, id: &CompanyId) -> Result<()> {
    match diesel::delete(companies::table.find(id)).execute(db)? {
        0 => Err(Error::NotFound("company")),
        _ => Ok(()),
    }
}
