//! Adds and changes connections, and returns secrets that are shown once.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        access::{Attempt, action},
        secret::Secret,
        words::Kind,
    },
    service::{Result, find},
    store::{WriteDb, connections as stored, desktop},
    sync::{
        credentials,
        register::{self, ConnectionChange},
        subscribe::webhook_url,
    },
};

use super::{Connection, Environment, NewConnection, found, guard, need_desktop};

/// A connection to be made.
#[derive(Debug, Clone)]
pub struct Draft {
    pub kind: Kind,
    /// The company's ID or name.
    pub company: String,
    /// Without a name the connection is called after its kind.
    pub name: Option<String>,
    /// The settings that differ from their defaults.
    pub settings: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, Secret>,
}

/// Makes a connection. What Rollcall generated for it is shown once.
///
/// # Errors
/// `company_not_found`; `fresh_sign_in_needed`; `invalid_name`, `no_connector`, `invalid_settings`, `invalid_secrets`;
/// `already_exists`.
pub fn add(
    db: &mut WriteDb,
    env: &impl Environment,
    attempt: &Attempt<action::ManageConnections>,
    draft: &Draft,
) -> Result<NewConnection> {
    let company = find::company(db, attempt, &draft.company)?;
    let grant = attempt.at(&company.id, "company")?;
    attempt.fresh()?;
    guard::private_address(attempt, &draft.settings, None)?;
    let Draft { kind, name, settings, secrets, .. } = draft.clone();
    let draft = register::ConnectionDraft { kind, company_id: company.id, name, settings, secrets };
    let new = register::connection(db, env.ambient(), env.vault(), &grant, &draft)?;
    Ok(NewConnection::read(db, new, env.public_url(), env.ambient().now())?)
}

/// Changes a connection; members that are left out stay as they are.
///
/// # Errors
/// `connection_not_found`; `not_quickbooks_desktop`, `nothing_in_doubt`; as [`add`].
pub fn change(
    db: &mut WriteDb,
    env: &impl Environment,
    attempt: &Attempt<action::ManageConnections>,
    id: &str,
    change: &ConnectionChange,
) -> Result<Connection> {
    let (grant, before) = found(db, attempt, id)?;
    if change.is_of_desktop() {
        need_desktop(&before)?;
    }
    // Other settings can lead stored secrets elsewhere.
    if !change.settings.is_empty() || !change.secrets.is_empty() {
        attempt.fresh()?;
    }
    guard::private_address(attempt, &change.settings, Some(&before.settings))?;
    guard::stored_secrets(attempt, &before, change)?;
    let changed = register::change_connection(db, env.ambient(), env.vault(), &grant, &before.id, change)?;
    Ok(Connection::read(db, changed, env.public_url(), env.ambient().now())?)
}

/// The Web Connector's new password.
#[derive(Debug, Serialize, ToSchema)]
pub struct Password {
    /// The connection's ID.
    #[serde(skip)]
    pub id: String,
    pub username: String,
    /// Shown only here.
    pub password: String,
}

/// Gives the Web Connector a new password; the old one stops working.
///
/// # Errors
/// `connection_not_found`, `not_quickbooks_desktop`.
pub fn new_password(
    db: &mut WriteDb,
    env: &impl Environment,
    attempt: &Attempt<action::ManageConnections>,
    id: &str,
) -> Result<Password> {
    let (grant, connection) = found(db, attempt, id)?;
    need_desktop(&connection)?;
    attempt.fresh()?;
    let password = register::new_password(db, env.ambient(), &grant, &connection)?;
    let username = desktop::get(db, &connection.id)?.username;
    Ok(Password { id: connection.id, username, password: password.reveal().to_owned() })
}

/// The new secret of a connection's webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookSecret {
    pub id: String,
    pub webhook_url: Option<String>,
    /// Shown only here.
    pub webhook_secret: String,
}

/// Replaces a secret that Rollcall generates; the old one stops working.
///
/// # Errors
/// `connection_not_found`; `invalid_secrets` where Rollcall makes none of that name for the kind.
pub fn new_secret(
    db: &mut WriteDb,
    env: &impl Environment,
    attempt: &Attempt<action::ManageConnections>,
    id: &str,
    name: &str,
) -> Result<(stored::Connection, Secret)> {
    let (grant, connection) = found(db, attempt, id)?;
    attempt.fresh()?;
    let secret = credentials::renew(db, env.ambient(), env.vault(), &grant, &connection, name)?;
    Ok((connection, secret))
}

/// Makes a new secret for the webhooks; the old one stops working.
///
/// # Errors
/// `connection_not_found`; `invalid_secrets` where Rollcall makes none for the kind.
pub fn new_webhook_secret(
    db: &mut WriteDb,
    env: &impl Environment,
    attempt: &Attempt<action::ManageConnections>,
    id: &str,
) -> Result<WebhookSecret> {
    let (connection, secret) = new_secret(db, env, attempt, id, credentials::WEBHOOK_SECRET)?;
    let webhook_url = webhook_url(connection.kind, &connection.id, env.public_url());
    Ok(WebhookSecret { id: connection.id, webhook_url, webhook_secret: secret.reveal().to_owned() })
}
