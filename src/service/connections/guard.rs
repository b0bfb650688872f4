//! Keeps apps from changing where a connection leads: the secrets of administrators and the gateway's own network must
//! not be within their reach.

use std::collections::BTreeMap;

use crate::{
    connectors,
    domain::access::{Attempt, Principal},
    service::{Class, Refusal, Result, member_credentials},
    store::connections::Connection,
    sync::register::ConnectionChange,
};

/// The setting that lets a connection reach loopback and private hosts.
const PRIVATE: &str = "allow_private_address";

/// Refuses an app that would let a connection into private networks. `before` is the connection's settings as JSON.
///
/// # Errors
/// `private_address_not_allowed`.
pub(super) fn private_address<A>(
    attempt: &Attempt<A>,
    settings: &BTreeMap<String, String>,
    before: Option<&str>,
) -> Result<()> {
    let wanted = settings.get(PRIVATE).is_some_and(|value| value.trim() == "true");
    if !wanted || !is_app(attempt) || before.is_some_and(|before| setting(before, PRIVATE) == "true") {
        return Ok(());
    }
    Err(Refusal::new(
        Class::Forbidden,
        "private_address_not_allowed",
        "Only an administrator may let a connection reach private addresses.",
        "Ask an administrator to set `allow_private_address`, by an admin's token or on the command line.",
    ))
}

/// Refuses an app that would send stored secrets to another address than the one for which they were given.
///
/// # Errors
/// `secrets_needed`.
pub(super) fn stored_secrets<A>(
    attempt: &Attempt<A>,
    before: &Connection,
    change: &ConnectionChange,
) -> Result<()> {
    let moves = change
        .settings
        .iter()
        .any(|(name, value)| name.ends_with("_url") && setting(&before.settings, name) != value.trim());
    if !moves || !is_app(attempt) {
        return Ok(());
    }
    if connectors::lender(before.kind, &before.settings).is_some() {
        return member_credentials::refuse_apps(attempt);
    }
    let secrets = connectors::spec(before.kind).map_or(&[][..], |spec| spec.secrets);
    let missing: Vec<&str> = secrets
        .iter()
        .filter(|secret| secret.generated.is_none() && !change.secrets.contains_key(secret.name))
        .map(|secret| secret.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Refusal::unacceptable(
        "secrets_needed",
        "Secrets that are stored are not sent to another address than the one that they were given for.",
        format!("Send these secrets with the new address: {}.", missing.join(", ")),
    ))
}

fn is_app<A>(attempt: &Attempt<A>) -> bool {
    matches!(attempt.principal(), Principal::App { .. })
}

/// The value of a setting as a text; empty if there is none.
fn setting(settings: &str, name: &str) -> String {
    let settings: serde_json::Value = serde_json::from_str(settings).unwrap_or_default();
    match settings.get(name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
