//! What a source is opened with: the connection's own secrets, or in their place what an account lends it.

use std::collections::BTreeMap;

use crate::{
    connectors::{self, source::Failure},
    domain::{problem::Problem, secret::Secret, words::Cause},
    store::{Db, connection_accounts, connections::Connection},
    sync::vault::Vault,
};

use super::OpenError;

/// The secrets of a connection by name; those of `account_id`, if one is named, whatever the connection uses itself.
///
/// # Errors
/// An account that is disabled, or has nothing to lend.
pub(super) fn secrets(
    db: &mut Db,
    vault: &Vault,
    connection: &Connection,
    account_id: Option<String>,
) -> Result<BTreeMap<String, Secret>, OpenError> {
    let own = vault.secrets(db, &connection.id)?;
    let account_id = match account_id {
        Some(named) => named,
        None => match connection_accounts::lender(db, &connection.id)? {
            None => return Ok(own),
            Some(lender) if lender.active => lender.id,
            Some(lender) => return Err(refused(disabled(&lender.id, &connection.id)).into()),
        },
    };
    let prefix = format!("{}.", connection.kind);
    let lent = vault.secrets_of_account(db, &account_id, &prefix)?;
    if lent.is_empty() {
        return Err(refused(nothing(&account_id, &connection.id)).into());
    }
    let given = connectors::spec(connection.kind).map_or(&[][..], |spec| spec.secrets);
    let replaced = |name: &str| given.iter().any(|spec| spec.name == name && spec.generated.is_none());
    let mut all: BTreeMap<_, _> = own.into_iter().filter(|(name, _)| !replaced(name)).collect();
    all.extend(lent.into_iter().map(|(name, secret)| (name.trim_start_matches(&prefix).to_owned(), secret)));
    Ok(all)
}

fn refused(problem: Problem) -> Failure {
    Failure::Source { cause: Cause::Credentials, problem, retry_after: None }
}

/// What stands in the way where the account is disabled. It is not named by its e-mail: whoever sees the connection may
/// know of no accounts.
pub(in crate::sync) fn disabled(account_id: &str, connection_id: &str) -> Problem {
    Problem::new(
        "account_disabled",
        format!("The connection uses the credentials of an account that is disabled ({account_id})."),
        format!(
            "Enable the account (`rollcall account enable {account_id}`), or give the connection others: \
             `rollcall connection set {connection_id} --set credentials=account:ACCOUNT`, or `--set credentials=` with its own secrets."
        ),
    )
}

fn nothing(account_id: &str, connection_id: &str) -> Problem {
    Problem::new(
        "account_without_credentials",
        format!("The connection uses the credentials of an account that has none for it ({account_id})."),
        format!(
            "Have them entered for that account, or give the connection others: `rollcall connection set {connection_id} \
             --set credentials=account:ACCOUNT`, or `--set credentials=` with its own secrets."
        ),
    )
}
