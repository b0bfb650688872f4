//! What an account keeps for sources, so that connections can use it in place of keys of their own. Never read back.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    connectors,
    domain::{
        access::{Attempt, Principal, action},
        audit::Act,
        secret::Secret,
        words::{AuditAction, Kind},
    },
    store::{Db, WriteDb, accounts::Account, audit, connection_accounts, connections},
    sync::{credentials, register, vault::Vault},
};

use super::{
    Class, Refusal, Result, find,
    interface::{Operation, Wording},
};

/// What an account keeps for a kind of source.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MemberCredentials {
    pub account_id: String,
    #[schema(schema_with = super::schema::kinds)]
    pub kind: Kind,
    /// IDs of the connections that use them.
    pub connections: Vec<String>,
}

/// Keeps credentials of an account, in place of those before. The connections that use them are polled with them at once.
///
/// # Errors
/// `account_not_found`; `no_member_credentials` of a kind that takes none; `invalid_secrets`; `fresh_sign_in_needed`.
pub fn put(
    db: &mut WriteDb,
    ambient: &Ambient,
    vault: &Vault,
    attempt: &Attempt<action::OwnAccount>,
    account: &str,
    kind: Kind,
    given: &BTreeMap<String, Secret>,
) -> Result<MemberCredentials> {
    let account = found(db, attempt, account, kind)?;
    attempt.fresh()?;
    credentials::lend(db, ambient, vault, &account.id, kind, given).map_err(register::Error::from)?;
    let act = Act::new(AuditAction::CredentialsKept, "account", &account.id).with("kind", kind);
    audit::note(db, &attempt.throughout()?, act.all_named(given.keys().cloned()));
    if account.active {
        register::account_credentials_changed(db, ambient, &account.id)?;
    }
    Ok(MemberCredentials { connections: users(db, &account.id, kind)?, account_id: account.id, kind })
}

/// Forgets credentials of an account.
///
/// # Errors
/// `account_not_found`, `no_credentials`; `credentials_in_use` while connections use them; `fresh_sign_in_needed`.
pub fn remove(
    db: &mut WriteDb,
    vault: &Vault,
    attempt: &Attempt<action::OwnAccount>,
    account: &str,
    kind: Kind,
) -> Result<MemberCredentials> {
    let account = found(db, attempt, account, kind)?;
    attempt.fresh()?;
    let connections = users(db, &account.id, kind)?;
    if let Some(first) = connections.first() {
        let remedy = Wording::by(|interface| {
            let change = interface.operation(Operation::ChangeConnection);
            format!("Give the connection other credentials first: {change}.")
        });
        let detail = format!("{} connections use these credentials, {first} among them.", connections.len());
        let refused = Refusal::conflict("credentials_in_use", detail, remedy);
        return Err(refused.with("connections", connections));
    }
    let removed = credentials::take_back(db, vault, &account.id, kind).map_err(register::Error::from)?;
    if !removed {
        return Err(nothing(kind));
    }
    let act = Act::new(AuditAction::CredentialsRemoved, "account", &account.id).with("kind", kind);
    audit::note(db, &attempt.throughout()?, act);
    Ok(MemberCredentials { account_id: account.id, kind, connections })
}

/// The account whose credentials are to be tested, and the connection at whose source: the one that is named, else one
/// that uses them, else the only one of its kind that the account sees.
///
/// # Errors
/// `account_not_found`, `no_credentials`, `connection_not_found`; `connection_needed`.
pub fn to_test(
    db: &mut Db,
    attempt: &Attempt<action::OwnAccount>,
    account: &str,
    kind: Kind,
    named: Option<&str>,
) -> Result<(Account, connections::Connection)> {
    let account = found(db, attempt, account, kind)?;
    if !credentials::has(db, &account.id, kind)? {
        return Err(nothing(kind));
    }
    if let Some(named) = named {
        let connection = find::connection(db, attempt, named)?;
        attempt.at(&connection.company_id, "connection")?;
        return if connection.kind == kind { Ok((account, connection)) } else { Err(needed(kind)) };
    }
    let user = connection_accounts::users(db, &account.id)?.into_iter().find(|it| it.kind == kind);
    if let Some(connection) = user {
        return Ok((account, connection));
    }
    let seen = attempt.throughout()?;
    let page =
        |db: &mut Db, after: Option<&str>, limit| connections::page(db, seen.companies().ids(), after, limit);
    let all = find::pages(db, |connection: &connections::Connection| &connection.id, page)?;
    let mut of_kind = all.into_iter().filter(|connection| connection.kind == kind);
    match (of_kind.next(), of_kind.next()) {
        (Some(only), None) => Ok((account, only)),
        _ => Err(needed(kind)),
    }
}

/// The setting of a connection that names whose credentials it uses, with the account's ID in place of its e-mail.
///
/// # Errors
/// `account_credentials_not_allowed` for apps; `account_not_found`, `account_disabled`, `no_credentials`.
pub(super) fn resolve<A: crate::domain::access::Acts>(
    db: &mut Db,
    attempt: &Attempt<A>,
    kind: Kind,
    settings: &mut BTreeMap<String, String>,
) -> Result<()> {
    use connectors::settings::{CREDENTIALS, OF_ACCOUNT};
    if connectors::spec(kind).is_none_or(|spec| spec.account_secrets.is_empty()) {
        return Ok(());
    }
    let Some(value) = settings.get_mut(CREDENTIALS) else { return Ok(()) };
    // Whatever else stands there the connector refuses, with its own words.
    let Some(wanted) = value.trim().strip_prefix(OF_ACCOUNT).map(str::to_owned) else { return Ok(()) };
    refuse_apps(attempt)?;
    let account = find::account(db, attempt, &wanted)?;
    if !account.active {
        return Err(Refusal::conflict(
            "account_disabled",
            "The account is disabled: nothing can be done with its credentials.",
            super::quicklinks::enable_first(),
        ));
    }
    if !credentials::has(db, &account.id, kind)? {
        return Err(nothing(kind));
    }
    *value = format!("{OF_ACCOUNT}{}", account.id);
    Ok(())
}

/// Refuses an app that would do something with a person's credentials: it could have them sent to a server of its own.
pub(super) fn refuse_apps<A>(attempt: &Attempt<A>) -> Result<()> {
    if !matches!(attempt.principal(), Principal::App { .. }) {
        return Ok(());
    }
    Err(Refusal::new(
        Class::Forbidden,
        "account_credentials_not_allowed",
        "An app may not decide what is done with a person's credentials.",
        "Ask an account-admin, or use an admin's token or the command line.",
    ))
}

fn found(db: &mut Db, attempt: &Attempt<action::OwnAccount>, account: &str, kind: Kind) -> Result<Account> {
    let account = find::account(db, attempt, account)?;
    if connectors::spec(kind).is_none_or(|spec| spec.account_secrets.is_empty()) {
        return Err(Refusal::unacceptable(
            "no_member_credentials",
            format!("Accounts keep no credentials for {kind}."),
            "Give the connection secrets of its own.",
        ));
    }
    Ok(account)
}

fn users(db: &mut Db, account_id: &str, kind: Kind) -> Result<Vec<String>> {
    let users = connection_accounts::users(db, account_id)?;
    Ok(users.into_iter().filter(|it| it.kind == kind).map(|it| it.id.into()).collect())
}

fn nothing(kind: Kind) -> Refusal {
    Refusal::conflict(
        "no_credentials",
        format!("The account keeps no credentials for {kind}."),
        "Have them entered for the account first.",
    )
}

fn needed(kind: Kind) -> Refusal {
    Refusal::unacceptable(
        "connection_needed",
        format!("It is not clear at which {kind} the credentials are to be tested."),
        Wording::by(|interface| {
            format!("Name a connection of that kind by {}.", interface.parameter("connection"))
        }),
    )
}
