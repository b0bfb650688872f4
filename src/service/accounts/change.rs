//! Changes accounts: what they are called, what their people may do, and where.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        access::{Attempt, action},
        audit::Act,
        ids::CompanyId,
        words::{AuditAction, Role},
    },
    store::{
        WriteDb,
        accounts::{self, Update, sessions},
        audit, sign_in,
    },
};

use super::{Account, address, company_ids, is_free, name, standing::keep_an_admin};
use crate::service::{
    Refusal, Result, find,
    interface::{Operation, Wording},
};

/// The changes to an account; `None` leaves a member as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub email: Option<String>,
    pub name: Option<String>,
    pub role: Option<Role>,
    /// All companies that a user sees from now on, by ID or name.
    pub companies: Option<Vec<String>>,
    /// Taken only where it is so already.
    pub active: Option<bool>,
}

/// The changes that a person makes to the own account.
#[derive(Debug, Clone, Default)]
pub struct OwnChange {
    pub email: Option<String>,
    pub name: Option<String>,
}

/// Changes an account. With another role the person must sign in again: all sessions end.
///
/// # Errors
/// `account_not_found`, `company_not_found`; `use_disable`; `fresh_sign_in_needed` for all but the name; `last_admin`,
/// `sees_all`; `invalid_email`, `invalid_name`, `email_taken`.
pub fn change(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    wanted: &str,
    change: &Change,
    now: DateTime<Utc>,
) -> Result<Account> {
    let id = find::account(db.as_mut(), attempt, wanted)?.id;
    let admins = accounts::lock_admins(db)?;
    accounts::lock(db, &id)?;
    let before = accounts::get(db.as_mut(), &id)?;
    if change.active.is_some_and(|active| active != before.active) {
        return Err(use_disable());
    }
    if change.role.is_some() || change.companies.is_some() || change.email.is_some() {
        attempt.fresh()?;
    }
    let role = change.role.unwrap_or(before.role);
    let other_role = role != before.role;
    if other_role && role == Role::User {
        keep_an_admin(&admins, &id)?;
    }
    match &change.companies {
        Some(companies) => {
            let ids = company_ids(db.as_mut(), attempt, role, companies)?;
            accounts::set_companies(db, &id, &ids)?;
        }
        None if role == Role::AccountAdmin && other_role => accounts::set_companies(db, &id, &[])?,
        None => {}
    }
    if other_role {
        sessions::end_all(db, &id, None)?;
    }
    let act = changed(&id, change.email.is_some(), change.name.is_some());
    let act = change.companies.iter().fold(act, |act, _| act.named("companies"));
    let act = if other_role { act.turned("role", Some(before.role), Some(role)) } else { act };
    audit::note_for(db, attempt, act);
    let named = OwnChange { email: change.email.clone(), name: change.name.clone() };
    if change.email.is_some() {
        // An administrator vouches for it.
        sign_in::note_own_email(db, &id, false)?;
    }
    update(db, &id, &named, other_role.then_some(role), now)
}

/// Changes the caller's own account.
///
/// # Errors
/// `no_account`; `fresh_sign_in_needed` for the e-mail; `invalid_email`, `invalid_name`, `email_taken`.
pub fn change_own(
    db: &mut WriteDb,
    attempt: &Attempt<action::OwnAccount>,
    change: &OwnChange,
    now: DateTime<Utc>,
) -> Result<Account> {
    attempt.throughout()?;
    let id = attempt.own_account()?;
    if change.email.is_some() {
        attempt.fresh()?;
        sign_in::note_own_email(db, id, true)?;
    }
    audit::note_for(db, attempt, changed(id, change.email.is_some(), change.name.is_some()));
    update(db, id, change, None, now)
}

/// What the audit says: the names of what was changed, not what people are called.
fn changed(id: &str, email: bool, name: bool) -> Act {
    let fields = [("email", email), ("name", name)].into_iter().filter(|(_, given)| *given);
    Act::new(AuditAction::AccountChanged, "account", id).all_named(fields.map(|(field, _)| field))
}

fn update(
    db: &mut WriteDb,
    id: &str,
    change: &OwnChange,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Result<Account> {
    let email = change.email.as_deref().map(address).transpose()?;
    let name = change.name.as_deref().map(name).transpose()?;
    if let Some(email) = &email {
        is_free(db.as_mut(), email, id)?;
    }
    let changed = Update { email: email.as_deref(), name: name.as_deref(), role, active: None };
    accounts::update(db, id, changed, now)?;
    Ok(accounts::get(db.as_mut(), id)?.into())
}

fn use_disable() -> Refusal {
    Refusal::conflict(
        "use_disable",
        "Whether an account is active is not changed so: others may depend on it.",
        Wording::by(|interface| {
            let (disable, enable) = (
                interface.operation(Operation::DisableAccount),
                interface.operation(Operation::EnableAccount),
            );
            format!("Use {disable} or {enable}.")
        }),
    )
}

/// Lets users see a company; an account-admin sees it anyway.
///
/// # Errors
/// `account_not_found`, `fresh_sign_in_needed`.
pub(in crate::service) fn give_company(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    company_id: &CompanyId,
    users: &[String],
) -> Result<()> {
    if !users.is_empty() {
        attempt.fresh()?;
    }
    for wanted in users {
        let account = find::account(db.as_mut(), attempt, wanted)?;
        if account.role == Role::User {
            accounts::admit(db, &account.id, company_id)?;
            let act = Act::new(AuditAction::AccountChanged, "account", &account.id);
            audit::note_for(db, attempt, act.with("companies", company_id));
        }
    }
    Ok(())
}
