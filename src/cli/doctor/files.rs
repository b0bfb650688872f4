//! Checks the files that the settings name: who can read those with secrets in them, and whether checkpoints can be written.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
};

use crate::config::{SETTINGS, Settings, Source};

use super::{Findings, Status};

pub(super) fn check(findings: &mut Findings, settings: &Settings, source: &impl Source) {
    // The key's own file is refused where others can read it.
    let secrets = SETTINGS.iter().filter(|setting| setting.secret && setting.name != "ROLLCALL_KEY");
    let names = secrets.map(|setting| format!("{}_FILE", setting.name));
    for name in names.chain(["ROLLCALL_OIDC_FILE".to_owned()]) {
        if let Some(path) = source.get(&name).filter(|path| !path.trim().is_empty()) {
            secret(findings, &name, &PathBuf::from(path));
        }
    }
    if let Some(path) = &settings.audit.checkpoint_file {
        checkpoints(findings, path);
    }
}

#[cfg(unix)]
fn secret(findings: &mut Findings, name: &str, path: &Path) {
    use std::os::unix::fs::MetadataExt;
    let Ok(mode) = std::fs::metadata(path).map(|data| data.mode() & 0o777) else { return };
    // What a container or a service manager mounts often belongs to a group.
    if mode & 0o007 != 0 {
        let detail =
            format!("Everybody on this computer may read or write {path:?} of {name} (mode {mode:03o}).");
        let remedy = format!("chmod 600 {}", path.display());
        findings.wrong(Status::Warn, "files with secrets", detail, remedy);
    }
}

#[cfg(not(unix))]
fn secret(_: &mut Findings, _: &str, _: &Path) {}

/// Opens the file as a gateway would; makes none.
fn checkpoints(findings: &mut Findings, path: &Path) {
    const CHECK: &str = "checkpoints of the audit";
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wrong = match path.try_exists() {
        Ok(true) => OpenOptions::new().append(true).open(path).err(),
        Ok(false) if folder.is_dir() => None,
        Ok(false) => Some(std::io::ErrorKind::NotFound.into()),
        Err(error) => Some(error),
    };
    match wrong {
        None => findings.ok(CHECK, format!("They can be added to {path:?}.")),
        Some(error) => {
            let detail = format!("Nothing can be added to {path:?}: {error}.");
            let remedy = "Correct ROLLCALL_AUDIT_CHECKPOINT_FILE: a file that the gateway may write, in a folder that is there.";
            findings.wrong(Status::Fail, CHECK, detail, remedy);
        }
    }
}
