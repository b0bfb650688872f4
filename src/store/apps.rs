//! Apps: the downstream systems, their tokens and the companies that they may see.

use chrono::{DateTime, Utc};

use super::{
    Db, Error, Page, PageLimit, Result, WriteDb, connections,
    db::Backend,
    dsl::*,
    schema::{app_companies, apps, links, profiles, tokens},
    unique_names,
    values::{MaybeTime, Time, at, uncount},
};
use crate::domain::{
    access::Scopes,
    ids::{AppId, CompanyId, TokenId},
};

/// A downstream system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub id: AppId,
    pub name: String,
    /// Sees all companies and manages everything.
    pub admin: bool,
    /// The companies it may see, in order; an admin's list is empty and means all.
    pub companies: Vec<CompanyId>,
    /// What its tokens may be used for at most; without meaning for an admin's app.
    pub scopes: Scopes,
    pub created_at: DateTime<Utc>,
}

/// A token of an app, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = tokens)]
pub struct Token {
    pub id: TokenId,
    /// What people call it.
    pub name: Option<String>,
    /// What it may be used for, within the scopes of its app.
    pub scopes: Scopes,
    #[diesel(deserialize_as = Time)]
    pub created_at: DateTime<Utc>,
    /// When it stops working.
    #[diesel(deserialize_as = MaybeTime)]
    pub expires_at: Option<DateTime<Utc>>,
    #[diesel(deserialize_as = MaybeTime)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was used last, to the minute or less often.
    #[diesel(deserialize_as = MaybeTime)]
    pub last_used_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = apps)]
struct Row {
    id: AppId,
    name: String,
    admin: bool,
    #[diesel(deserialize_as = Time)]
    created_at: DateTime<Utc>,
    scopes: Scopes,
}

fn with_companies(db: &mut Db, row: Row) -> Result<App> {
    let companies = app_companies::table
        .filter(app_companies::app_id.eq(&row.id))
        .order(app_companies::company_id)
        .select(app_companies::company_id)
        .load(db)?;
    let Row { id, name, admin, created_at, scopes } = row;
    Ok(App { id, name, admin, companies, scopes, created_at })
}

/// # Errors
/// [`Error::Duplicate`] where the name is taken, [`Error::Referred`] where a company is not there.
pub fn insert(db: &mut WriteDb, app: &App) -> Result<()> {
    unique_names::lock(db)?;
    unique_names::free(&all_names(db)?, "", &app.name)?;
    diesel::insert_into(apps::table)
        .values((
            apps::id.eq(&app.id),
            apps::name.eq(&app.name),
            apps::admin.eq(app.admin),
            apps::created_at.eq(at(app.created_at)),
            apps::scopes.eq(app.scopes.to_string()),
        ))
        .execute(db)?;
    for company in &app.companies {
        admit(db, &app.id, company)?;
    }
    Ok(())
}

/// Lets an app see a company.
pub fn admit(db: &mut WriteDb, app_id: &AppId, company_id: &CompanyId) -> Result<()> {
    diesel::insert_into(app_companies::table)
        .values((app_companies::app_id.eq(app_id), app_companies::company_id.eq(company_id)))
        .execute(db)?;
    Ok(())
}

pub fn get(db: &mut Db, id: &AppId) -> Result<App> {
    let row =
        apps::table.find(id).select(Row::as_select()).first(db).optional()?.ok_or(Error::NotFound("app"))?;
    with_companies(db, row)
}

fn all_names(db: &mut Db) -> Result<Vec<(AppId, String)>> {
    Ok(apps::table.select((apps::id, apps::name)).load(db)?)
}

/// By ID or by name, whatever its case; among names that differ by case only, as written.
pub fn find(db: &mut Db, id_or_name: &str) -> Result<App> {
    let row = apps::table
        .filter(apps::id.eq(id_or_name).or(apps::name.eq(id_or_name)))
        .select(Row::as_select())
        .first(db)
        .optional()?;
    match row {
        Some(row) => with_companies(db, row),
        None => {
            let id = unique_names::alike(all_names(db)?, id_or_name).ok_or(Error::NotFound("app"))?;
            get(db, &id)
        }
    }
}

/// The only app that is no admin's, of those that see one of these companies (`None`: any); `None` where there are several.
/// Its companies are read only where they are wanted: each call of a person begins with this.
pub fn only(db: &mut Db, among: Option<&[CompanyId]>, companies_too: bool) -> Result<Option<App>> {
    let mut query = apps::table.filter(apps::admin.eq(false)).select(Row::as_select()).limit(2).into_boxed();
    if let Some(companies) = among {
        let seen = app_companies::table.filter(app_companies::company_id.eq_any(companies.to_vec()));
        query = query.filter(apps::id.eq_any(seen.select(app_companies::app_id)));
    }
    let mut rows = query.load::<Row>(db)?;
    match (rows.pop(), rows.pop()) {
        (Some(only), None) if companies_too => with_companies(db, only).map(Some),
        (Some(Row { id, name, admin, created_at, scopes }), None) => {
            Ok(Some(App { id, name, admin, companies: Vec::new(), scopes, created_at }))
        }
        _ => Ok(None),
    }
}

/// Takes an app's row until the transaction ends. Whoever makes a profile of it waits, and looks then whether the app
/// still sees the company.
pub fn lock(db: &mut WriteDb, id: &AppId) -> Result<()> {
    if let Backend::Postgres(connection) = db.backend() {
        let row = apps::table.find(id).select(apps::id).for_update();
        row.first::<String>(connection).optional()?;
    }
    Ok(())
}

/// # Errors
/// [`Error::Duplicate`] where the name is taken, whatever its case.
pub fn rename(db: &mut WriteDb, id: &AppId, name: &str) -> Result<()> {
    unique_names::lock(db)?;
    unique_names::free(&all_names(db)?, id, name)?;
    diesel::update(apps::table.find(id)).set(apps::name.eq(name)).execute(db)?;
    Ok(())
}

/// Says what an app's tokens may be used for at most.
pub fn set_scopes(db: &mut WriteDb, id: &AppId, scopes: &Scopes) -> Result<()> {
    diesel::update(apps::table.find(id)).set(apps::scopes.eq(scopes.to_string())).execute(db)?;
    Ok(())
}

/// Lets an app see a company no more.
pub fn dismiss(db: &mut WriteDb, app_id: &AppId, company_id: &CompanyId) -> Result<()> {
    diesel::delete(app_companies::table.find((app_id, company_id))).execute(db)?;
    Ok(())
}

/// How many profiles an app has in a company, and how many links.
pub fn holdings(db: &mut Db, app_id: &AppId, company_id: &CompanyId) -> Result<(u64, u64)> {
    let own = profiles::table.filter(profiles::app_id.eq(app_id).and(profiles::company_id.eq(company_id)));
    let linked = links::table
        .filter(links::app_id.eq(app_id).and(links::company_id.eq(company_id)))
        .filter(links::connection_id.ne_all(connections::deleted()));
    let (own, linked): (i64, i64) = (own.count().get_result(db)?, linked.count().get_result(db)?);
    Ok((uncount(own), uncount(linked)))
}

/// # Errors
/// [`Error::NotFound`] where the app does not see the company.
pub(super) fn check_sees(db: &mut Db, app_id: &AppId, company_id: &CompanyId) -> Result<()> {
    let app = get(db, app_id)?;
    let sees = app.admin || app.companies.iter().any(|company| company == company_id);
    if sees { Ok(()) } else { Err(Error::NotFound("company")) }
}

pub fn page(db: &mut Db, after: Option<&str>, limit: PageLimit) -> Result<Page<App>> {
    let mut query = apps::table.select(Row::as_select()).order(apps::id).limit(limit.and_one()).into_boxed();
    if let Some(after) = after {
        query = query.filter(apps::id.gt(after.to_owned()));
    }
    let rows: Vec<Row> = query.load(db)?;
    let apps: Result<Vec<App>> = rows.into_iter().map(|row| with_companies(db, row)).collect();
    Ok(Page::cut(apps?, limit))
}

/// # Errors
/// [`Error::NotFound`]; [`Error::Referred`] while it has profiles.
pub fn delete(db: &mut WriteDb, id: &AppId) -> Result<()> {
    match diesel::delete(apps::table.find(id)).execute(db)? {
        0 => Err(Error::NotFound("app")),
        _ => Ok(()),
    }
}

/// Adds a token of an app; only the hash of its secret is kept.
pub fn add_token(db: &mut WriteDb, app_id: &AppId, token: &Token, hash: &[u8]) -> Result<()> {
    diesel::insert_into(tokens::table)
        .values((
            (tokens::id.eq(&token.id), tokens::app_id.eq(app_id), tokens::token_hash.eq(hash)),
            (tokens::created_at.eq(at(token.created_at)), tokens::expires_at.eq(token.expires_at.map(at))),
            (tokens::name.eq(&token.name), tokens::scopes.eq(token.scopes.to_string())),
        ))
        .execute(db)?;
    Ok(())
}

pub fn tokens(db: &mut Db, app_id: &AppId) -> Result<Vec<Token>> {
    Ok(tokens::table
        .filter(tokens::app_id.eq(app_id))
        .order(tokens::id)
        .select(Token::as_select())
        .load(db)?)
}

/// The names of these apps, by ID. Those that are gone are left out.
pub fn names(db: &mut Db, ids: &[&str]) -> Result<Vec<(String, String)>> {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    Ok(apps::table.filter(apps::id.eq_any(ids)).select((apps::id, apps::name)).load(db)?)
}

/// Notes that a token was used, unless that was noted since `unless_after`.
pub fn token_used(
    db: &mut WriteDb,
    token_id: &TokenId,
    now: DateTime<Utc>,
    unless_after: DateTime<Utc>,
) -> Result<()> {
    let old = tokens::last_used_at.is_null().or(tokens::last_used_at.le(at(unless_after)));
    diesel::update(tokens::table.filter(tokens::id.eq(token_id)).filter(old))
        .set(tokens::last_used_at.eq(at(now)))
        .execute(db)?;
    Ok(())
}

/// Revokes a token. One that is revoked already keeps its time.
pub fn revoke_token(db: &mut WriteDb, app_id: &AppId, token_id: &TokenId, now: DateTime<Utc>) -> Result<()> {
    let token = tokens::table.find(token_id).filter(tokens::app_id.eq(app_id));
    if token.select(tokens::id).first::<String>(db).optional()?.is_none() {
        return Err(Error::NotFound("token"));
    }
    diesel::update(tokens::table.find(token_id).filter(tokens::revoked_at.is_null()))
        .set(tokens::revoked_at.eq(at(now)))
        .execute(db)?;
    Ok(())
}

/// The token with this hash and its app, unless it was revoked or has expired.
pub fn by_token(db: &mut Db, hash: &[u8], now: DateTime<Utc>) -> Result<Option<(Token, App)>> {
    // One query, with a row for each company: each call of the API begins with it.
    let rows = tokens::table
        .inner_join(apps::table.left_join(app_companies::table))
        .filter(tokens::token_hash.eq(hash).and(tokens::revoked_at.is_null()))
        .filter(tokens::expires_at.is_null().or(tokens::expires_at.gt(at(now))))
        .select((Token::as_select(), Row::as_select(), app_companies::company_id.nullable()))
        .order(app_companies::company_id)
        .load::<(Token, Row, Option<CompanyId>)>(db)?;
    let mut rows = rows.into_iter();
    let Some((token, app, first)) = rows.next() else { return Ok(None) };
    let Row { id, name, admin, created_at, scopes } = app;
    let companies = first.into_iter().chain(rows.filter_map(|(_, _, company)| company)).collect();
    Ok(Some((token, App { id, name, admin, companies, scopes, created_at })))
}
