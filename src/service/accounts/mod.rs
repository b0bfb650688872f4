//! Accounts: the people who sign in.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    domain::{
        access::{Attempt, action},
        email,
        ids::new_id,
        name::clean,
        words::Role,
    },
    store::{self, Db, WriteDb, accounts},
};

use super::{
    Refusal, Result, find, input,
    interface::{Operation, Wording},
    page::{PageBody, PageQuery},
    schema,
};

/// What the tokens of people begin with.
pub const PERSONAL_TOKEN: &str = "rcp_";

/// A person who may sign in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Account {
    #[schema(example = "acc_0192f0c4a1b27c3e8d5f6a7b8c9d0e1f")]
    pub id: String,
    /// The user name as well; unique, whatever its case.
    pub email: String,
    pub name: String,
    #[schema(schema_with = schema::roles)]
    pub role: Role,
    /// IDs of the companies that a user sees; an account-admin's list is empty and means all.
    pub companies: Vec<String>,
    /// Whether the person may sign in.
    pub active: bool,
    /// Whether a password is set: without one the person needs a link to choose one, or an identity provider.
    pub has_password: bool,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<accounts::Account> for Account {
    fn from(account: accounts::Account) -> Self {
        Self {
            id: account.id,
            email: account.email,
            name: account.name,
            role: account.role,
            companies: account.companies,
            active: account.active,
            has_password: account.has_password,
            second_factor: account.second_factor,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

/// An account that is to be made.
#[derive(Debug, Clone)]
pub struct AccountDraft {
    pub email: String,
    /// What stands before the `@` where it is not said.
    pub name: Option<String>,
    pub role: Role,
    /// By ID or name; none for an account-admin.
    pub companies: Vec<String>,
}

/// A page of the accounts, oldest first.
///
/// # Errors
/// What [`super::page`] refuses.
pub fn list(
    db: &mut Db,
    attempt: &Attempt<action::Administer>,
    query: &PageQuery,
) -> Result<PageBody<Account>> {
    let (limit, after) = query.read::<String>()?;
    attempt.throughout()?;
    let page = accounts::page(db, after.as_deref(), limit)?;
    let page = store::Page { rows: page.rows.into_iter().map(Account::from).collect(), more: page.more };
    PageBody::of(page, |account| account.id.clone())
}

/// The caller's own account, or another one for whoever manages accounts.
///
/// # Errors
/// `account_not_found`, `ambiguous`.
pub fn show(db: &mut Db, attempt: &Attempt<action::OwnAccount>, wanted: &str) -> Result<Account> {
    Ok(find::account(db, attempt, wanted)?.into())
}

/// The caller's own account.
///
/// # Errors
/// `no_account`.
pub fn own(db: &mut Db, attempt: &Attempt<action::OwnAccount>) -> Result<Account> {
    attempt.throughout()?;
    Ok(accounts::get(db, attempt.own_account()?)?.into())
}

/// What an account is to be made of, after all that can be looked at before its password is hashed.
///
/// # Errors
/// As [`add`].
pub fn check(
    db: &mut Db,
    ambient: &Ambient,
    attempt: &Attempt<action::Administer>,
    draft: &AccountDraft,
) -> Result<accounts::Account> {
    attempt.throughout()?;
    attempt.fresh()?;
    let email = address(&draft.email)?;
    let local = email.split_once('@').map_or(email.as_str(), |(local, _)| local);
    let name = name(draft.name.as_deref().unwrap_or(local))?;
    let companies = company_ids(db, attempt, draft.role, &draft.companies)?;
    is_free(db, &email, "")?;
    let now = ambient.now();
    Ok(accounts::Account {
        id: new_id("acc", now, ambient.entropy.bytes()),
        email,
        name,
        role: draft.role,
        active: true,
        has_password: false,
        second_factor: false,
        companies,
        created_at: now,
        updated_at: now,
    })
}

/// Makes an account. `password_hash` is in PHC form; without one the person cannot sign in by password yet.
///
/// # Errors
/// `fresh_sign_in_needed`; `invalid_email`, `invalid_name`, `company_not_found`, `sees_all`; `email_taken`.
pub fn add(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Administer>,
    draft: &AccountDraft,
    password_hash: Option<&str>,
) -> Result<Account> {
    let account = check(db.as_mut(), ambient, attempt, draft)?;
    accounts::insert(db, &account, password_hash)?;
    Ok(accounts::get(db, &account.id)?.into())
}

/// An e-mail address as it is kept.
fn address(text: &str) -> Result<String> {
    let address = text.trim();
    if email::is_address(address) {
        return Ok(address.to_owned());
    }
    Err(Refusal::unacceptable(
        "invalid_email",
        "The e-mail is not an address.",
        "Send one address, such as ana@example.com.",
    ))
}

/// A name as it is kept.
fn name(text: &str) -> Result<String> {
    let name = clean(text);
    input::short(&name, "name", 200)?;
    input::short(text, "name", 200)?;
    Ok(name)
}

/// Refuses an e-mail that another account than `own` has.
fn is_free(db: &mut Db, email: &str, own: &str) -> Result<()> {
    match accounts::proofs(db, email)? {
        Some(other) if other.account_id != own => Err(Refusal::conflict(
            "email_taken",
            "Another account has this e-mail: case does not matter.",
            Wording::by(|interface| {
                let list = interface.operation(Operation::ListAccounts);
                format!("Choose another, or use the account that is there: {list}.")
            }),
        )),
        _ => Ok(()),
    }
}

/// The companies that a user is to see.
fn company_ids(
    db: &mut Db,
    attempt: &Attempt<action::Administer>,
    role: Role,
    names: &[String],
) -> Result<Vec<String>> {
    if role == Role::AccountAdmin && !names.is_empty() {
        return Err(Refusal::conflict(
            "sees_all",
            "An account-admin sees all companies.",
            Wording::by(|interface| format!("Leave {} out.", interface.parameter("companies"))),
        ));
    }
    names.iter().map(|name| Ok(find::company(db, attempt, name)?.id)).collect()
}
