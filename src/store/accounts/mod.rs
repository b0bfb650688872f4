//! Accounts: the people who sign in.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`sessions`] | the browsers in which they are signed in |
//! | [`tokens`] | the tokens with which their programs act as them |
//! | [`one_time`] | links that work once |

pub mod one_time;
pub mod sessions;
pub mod tokens;

use std::fmt;

use chrono::{DateTime, Utc};

use crate::domain::{email, ids::CompanyId, words::Role};

use super::{
    Db, Error, Page, PageLimit, Result, WriteDb,
    db::Backend,
    dsl::*,
    schema::{account_companies, accounts},
    values::{Time, at},
};

/// A person who may sign in. How it proves who it is stands in [`Proofs`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: String,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub active: bool,
    /// Whether a password is set.
    pub has_password: bool,
    /// Whether a second factor is set.
    pub second_factor: bool,
    /// The companies that a user sees, in order; an account-admin's list is empty and means all.
    pub companies: Vec<CompanyId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An account without its companies.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = accounts)]
struct Row {
    id: String,
    email: String,
    name: String,
    role: Role,
    active: bool,
    #[diesel(select_expression = accounts::password_hash.is_not_null())]
    has_password: bool,
    #[diesel(select_expression = accounts::totp_sealed.is_not_null())]
    second_factor: bool,
    #[diesel(deserialize_as = Time)]
    created_at: DateTime<Utc>,
    #[diesel(deserialize_as = Time)]
    updated_at: DateTime<Utc>,
}

/// Each row with a company of the account, or none: the row, and the account with all its companies. One query serves, where
/// each call of the API begins with it.
fn gathered<T>(rows: Vec<(T, Row, Option<CompanyId>)>) -> Option<(T, Account)> {
    let mut rows = rows.into_iter();
    let (one, account, first) = rows.next()?;
    let mut companies: Vec<_> = first.into_iter().chain(rows.filter_map(|(_, _, company)| company)).collect();
    if account.role == Role::AccountAdmin {
        companies.clear();
    }
    Some((one, account.with(companies)))
}

impl Row {
    fn with_companies(self, db: &mut Db) -> Result<Account> {
        let companies = match self.role {
            Role::AccountAdmin => Vec::new(),
            Role::User => account_companies::table
                .filter(account_companies::account_id.eq(&self.id))
                .order(account_companies::company_id)
                .select(account_companies::company_id)
                .load(db)?,
        };
        Ok(self.with(companies))
    }

    fn with(self, companies: Vec<CompanyId>) -> Account {
        let Self { id, email, name, role, active, has_password, second_factor, created_at, updated_at } =
            self;
        Account {
            id,
            email,
            name,
            role,
            active,
            has_password,
            second_factor,
            companies,
            created_at,
            updated_at,
        }
    }
}

/// By what an account proves who it is.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub struct Proofs {
    #[diesel(column_name = id)]
    pub account_id: String,
    pub active: bool,
    /// In PHC form; `None` where no password is set.
    pub password_hash: Option<String>,
    /// The sealed secret of the second factor, if there is one.
    pub totp_sealed: Option<Vec<u8>>,
    /// The last step of the second factor that was used.
    pub totp_last_step: Option<i64>,
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proofs").field("account_id", &self.account_id).finish_non_exhaustive()
    }
}

/// # Errors
/// [`Error::Duplicate`] where the e-mail is taken, whatever its case; [`Error::Referred`] where a company is not there.
pub fn insert(db: &mut WriteDb, account: &Account, password_hash: Option<&str>) -> Result<()> {
    let changed_at = password_hash.map(|_| at(account.created_at));
    diesel::insert_into(accounts::table)
        .values((
            (accounts::id.eq(&account.id), accounts::name.eq(&account.name)),
            (accounts::email.eq(&account.email), accounts::email_key.eq(email::key(&account.email))),
            (accounts::role.eq(account.role.as_str()), accounts::active.eq(account.active)),
            (accounts::password_hash.eq(password_hash), accounts::password_changed_at.eq(changed_at)),
            accounts::created_at.eq(at(account.created_at)),
            accounts::updated_at.eq(at(account.updated_at)),
        ))
        .execute(db)?;
    for company in &account.companies {
        admit(db, &account.id, company)?;
    }
    Ok(())
}

/// Lets an account see a company; nothing happens where it does.
pub fn admit(db: &mut WriteDb, account_id: &str, company_id: &CompanyId) -> Result<()> {
    let seen = account_companies::table.find((account_id, company_id)).count();
    if seen.get_result::<i64>(db)? == 0 {
        diesel::insert_into(account_companies::table)
            .values((
                account_companies::account_id.eq(account_id),
                account_companies::company_id.eq(company_id),
            ))
            .execute(db)?;
    }
    Ok(())
}

/// Makes these the companies that an account sees.
pub fn set_companies(db: &mut WriteDb, account_id: &str, companies: &[CompanyId]) -> Result<()> {
    let all = account_companies::table.filter(account_companies::account_id.eq(account_id));
    diesel::delete(all).execute(db)?;
    companies.iter().try_for_each(|company| admit(db, account_id, company))
}

pub fn get(db: &mut Db, id: &str) -> Result<Account> {
    let row = accounts::table.find(id).select(Row::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("account"))?.with_companies(db)
}

/// By ID or by e-mail, whatever its case.
pub fn find(db: &mut Db, id_or_email: &str) -> Result<Account> {
    let meant = accounts::id.eq(id_or_email).or(accounts::email_key.eq(email::key(id_or_email)));
    let row = accounts::table.filter(meant).select(Row::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("account"))?.with_companies(db)
}

/// A page of them in the order of their IDs.
pub fn page(db: &mut Db, after: Option<&str>, limit: PageLimit) -> Result<Page<Account>> {
    let mut query =
        accounts::table.select(Row::as_select()).order(accounts::id).limit(limit.and_one()).into_boxed();
    if let Some(after) = after {
        query = query.filter(accounts::id.gt(after.to_owned()));
    }
    let rows = Page::cut(query.load::<Row>(db)?, limit);
    let ids: Vec<String> = rows.rows.iter().map(|row| row.id.clone()).collect();
    let seen: Vec<(String, CompanyId)> = account_companies::table
        .filter(account_companies::account_id.eq_any(ids))
        .order(account_companies::company_id)
        .select((account_companies::account_id, account_companies::company_id))
        .load(db)?;
    let with_companies = |row: Row| {
        let own = seen.iter().filter(|(account, _)| row.role == Role::User && *account == row.id);
        let companies = own.map(|(_, company)| company.clone()).collect();
        row.with(companies)
    };
    Ok(Page { rows: rows.rows.into_iter().map(with_companies).collect(), more: rows.more })
}

/// IDs and e-mails of all accounts.
pub fn all_emails(db: &mut Db) -> Result<Vec<(String, String)>> {
    Ok(accounts::table.select((accounts::id, accounts::email)).order(accounts::id).load(db)?)
}

/// The names of these accounts, by ID.
pub fn names(db: &mut Db, ids: &[&str]) -> Result<Vec<(String, String)>> {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    Ok(accounts::table.filter(accounts::id.eq_any(ids)).select((accounts::id, accounts::name)).load(db)?)
}

/// Whether there is any account.
pub fn any(db: &mut Db) -> Result<bool> {
    Ok(accounts::table.select(accounts::id).first::<String>(db).optional()?.is_some())
}

/// By what the account with this e-mail proves who it is.
pub fn proofs(db: &mut Db, email: &str) -> Result<Option<Proofs>> {
    let meant = accounts::table.filter(accounts::email_key.eq(email::key(email)));
    Ok(meant.select(Proofs::as_select()).first(db).optional()?)
}

/// The same by the account's ID.
pub fn proofs_of(db: &mut Db, account_id: &str) -> Result<Proofs> {
    let row = accounts::table.find(account_id).select(Proofs::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("account"))
}

/// Takes an account's row until the transaction ends: what is decided by it stays true until then.
pub fn lock(db: &mut WriteDb, id: &str) -> Result<()> {
    if let Backend::Postgres(connection) = db.backend() {
        let row = accounts::table.find(id).select(accounts::id).for_update();
        row.first::<String>(connection).optional()?;
    }
    Ok(())
}

/// The IDs of those who are active and see all, which stay so until the transaction ends.
pub fn lock_admins(db: &mut WriteDb) -> Result<Vec<String>> {
    let admins = accounts::table
        .filter(accounts::role.eq(Role::AccountAdmin.as_str()).and(accounts::active.eq(true)))
        .order(accounts::id)
        .select(accounts::id);
    match db.backend() {
        Backend::Sqlite(connection) => Ok(admins.load(connection)?),
        Backend::Postgres(connection) => Ok(admins.for_update().load(connection)?),
    }
}

/// Changes to an account; `None` leaves a column as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Update<'u> {
    pub email: Option<&'u str>,
    pub name: Option<&'u str>,
    pub role: Option<Role>,
    pub active: Option<bool>,
}

/// # Errors
/// [`Error::NotFound`]; [`Error::Duplicate`] where the e-mail is taken.
pub fn update(db: &mut WriteDb, id: &str, update: Update<'_>, now: DateTime<Utc>) -> Result<()> {
    let Update { email, name, role, active } = update;
    let changed = diesel::update(accounts::table.find(id))
        .set((
            email.map(|email| accounts::email.eq(email)),
            email.map(|email| accounts::email_key.eq(email::key(email))),
            name.map(|name| accounts::name.eq(name)),
            role.map(|role| accounts::role.eq(role.as_str())),
            active.map(|active| accounts::active.eq(active)),
            accounts::updated_at.eq(at(now)),
        ))
        .execute(db)?;
    if changed == 0 { Err(Error::NotFound("account")) } else { Ok(()) }
}

/// Sets the password, as its hash in PHC form.
///
/// # Errors
/// [`Error::NotFound`].
pub fn set_password(db: &mut WriteDb, id: &str, hash: &str, now: DateTime<Utc>) -> Result<()> {
    let changed = diesel::update(accounts::table.find(id))
        .set((accounts::password_hash.eq(hash), accounts::password_changed_at.eq(at(now))))
        .execute(db)?;
    if changed == 0 { Err(Error::NotFound("account")) } else { Ok(()) }
}

/// Forgets the password of an account: nobody signs in with one until another is chosen.
pub fn forget_password(db: &mut WriteDb, id: &str) -> Result<()> {
    let none = accounts::password_hash.eq(None::<String>);
    diesel::update(accounts::table.find(id)).set(none).execute(db)?;
    Ok(())
}

/// Keeps the same password in another form, unless it was changed meanwhile.
pub fn rehash_password(db: &mut WriteDb, id: &str, before: &str, after: &str) -> Result<()> {
    let same = accounts::table.find(id).filter(accounts::password_hash.eq(before));
    diesel::update(same).set(accounts::password_hash.eq(after)).execute(db)?;
    Ok(())
}
