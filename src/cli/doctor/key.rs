//! The key that seals the secrets of connections.

use crate::{
    app,
    cli::failure::Failure,
    clock::Ambient,
    config::Settings,
    store::{Db, Store},
    sync::vault::{KeyReport, VaultError},
};

use super::{Findings, Status};

/// Whether the key is there and opens what is stored. Makes none.
pub async fn check(findings: &mut Findings, settings: &Settings, store: &Store) {
    let vault = app::vault(&settings.secrets, &Ambient::system());
    let look = move |db: &mut Db| Ok((vault.look(db)?, vault.try_all(db)?));
    let looked: Result<_, VaultError> = store.read(look).await;
    match looked {
        Ok((report, (opened, failed))) if failed.is_empty() => told(findings, &report, opened),
        Ok((_, (_, failed))) => {
            for error in failed {
                findings.failure("secret key", Failure::from(error));
            }
        }
        Err(error) => findings.failure("secret key", error.into()),
    }
}

fn told(findings: &mut Findings, report: &KeyReport, opened: u64) {
    // A file that others can read is refused, so one that was read has mode 0600 or less.
    let mode = if report.file.is_some() && cfg!(unix) { ", which only its owner can read," } else { "" };
    let source = &report.source;
    if report.keys.is_empty() {
        findings.ok("secret key", format!("The first start of the gateway makes {source}."));
    } else if report.keys.iter().any(|key| key.secrets > 0 && !key.current) {
        let detail = format!(
            "The key from {source} opens the {opened} stored secrets; some are still sealed with an old one."
        );
        findings.wrong(
            Status::Warn,
            "secret key",
            detail,
            "Run `rollcall key rotate` to finish the rotation.",
        );
    } else {
        findings.ok("secret key", format!("The key from {source}{mode} opens all {opened} stored secrets."));
    }
}
