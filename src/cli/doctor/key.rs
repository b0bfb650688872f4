//! Checks the key that encrypts the secrets of connections.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    app,
    cli::{Result, failure::Failure},
    clock::Ambient,
    config::Settings,
    service::find::Names,
    store::{Db, Store},
    sync::vault::{KeyReport, Vault, VaultError},
};

use super::{Findings, Status};

const CHECK: &str = "secret key";

/// Connections that are named; of all others it is said how many they are.
const FEW: usize = 5;

/// Whether the key is there and opens what is stored. Makes none.
pub(super) async fn check(findings: &mut Findings, settings: &Settings, store: &Store) {
    let vault = app::vault(&settings.secrets, &Ambient::system());
    match store.read(move |db| look(db, &vault)).await {
        Ok(found) if found.unopened.is_empty() && found.damaged.is_empty() => {
            told(findings, &found.report, found.opened);
        }
        Ok(found) => {
            for (error, sealed) in found.unopened.into_values() {
                findings.failure(CHECK, wrong_key(error, &sealed));
            }
            for error in found.damaged {
                findings.failure(CHECK, error.into());
            }
        }
        Err(error) => findings.failure(CHECK, error),
    }
}

/// What was found of the keys and of what they seal.
struct SealedSecrets {
    report: KeyReport,
    /// How many secrets open.
    opened: u64,
    /// By the key that is lacking: what its lack is called, and what it seals.
    unopened: BTreeMap<String, (VaultError, Sealed)>,
    /// Of secrets that no key opens.
    damaged: Vec<VaultError>,
}

/// What one key seals.
#[derive(Default)]
struct Sealed {
    secrets: usize,
    /// Each as `Company/Connection`.
    connections: BTreeSet<String>,
}

fn look(db: &mut Db, vault: &Vault) -> Result<SealedSecrets> {
    let report = vault.look(db)?;
    let (opened, failed) = vault.try_all(db)?;
    let mut found = SealedSecrets { report, opened, unopened: BTreeMap::new(), damaged: Vec::new() };
    if failed.is_empty() {
        return Ok(found);
    }
    let names = Names::all(db)?;
    for (id, error) in failed {
        let VaultError::WrongKey { wanted, .. } = &error else {
            found.damaged.push(error);
            continue;
        };
        let (_, sealed) = found.unopened.entry(wanted.clone()).or_insert_with(|| (error, Sealed::default()));
        sealed.secrets += 1;
        sealed.connections.insert(names.connection(&id).to_owned());
    }
    Ok(found)
}

/// One finding for all that a key seals which is not there.
fn wrong_key(error: VaultError, sealed: &Sealed) -> Failure {
    let names: Vec<&str> = sealed.connections.iter().take(FEW).map(String::as_str).collect();
    let more = match sealed.connections.len().saturating_sub(FEW) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (secrets, connections) = (sealed.secrets, sealed.connections.len());
    let s = |count| if count == 1 { "" } else { "s" };
    let what = format!(
        "{secrets} secret{} of {connections} connection{} cannot be opened: {}{more}.",
        s(secrets),
        s(connections),
        names.join(", ")
    );
    match Failure::from(error) {
        Failure::Problem { mut problem, exit } => {
            problem.detail = format!("{} {what}", problem.detail);
            Failure::Problem { problem, exit }
        }
        other => other,
    }
}

fn told(findings: &mut Findings, report: &KeyReport, opened: u64) {
    // A file that others can read is refused, so one that was read has mode 0600 or less.
    let mode = if report.file.is_some() && cfg!(unix) { ", which only its owner can read," } else { "" };
    let source = &report.source;
    if report.keys.is_empty() {
        findings.ok(CHECK, format!("The first start of the gateway makes {source}."));
    } else if report.keys.iter().any(|key| key.secrets > 0 && !key.current) {
        let detail = format!(
            "The key from {source} opens the {opened} stored secrets; some are still sealed with an old one."
        );
        findings.wrong(Status::Warn, CHECK, detail, "Run `rollcall key rotate` to finish the rotation.");
    } else {
        findings.ok(CHECK, format!("The key from {source}{mode} opens all {opened} stored secrets."));
    }
}
