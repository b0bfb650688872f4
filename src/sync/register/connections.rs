//! Connections.

use std::collections::BTreeMap;

use crate::{
    clock::Ambient,
    connectors::{self, Moves},
    domain::{
        access::{Grant, action},
        audit::Act,
        ids::{CompanyId, ConnectionId, new_guid},
        name::slug,
        secret::Secret,
        words::{AuditAction, Kind, Mode},
    },
    store::{
        WriteDb, audit, companies, connection_accounts,
        connections::{self, Connection},
        desktop::{self, DesktopFile},
        locks::{self, Locked},
        polls, webhooks,
    },
    sync::{calls_in, credentials, poll, run, vault::Vault},
};

use super::{Result, name};

/// A connection just made, with what is shown once.
#[derive(Debug, Clone)]
pub struct NewConnection {
    pub connection: Connection,
    /// The Web Connector's user name and password.
    pub credentials: Option<(String, Secret)>,
    /// The secrets that Rollcall made, by name.
    pub made: BTreeMap<&'static str, Secret>,
}

/// A connection that is to be made.
#[derive(Debug, Clone)]
pub struct ConnectionDraft {
    pub kind: Kind,
    pub company_id: CompanyId,
    /// Without one it is called after its kind.
    pub name: Option<String>,
    /// Those that differ from their defaults.
    pub settings: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, Secret>,
}

impl ConnectionDraft {
    /// A connection with the defaults of its kind.
    pub fn new(kind: Kind, company_id: impl Into<CompanyId>) -> Self {
        let (settings, secrets) = Default::default();
        Self { kind, company_id: company_id.into(), name: None, settings, secrets }
    }
}

/// Makes a connection.
///
/// # Errors
/// [`Settings`](super::Error::Settings) and [`Credentials`](super::Error::Credentials); [`Duplicate`](crate::store::Error::Duplicate) where the company has one of that name.
pub fn connection(
    db: &mut WriteDb,
    ambient: &Ambient,
    vault: &Vault,
    grant: &Grant<action::ManageConnections>,
    draft: &ConnectionDraft,
) -> Result<NewConnection> {
    let ConnectionDraft { kind, company_id, name: new_name, settings, secrets } = draft;
    let kind = *kind;
    grant.covers(company_id, "company")?;
    companies::open(db, company_id)?;
    let company = companies::get(db, company_id)?;
    let now = ambient.now();
    let spec = connectors::of(kind)?.spec();
    let connection = Connection {
        id: ConnectionId::new(now, ambient.entropy.bytes()),
        company_id: company.id,
        kind,
        name: name(new_name.as_deref().unwrap_or(spec.name))?,
        settings: connectors::settings(kind, None, settings)?,
        paused: false,
        created_at: now,
        last_seen_at: None,
        problem: None,
    };
    connections::insert(db, &connection)?;
    set_tenant(db, &connection.id, kind, &connection.settings)?;
    let credentials = match spec.moves {
        Moves::CallsIn => Some(desktop_file(db, ambient, &connection, &company.name)?),
        Moves::Polled | Moves::Pushes => None,
    };
    let lender = connectors::lender(kind, &connection.settings);
    connection_accounts::set(db, &connection.id, lender.as_deref())?;
    let made = credentials::begin(db, ambient, vault, &connection.id, kind, secrets, lender.is_some())?;
    if spec.is_polled() {
        polls::insert(db, &connection.id, now)?;
    }
    let act = Act::new(AuditAction::ConnectionAdded, "connection", &connection.id).of(&connection.company_id);
    let act = act.with("kind", kind).all_named(fields(settings, secrets));
    audit::note(db, grant, act);
    Ok(NewConnection { connection, credentials, made })
}

/// Notes whose lists a connection stages, by its settings.
fn set_tenant(db: &mut WriteDb, id: &ConnectionId, kind: Kind, settings: &str) -> Result<()> {
    let tenant = connectors::of(kind)?.tenant(settings);
    Ok(connections::set_tenant(db, id, tenant.as_deref())?)
}

/// The names of settings and secrets, without their values.
fn fields(settings: &BTreeMap<String, String>, secrets: &BTreeMap<String, Secret>) -> Vec<String> {
    let settings = settings.keys().map(|name| format!("settings.{name}"));
    settings.chain(secrets.keys().map(|name| format!("secrets.{name}"))).collect()
}

fn desktop_file(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    company: &str,
) -> Result<(String, Secret)> {
    let [a, b, c, ..] = ambient.entropy.bytes();
    let username = format!("{}-{a:02x}{b:02x}{c:02x}", slug(company));
    let password = Secret::generate("", ambient.entropy.bytes());
    let file = DesktopFile::new(
        &connection.id,
        &username,
        &password.hash().0,
        [new_guid(ambient.entropy.bytes()), new_guid(ambient.entropy.bytes())],
    );
    desktop::insert(db, &file)?;
    Ok((username, password))
}

/// Gives the Web Connector of a connection a new password, which is shown once. The old one stops working.
pub fn new_password(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::ManageConnections>,
    connection: &Connection,
) -> Result<Secret> {
    grant.covers(&connection.company_id, "connection")?;
    companies::open(db, &connection.company_id)?;
    let password = Secret::generate("", ambient.entropy.bytes());
    desktop::set_password(db, &connection.id, &password.hash().0)?;
    let act = Act::new(AuditAction::SecretRenewed, "connection", &connection.id).of(&connection.company_id);
    audit::note(db, grant, act.named("password"));
    Ok(password)
}

/// Gives a connection a new OwnerID and FileID: what the Web Connector asks for (QBWC1039) on a new computer, or after it
/// was installed anew.
pub fn new_ids(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::ManageConnections>,
    connection: &Connection,
) -> Result<()> {
    grant.covers(&connection.company_id, "connection")?;
    let guid = || new_guid(ambient.entropy.bytes());
    desktop::set_ids(db, &connection.id, &guid(), &guid())?;
    let act = Act::new(AuditAction::SecretRenewed, "connection", &connection.id).of(&connection.company_id);
    audit::note(db, grant, act.all_named(["owner_id", "file_id"]));
    Ok(())
}

/// What is to be changed of a connection.
#[derive(Debug, Clone, Default)]
pub struct ConnectionChange {
    pub name: Option<String>,
    pub paused: Option<bool>,
    pub settings: BTreeMap<String, String>,
    /// Those to be replaced.
    pub secrets: BTreeMap<String, Secret>,
    /// Takes the next company file that answers, whichever it is, and the FileID that it shows.
    pub forget_company_file: bool,
    /// The company file in doubt is the same company's.
    pub same_company_file: bool,
    /// Makes a new OwnerID and FileID: the .qwc file must be added anew.
    pub new_ids: bool,
}

impl ConnectionChange {
    /// Whether something is named that only QuickBooks Desktop has.
    pub fn is_of_desktop(&self) -> bool {
        self.forget_company_file || self.same_company_file || self.new_ids
    }
}

/// Changes a connection. What is not named stays.
///
/// # Errors
/// As [`connection`].
pub fn change_connection(
    db: &mut WriteDb,
    ambient: &Ambient,
    vault: &Vault,
    grant: &Grant<action::ManageConnections>,
    id: &ConnectionId,
    change: &ConnectionChange,
) -> Result<Connection> {
    // What it is now is read under its lock: of two changes at once both stay.
    let lock = locks::of(id).inbox(db)?.connection(db)?;
    if change.name.is_some() {
        // Another name is another key: PostgreSQL wants to be alone with the row then, so nobody may be half way to it.
        lock.rest(db)?;
    }
    let before = connections::get(db, id)?;
    grant.covers(&before.company_id, "connection")?;
    let settings = match change.settings.is_empty() {
        true => None,
        false => Some(connectors::settings(before.kind, Some(&before.settings), &change.settings)?),
    };
    let new_name = change.name.as_deref().map(name).transpose()?;
    let update = connections::Update {
        name: new_name.as_deref(),
        settings: settings.as_deref(),
        paused: change.paused,
    };
    connections::update(db, &lock, update)?;
    if let Some(settings) = &settings {
        set_tenant(db, id, before.kind, settings)?;
        // Other settings may want other callbacks.
        webhooks::recheck(db, id)?;
    }
    credentials::change(db, ambient, vault, id, before.kind, &change.secrets)?;
    if let Some(settings) = &settings {
        let lender = connectors::lender(before.kind, settings);
        connection_accounts::set(db, id, lender.as_deref())?;
        if lender.is_none() {
            credentials::check_all(db, id, before.kind)?;
        }
    }
    if change.forget_company_file {
        desktop::forget(db, id)?;
    }
    if change.same_company_file {
        calls_in::same_company(db, &lock, ambient.now())??;
    }
    if change.new_ids {
        new_ids(db, ambient, grant, &before)?;
    }
    audit::note(db, grant, changed(&before, change));
    let after = connections::get(db, id)?;
    let other_settings = !is_same(&after.settings, &before.settings);
    if connectors::is_polled(after.kind) && (other_settings || !change.secrets.is_empty()) {
        let mode = if other_settings { Mode::Full } else { Mode::Delta };
        poll_anew(db, ambient, &lock, &after, mode)?;
    }
    Ok(connections::get(db, id)?)
}

/// What the audit says of a change: the names of its members, but of what is only on or off the value as well.
fn changed(before: &Connection, change: &ConnectionChange) -> Act {
    let ConnectionChange { name, paused, settings, secrets, .. } = change;
    let act = Act::new(AuditAction::ConnectionChanged, "connection", &before.id).of(&before.company_id);
    let act = name.iter().fold(act, |act, _| act.named("name"));
    let act = paused.iter().fold(act, |act, paused| act.turned("paused", Some(before.paused), Some(paused)));
    let flags = [
        ("forget_company_file", change.forget_company_file),
        ("same_company_file", change.same_company_file),
        ("new_ids", change.new_ids),
    ];
    let flags = flags.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name);
    act.all_named(fields(settings, secrets)).all_named(flags)
}

/// A connection has something new to be polled with: what is under way is broken off, what stood in the way may be gone.
/// Other settings may choose other records, which only whole lists tell. Other secrets are tried now: whoever gave wrong
/// ones is to see it, and not when the schedule comes to it.
pub(super) fn poll_anew(
    db: &mut WriteDb,
    ambient: &Ambient,
    lock: &Locked<locks::Connection>,
    connection: &Connection,
    mode: Mode,
) -> Result<()> {
    let now = ambient.now();
    polls::restart(db, &connection.id, now)?;
    run::abandon(db, &connection.id, now)?;
    connections::set_problem(db, lock, None, now)?;
    let lists = connectors::of(connection.kind)?.spec().lists;
    poll::request(db, ambient, connection, lists, mode)?;
    Ok(())
}

/// Whether two texts are the same JSON: the order of its members says nothing.
fn is_same(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || read(one).is_some_and(|one| Some(one) == read(other))
}
