//! The secrets of a connection: which ones its kind takes, and which of them Rollcall makes itself.

use std::collections::BTreeMap;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};

use crate::{
    clock::Ambient,
    connectors::{self, SecretSpec},
    domain::{
        access::{Denied, Grant, action},
        audit::Act,
        ids::ConnectionId,
        secret::Secret,
        similarity::nearest,
        words::{AuditAction, Kind},
    },
    store::{self, Db, WriteDb, audit, companies, connections::Connection, secrets},
};

use super::vault::{Vault, VaultError};

/// What the secret of webhooks is called in every kind that has one.
pub const WEBHOOK_SECRET: &str = "webhook_secret";

/// Characters of the longest secret.
const LONGEST: usize = 4096;

/// What a secret begins with that Standard Webhooks messages are signed with.
const SIGNING: &str = "whsec_";

/// Why secrets were not taken. Never holds one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is not repeated: it may be the secret itself.
    #[error("a connection of kind {kind} takes no secret of that name; {}{}", did_you_mean(*.meant), takes(*.kind))]
    Unknown { kind: Kind, meant: Option<&'static str> },
    #[error("a connection of kind {kind} needs {}", listed(.missing))]
    Missing { kind: Kind, missing: Vec<&'static SecretSpec> },
    #[error("the secret `{name}` {why}")]
    Invalid { name: &'static str, why: &'static str },
    #[error("Rollcall does not make the secret `{name}` of a connection of kind {kind}: {}", made(*.kind))]
    NotMade { kind: Kind, name: &'static str },
    #[error("an account's credentials for {kind} are {}", sets(*.kind))]
    NotOfAccounts { kind: Kind },
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

type Result<T> = std::result::Result<T, Error>;

fn specs(kind: Kind) -> &'static [SecretSpec] {
    connectors::spec(kind).map_or(&[], |spec| spec.secrets)
}

fn did_you_mean(meant: Option<&str>) -> String {
    meant.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default()
}

fn takes(kind: Kind) -> String {
    let names: Vec<_> = specs(kind).iter().map(|spec| format!("`{}`", spec.name)).collect();
    if names.is_empty() { "it takes none".into() } else { format!("it takes {}", names.join(", ")) }
}

fn sets(kind: Kind) -> String {
    let sets = connectors::spec(kind).map_or(&[][..], |spec| spec.account_secrets);
    let words = sets
        .iter()
        .map(|set| set.iter().map(|spec| format!("`{}`", spec.name)).collect::<Vec<_>>().join(" and "));
    let words: Vec<_> = words.collect();
    if words.is_empty() { "not taken".into() } else { words.join(", or ") }
}

fn made(kind: Kind) -> String {
    let specs = specs(kind).iter().filter(|spec| spec.generated.is_some());
    let names: Vec<_> = specs.map(|spec| format!("`{}`", spec.name)).collect();
    if names.is_empty() { "it makes none".into() } else { format!("it makes {}", names.join(", ")) }
}

fn listed(specs: &[&SecretSpec]) -> String {
    let all: Vec<_> = specs.iter().map(|spec| format!("`{}` ({})", spec.name, spec.meaning)).collect();
    all.join(" and ")
}

fn spec(kind: Kind, name: &str) -> Result<&'static SecretSpec> {
    let names = specs(kind).iter().map(|spec| spec.name);
    let found = specs(kind).iter().find(|spec| spec.name == name);
    found.ok_or_else(|| Error::Unknown { kind, meant: nearest(name, names) })
}

/// The secrets as they are kept.
///
/// # Errors
/// A name that the kind does not take; a value that cannot be one.
fn checked(kind: Kind, given: &BTreeMap<String, Secret>) -> Result<BTreeMap<&'static str, Secret>> {
    let mut all = BTreeMap::new();
    for (name, secret) in given {
        let spec = spec(kind, name)?;
        all.insert(spec.name, check(spec, secret)?);
    }
    Ok(all)
}

/// A secret as it is kept.
fn check(spec: &SecretSpec, secret: &Secret) -> Result<Secret> {
    // Most files end with a line break that is no part of the secret.
    let text = secret.reveal().trim_end_matches(['\r', '\n']);
    let why = if text.is_empty() {
        "is empty"
    } else if text.chars().count() > LONGEST {
        "has more than 4096 characters"
    } else if text.chars().any(char::is_control) {
        "holds a control character, such as a line break in its middle"
    } else if spec.generated == Some(SIGNING) && !can_sign(text) {
        "must be whsec_ and then 24 to 64 bytes in base64; leave it out, and Rollcall makes one"
    } else {
        return Ok(Secret::new(text));
    };
    Err(Error::Invalid { name: spec.name, why })
}

/// As the Standard Webhooks specification wants the key.
fn can_sign(text: &str) -> bool {
    let decoded = text
        .strip_prefix(SIGNING)
        .and_then(|key| STANDARD.decode(key).or_else(|_| STANDARD_NO_PAD.decode(key)).ok());
    decoded.is_some_and(|key| (24..=64).contains(&key.len()))
}

/// Keeps the secrets of a new connection, and gives those that Rollcall made, which are shown once.
///
/// Where it is `lent` those of an account, it needs none that a source gives out.
///
/// # Errors
/// All that are missing at once.
pub fn begin(
    db: &mut WriteDb,
    ambient: &Ambient,
    vault: &Vault,
    connection_id: &ConnectionId,
    kind: Kind,
    given: &BTreeMap<String, Secret>,
    lent: bool,
) -> Result<BTreeMap<&'static str, Secret>> {
    let mut all = checked(kind, given)?;
    let mut made = BTreeMap::new();
    let mut missing = Vec::new();
    for spec in specs(kind).iter().filter(|spec| !given.contains_key(spec.name)) {
        match spec.generated {
            Some(prefix) => {
                let secret = make(ambient, prefix);
                made.insert(spec.name, secret.clone());
                all.insert(spec.name, secret);
            }
            None if lent => {}
            None => missing.push(spec),
        }
    }
    if !missing.is_empty() {
        return Err(Error::Missing { kind, missing });
    }
    for (name, secret) in &all {
        vault.put(db, connection_id, name, secret, ambient.now())?;
    }
    Ok(made)
}

/// Looks whether a connection has all that its source wants to know.
///
/// # Errors
/// All that are missing at once.
pub fn check_all(db: &mut Db, connection_id: &ConnectionId, kind: Kind) -> Result<()> {
    let known = secrets::names(db, connection_id).map_err(VaultError::from)?;
    let given = specs(kind).iter().filter(|spec| spec.generated.is_none());
    let missing: Vec<_> = given.filter(|spec| !known.iter().any(|name| name == spec.name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::Missing { kind, missing }) }
}

/// Keeps what a source wants to know of an account, in place of what was kept before: one of the sets that the kind takes.
///
/// # Errors
/// Another set, or values that cannot be secrets.
pub fn lend(
    db: &mut WriteDb,
    ambient: &Ambient,
    vault: &Vault,
    account_id: &str,
    kind: Kind,
    given: &BTreeMap<String, Secret>,
) -> Result<()> {
    let sets = connectors::spec(kind).map_or(&[][..], |spec| spec.account_secrets);
    let same = |set: &&&[SecretSpec]| {
        set.len() == given.len() && set.iter().all(|spec| given.contains_key(spec.name))
    };
    let set = sets.iter().find(same).ok_or(Error::NotOfAccounts { kind })?;
    take_back(db, vault, account_id, kind)?;
    for spec in *set {
        let Some(secret) = given.get(spec.name) else { continue };
        let secret = check(spec, secret)?;
        vault.put(db, account_id, &format!("{kind}.{}", spec.name), &secret, ambient.now())?;
    }
    Ok(())
}

/// Forgets what was kept of an account for a kind of source; whether there was anything.
pub fn take_back(db: &mut WriteDb, vault: &Vault, account_id: &str, kind: Kind) -> Result<bool> {
    let sets = connectors::spec(kind).map_or(&[][..], |spec| spec.account_secrets);
    let mut removed = false;
    for spec in sets.iter().copied().flatten() {
        removed |= vault.remove(db, account_id, &format!("{kind}.{}", spec.name))?;
    }
    Ok(removed)
}

/// Whether an account has something that it can lend to connections of a kind.
pub fn has(db: &mut Db, account_id: &str, kind: Kind) -> store::Result<bool> {
    Ok(!secrets::of_account(db, account_id, &format!("{kind}."))?.is_empty())
}

/// Puts others in place of some of a connection's secrets.
pub fn change(
    db: &mut WriteDb,
    ambient: &Ambient,
    vault: &Vault,
    connection_id: &ConnectionId,
    kind: Kind,
    given: &BTreeMap<String, Secret>,
) -> Result<()> {
    for (name, secret) in checked(kind, given)? {
        vault.put(db, connection_id, name, &secret, ambient.now())?;
    }
    Ok(())
}

/// Makes a new secret in place of one that Rollcall makes; it is shown once. The old one stops working.
///
/// # Errors
/// One that the source gives out.
pub fn renew(
    db: &mut WriteDb,
    ambient: &Ambient,
    vault: &Vault,
    grant: &Grant<action::ManageConnections>,
    connection: &Connection,
    name: &str,
) -> Result<Secret> {
    grant.covers(&connection.company_id, "connection")?;
    companies::open(db, &connection.company_id).map_err(VaultError::from)?;
    let kind = connection.kind;
    let spec = spec(kind, name)?;
    let prefix = spec.generated.ok_or(Error::NotMade { kind, name: spec.name })?;
    let secret = make(ambient, prefix);
    vault.put(db, &connection.id, spec.name, &secret, ambient.now())?;
    let act = Act::new(AuditAction::SecretRenewed, "connection", &connection.id).of(&connection.company_id);
    audit::note(db, grant, act.named(format!("secrets.{}", spec.name)));
    Ok(secret)
}

fn make(ambient: &Ambient, prefix: &str) -> Secret {
    let random = || ambient.entropy.bytes();
    if prefix == SIGNING {
        let key = [random(), random()].concat();
        return Secret::new(format!("{SIGNING}{}", STANDARD.encode(key)));
    }
    Secret::generate(prefix, random())
}
