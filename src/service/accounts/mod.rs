//! Accounts: the people who sign in.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`change`] | changes accounts |
//! | [`standing`] | disables and enables them |
//! | [`passwords`] | sets their passwords |
//! | [`links`] | links that work once: to set the gateway up, to choose another password |
//! | [`sessions`] | where their people are signed in |
//! | [`tokens`] | with which programs act as them |

pub mod change;
pub mod links;
pub mod passwords;
pub mod sessions;
pub mod standing;
pub mod tokens;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    domain::{
        access::{Attempt, Principal, action},
        audit::Act,
        email,
        ids::{CompanyId, new_id},
        name::clean,
        secret::Secret,
        words::{AuditAction, LinkPurpose, Role},
    },
    store::{
        self, Db, WriteDb,
        accounts::{self, one_time},
        audit,
    },
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
            companies: account.companies.into_iter().map(Into::into).collect(),
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

/// Looks at all that can be looked at before the password of a new account is hashed, and at the password.
///
/// # Errors
/// As [`add`]; `weak_password`.
pub fn check(
    db: &mut Db,
    ambient: &Ambient,
    attempt: &Attempt<action::Administer>,
    draft: &AccountDraft,
    password: &Secret,
) -> Result<()> {
    let account = draft_of(db, ambient, attempt, draft)?;
    passwords::strong(password, &account)
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
    let account = draft_of(db.as_mut(), ambient, attempt, draft)?;
    accounts::insert(db, &account, password_hash)?;
    // Whoever has a link to set the gateway up is too late.
    one_time::forget(db, LinkPurpose::SetUp, None)?;
    let act = Act::new(AuditAction::AccountAdded, "account", &account.id).with("role", account.role);
    audit::note(db, &attempt.throughout()?, act.with("companies", account.companies.join(" ")));
    Ok(accounts::get(db.as_mut(), &account.id)?.into())
}

fn draft_of(
    db: &mut Db,
    ambient: &Ambient,
    attempt: &Attempt<action::Administer>,
    draft: &AccountDraft,
) -> Result<accounts::Account> {
    attempt.throughout()?;
    attempt.fresh()?;
    let companies = company_ids(db, attempt, draft.role, &draft.companies)?;
    let account = draw_up(ambient, draft, companies)?;
    is_free(db, &account.email, "")?;
    Ok(account)
}

/// The account that a draft describes.
fn draw_up(ambient: &Ambient, draft: &AccountDraft, companies: Vec<CompanyId>) -> Result<accounts::Account> {
    let email = address(&draft.email)?;
    let local = email.split_once('@').map_or(email.as_str(), |(local, _)| local);
    let name = name(draft.name.as_deref().unwrap_or(local))?;
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
) -> Result<Vec<CompanyId>> {
    if role == Role::AccountAdmin && !names.is_empty() {
        return Err(Refusal::conflict(
            "sees_all",
            "An account-admin sees all companies.",
            Wording::by(|interface| format!("Leave {} out.", interface.parameter("companies"))),
        ));
    }
    names.iter().map(|name| Ok(find::company(db, attempt, name)?.id)).collect()
}

/// The name of the person who calls, or the e-mail where there is none; `None` for other callers.
///
/// # Errors
/// The database's.
pub fn own_name(db: &mut Db, principal: &Principal) -> Result<Option<String>> {
    let Principal::Account { id, .. } = principal else { return Ok(None) };
    let account = accounts::get(db, id)?;
    Ok(Some(if account.name.is_empty() { account.email } else { account.name }))
}
