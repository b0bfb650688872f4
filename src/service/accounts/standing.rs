//! Disables accounts, and enables them again.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use crate::{
    clock::Ambient,
    domain::{
        access::{Attempt, action},
        audit::Act,
        words::{AuditAction, LinkPurpose},
    },
    store::{
        self, Db, WriteDb,
        accounts::{self, Update, one_time, sessions, tokens},
        audit, companies, connection_accounts, quicklinks,
    },
    sync::register,
};

use super::Account;
use crate::service::{
    Refusal, Result, find,
    interface::{Operation, Wording},
};

/// What stops working with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dependant {
    /// `connection` or `quicklink`.
    pub kind: &'static str,
    pub id: String,
    pub name: String,
}

/// Takes from a person the right to sign in, from the next request on: sessions and links end, personal tokens are revoked.
///
/// # Errors
/// `account_not_found`; `fresh_sign_in_needed`; `last_admin`; `dependants` where something depends on the account and
/// that is not confirmed.
pub fn disable(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    wanted: &str,
    confirmed: bool,
    now: DateTime<Utc>,
) -> Result<Account> {
    let id = find::account(db.as_mut(), attempt, wanted)?.id;
    attempt.fresh()?;
    let admins = accounts::lock_admins(db)?;
    accounts::lock(db, &id)?;
    keep_an_admin(&admins, &id)?;
    let dependants = dependants(db.as_mut(), &id, now)?;
    if !confirmed && !dependants.is_empty() {
        return Err(in_use(&dependants));
    }
    audit::note_for(db, attempt, Act::new(AuditAction::AccountDisabled, "account", &id));
    accounts::update(db, &id, Update { active: Some(false), ..Update::default() }, now)?;
    sessions::end_all(db, &id, None)?;
    tokens::revoke_all(db, &id, now)?;
    one_time::forget(db, LinkPurpose::Reset, Some(&id))?;
    quicklinks::revoke_all(db, &id, now)?;
    register::account_disabled(db, &id, now)?;
    Ok(accounts::get(db.as_mut(), &id)?.into())
}

/// Lets a person sign in again, and connections use its credentials. Sessions, tokens and Quicklinks of before stay ended.
///
/// # Errors
/// `account_not_found`; `fresh_sign_in_needed`.
pub fn enable(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Administer>,
    wanted: &str,
) -> Result<Account> {
    let id = find::account(db.as_mut(), attempt, wanted)?.id;
    attempt.fresh()?;
    audit::note_for(db, attempt, Act::new(AuditAction::AccountEnabled, "account", &id));
    accounts::lock(db, &id)?;
    let was_active = accounts::get(db.as_mut(), &id)?.active;
    accounts::update(db, &id, Update { active: Some(true), ..Update::default() }, ambient.now())?;
    if !was_active {
        register::account_credentials_changed(db, ambient, &id)?;
    }
    Ok(accounts::get(db.as_mut(), &id)?.into())
}

/// What stops working with an account.
fn dependants(db: &mut Db, id: &str, now: DateTime<Utc>) -> store::Result<Vec<Dependant>> {
    let connections = connection_accounts::users(db, id)?.into_iter();
    let connections =
        connections.map(|it| Dependant { kind: "connection", id: it.id.to_string(), name: it.name });
    let mut all: Vec<Dependant> = connections.collect();
    for quicklink in quicklinks::live_of(db, id, now)? {
        // It has no name: people know it by what it opens.
        let name = companies::get(db, &quicklink.company_id)?.name;
        all.push(Dependant { kind: "quicklink", id: quicklink.id.into(), name });
    }
    Ok(all)
}

fn in_use(dependants: &[Dependant]) -> Refusal {
    Refusal::conflict(
        "dependants",
        format!("{} others depend on the account: they stop working with it.", dependants.len()),
        Wording::each("Look at `dependants`, and send `{\"confirm\": true}`.", "Confirm that: add --yes."),
    )
    .with("dependants", json!(dependants))
}

/// Refuses to take away the last of the `admins` who can manage accounts.
pub(super) fn keep_an_admin(admins: &[String], id: &str) -> Result<()> {
    match admins {
        [last] if last == id => Err(Refusal::conflict(
            "last_admin",
            "It is the last active account-admin: without it nobody could manage accounts.",
            Wording::by(|interface| {
                let add = interface.operation(Operation::AddAccount);
                format!("Make another account-admin first: {add}.")
            }),
        )),
        _ => Ok(()),
    }
}
