//! Setting up: companies, apps with their tokens, connections.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::{
    clock::Ambient,
    connectors::{self, Moves, SettingsError},
    domain::{
        access::{Denied, Grant, Scopes, action},
        ids::{new_guid, new_id},
        name::{clean, slug},
        secret::Secret,
        words::{Kind, Mode, Scope},
    },
    store::{
        self, WriteDb,
        apps::{self, App, Token},
        companies::{self, Company},
        connections::{self, Connection},
        desktop::{self, DesktopFile},
        hooks,
        locks::{self, Locked},
        polls,
    },
};

use super::{
    calls_in::{self, NothingInDoubt},
    credentials, poll, run,
    vault::Vault,
};

/// Why something was not set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a name must have 1 to 200 characters and no control characters")]
    BadName,
    #[error("an app that is no admin's needs at least one company")]
    NoCompany,
    #[error("an app, and a token, needs at least one scope")]
    NoScope,
    #[error("the app `{app}` does not have the scope `{scope}`")]
    ScopeBeyond { app: String, scope: Scope },
    #[error("a token lives for 1 to {LONGEST_LIFE} days, or for ever")]
    BadExpiry,
    #[error("the app `{0}` is an admin's: it sees all companies")]
    SeesAll(String),
    #[error("the app `{0}` is an admin's: it may do everything")]
    MayAll(String),
    #[error(
        "the app still has {profiles} profiles in the company `{company}`, {links} of their links among them"
    )]
    HasProfiles { company: String, profiles: u64, links: u64 },
    #[error(transparent)]
    NothingInDoubt(#[from] NothingInDoubt),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Credentials(#[from] credentials::Error),
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Store(#[from] store::Error),
}

type Result<T> = std::result::Result<T, Error>;

/// A name as it is kept.
fn name(text: &str) -> Result<String> {
    let name = clean(text);
    // Counted as it was sent: whoever checks a form sees the same.
    let fits = !name.is_empty() && text.chars().count() <= 200 && !name.chars().any(char::is_control);
    if fits { Ok(name) } else { Err(Error::BadName) }
}

/// # Errors
/// [`store::Error::Duplicate`] where the name is taken.
pub fn company(db: &mut WriteDb, ambient: &Ambient, new_name: &str) -> Result<Company> {
    let now = ambient.now();
    let company =
        Company { id: new_id("com", now, ambient.entropy.bytes()), name: name(new_name)?, created_at: now };
    companies::insert(db, &company)?;
    Ok(company)
}

/// # Errors
/// [`store::Error::Duplicate`] where the name is taken.
pub fn rename_company(db: &mut WriteDb, id: &str, new_name: &str) -> Result<Company> {
    companies::rename(db, id, &name(new_name)?)?;
    Ok(companies::get(db, id)?)
}

/// An app that is to be made.
#[derive(Debug, Clone, Default)]
pub struct AppDraft {
    pub name: String,
    /// IDs; none for an admin's app, which sees all.
    pub companies: Vec<String>,
    pub admin: bool,
    /// What its tokens may be used for at most.
    pub scopes: Scopes,
}

/// Makes an app with its first token, which is shown once, with the usual scopes.
///
/// # Errors
/// As [`new_app`].
pub fn app(
    db: &mut WriteDb,
    ambient: &Ambient,
    new_name: &str,
    companies: &[String],
    admin: bool,
) -> Result<(App, Secret)> {
    let (name, companies) = (new_name.to_owned(), companies.to_vec());
    let draft = AppDraft { name, companies, admin, scopes: Scopes::default() };
    let (app, made) = new_app(db, ambient, &draft, &TokenDraft::default())?;
    Ok((app, made.secret))
}

/// Makes an app with its first token, which is shown once.
///
/// # Errors
/// [`Error::NoCompany`]; [`store::Error::Duplicate`] where the name is taken; as [`token`].
pub fn new_app(
    db: &mut WriteDb,
    ambient: &Ambient,
    draft: &AppDraft,
    first: &TokenDraft,
) -> Result<(App, NewToken)> {
    let AppDraft { companies, admin, scopes, .. } = draft;
    if companies.is_empty() && !admin {
        return Err(Error::NoCompany);
    }
    if scopes.is_empty() {
        return Err(Error::NoScope);
    }
    let mut ids = Vec::new();
    for company in companies {
        ids.push(store::companies::get(db, company)?.id);
    }
    ids.sort_unstable();
    ids.dedup();
    let now = ambient.now();
    let app = App {
        id: new_id("app", now, ambient.entropy.bytes()),
        name: name(&draft.name)?,
        admin: *admin,
        companies: ids,
        scopes: scopes.clone(),
        created_at: now,
    };
    apps::insert(db, &app)?;
    let made = token(db, ambient, &app.id, first)?;
    Ok((app, made))
}

/// What is to be changed of an app. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct AppChange {
    pub name: Option<String>,
    /// The IDs of all companies that it sees from now on.
    pub companies: Option<Vec<String>>,
    /// All that its tokens may be used for from now on, at most.
    pub scopes: Option<Scopes>,
}

/// Changes an app.
///
/// # Errors
/// [`Error::HasProfiles`] where a company would be taken away in which it has profiles: these would be out of everybody's
/// reach. [`Error::NoCompany`], [`Error::NoScope`], [`Error::SeesAll`], [`Error::MayAll`]; [`store::Error::Duplicate`]
/// where the name is taken.
pub fn change_app(db: &mut WriteDb, id: &str, change: &AppChange) -> Result<App> {
    apps::lock(db, id)?;
    let app = apps::get(db, id)?;
    if let Some(new_name) = &change.name {
        apps::rename(db, id, &name(new_name)?)?;
    }
    if let Some(scopes) = &change.scopes {
        if app.admin {
            return Err(Error::MayAll(app.name));
        }
        if scopes.is_empty() {
            return Err(Error::NoScope);
        }
        apps::set_scopes(db, id, scopes)?;
    }
    if let Some(wanted) = &change.companies {
        if app.admin {
            return Err(Error::SeesAll(app.name));
        }
        if wanted.is_empty() {
            return Err(Error::NoCompany);
        }
        for gone in app.companies.iter().filter(|company| !wanted.contains(company)) {
            let (profiles, links) = apps::holdings(db, id, gone)?;
            if profiles > 0 {
                let company = store::companies::get(db, gone)?.name;
                return Err(Error::HasProfiles { company, profiles, links });
            }
            apps::dismiss(db, id, gone)?;
        }
        let mut new: Vec<&String> = wanted.iter().filter(|id| !app.companies.contains(id)).collect();
        new.sort_unstable();
        new.dedup();
        for company in new {
            apps::admit(db, id, company)?;
        }
    }
    Ok(apps::get(db, id)?)
}

/// A token that is to be made.
#[derive(Debug, Clone, Default)]
pub struct TokenDraft {
    /// What people call it.
    pub name: Option<String>,
    /// Those of its app where they are not said.
    pub scopes: Option<Scopes>,
    /// For ever where it is not said.
    pub expires_in_days: Option<u32>,
}

/// A token just made; its secret is shown once.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub token: Token,
    pub secret: Secret,
}

/// The longest life of a token that expires, in days.
pub const LONGEST_LIFE: u32 = 3650;

/// Makes another token of an app.
///
/// # Errors
/// [`Error::NoScope`], [`Error::ScopeBeyond`], [`Error::BadExpiry`], [`Error::BadName`].
pub fn token(db: &mut WriteDb, ambient: &Ambient, app_id: &str, draft: &TokenDraft) -> Result<NewToken> {
    let now = ambient.now();
    let app = apps::get(db, app_id)?;
    if app.admin && draft.scopes.is_some() {
        return Err(Error::MayAll(app.name));
    }
    let scopes = draft.scopes.clone().unwrap_or_else(|| app.scopes.clone());
    if scopes.is_empty() {
        return Err(Error::NoScope);
    }
    if let Some(scope) = scopes.beyond(&app.scopes).filter(|_| !app.admin) {
        return Err(Error::ScopeBeyond { app: app.name, scope });
    }
    let expires_at = match draft.expires_in_days {
        None => None,
        Some(days @ 1..=LONGEST_LIFE) => Some(now + TimeDelta::days(days.into())),
        Some(_) => return Err(Error::BadExpiry),
    };
    let token = Token {
        id: new_id("tok", now, ambient.entropy.bytes()),
        name: draft.name.as_deref().map(name).transpose()?,
        scopes,
        created_at: now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let secret = Secret::generate(if app.admin { "rca_" } else { "rct_" }, ambient.entropy.bytes());
    apps::add_token(db, &app.id, &token, &secret.hash().0)?;
    Ok(NewToken { token, secret })
}

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
    pub company_id: String,
    /// Without one it is called after its kind.
    pub name: Option<String>,
    /// Those that differ from their defaults.
    pub settings: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, Secret>,
}

impl ConnectionDraft {
    /// A connection with the defaults of its kind.
    pub fn new(kind: Kind, company_id: impl Into<String>) -> Self {
        let (settings, secrets) = Default::default();
        Self { kind, company_id: company_id.into(), name: None, settings, secrets }
    }
}

/// Makes a connection.
///
/// # Errors
/// [`Error::Settings`] and [`Error::Credentials`]; [`store::Error::Duplicate`] where the company has one of that name.
pub fn connection(
    db: &mut WriteDb,
    ambient: &Ambient,
    vault: &Vault,
    draft: &ConnectionDraft,
) -> Result<NewConnection> {
    let ConnectionDraft { kind, company_id, name: new_name, settings, secrets } = draft;
    let kind = *kind;
    let company = companies::get(db, company_id)?;
    let now = ambient.now();
    let spec = connectors::of(kind)?.spec();
    let connection = Connection {
        id: new_id("con", now, ambient.entropy.bytes()),
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
    let credentials = match spec.moves {
        Moves::CallsIn => Some(desktop_file(db, ambient, &connection, &company.name)?),
        Moves::Polled | Moves::Pushes => None,
    };
    let made = credentials::begin(db, ambient, vault, &connection.id, kind, secrets)?;
    if spec.is_polled() {
        polls::insert(db, &connection.id, now)?;
    }
    Ok(NewConnection { connection, credentials, made })
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
    let password = Secret::generate("", ambient.entropy.bytes());
    desktop::set_password(db, &connection.id, &password.hash().0)?;
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
    Ok(desktop::set_ids(db, &connection.id, &guid(), &guid())?)
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
    id: &str,
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
    if settings.is_some() {
        // Other settings may want other callbacks.
        hooks::recheck(db, id)?;
    }
    credentials::change(db, ambient, vault, id, before.kind, &change.secrets)?;
    if change.forget_company_file {
        desktop::forget(db, id)?;
    }
    if change.same_company_file {
        calls_in::same_company(db, &lock, ambient.now())??;
    }
    if change.new_ids {
        new_ids(db, ambient, grant, &before)?;
    }
    let after = connections::get(db, id)?;
    let other_settings = !is_same(&after.settings, &before.settings);
    if connectors::is_polled(after.kind) && (other_settings || !change.secrets.is_empty()) {
        poll_anew(db, ambient, &lock, &after, other_settings)?;
    }
    Ok(connections::get(db, id)?)
}

/// A connection has something new to be polled with: what is under way is broken off, what stood in the way may be gone.
/// Other settings may choose other records, which only whole lists tell. Other secrets are tried now: whoever gave wrong
/// ones is to see it, and not when the schedule comes to it.
fn poll_anew(
    db: &mut WriteDb,
    ambient: &Ambient,
    lock: &Locked<locks::Connection>,
    connection: &Connection,
    whole: bool,
) -> Result<()> {
    let now = ambient.now();
    polls::restart(db, &connection.id, now)?;
    run::abandon(db, &connection.id, now)?;
    connections::set_problem(db, lock, None, now)?;
    let lists = connectors::of(connection.kind)?.spec().lists;
    let mode = if whole { Mode::Full } else { Mode::Delta };
    poll::request(db, ambient, connection, lists, mode)?;
    Ok(())
}

/// Whether two texts are the same JSON: the order of its members says nothing.
fn is_same(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || read(one).is_some_and(|one| Some(one) == read(other))
}
