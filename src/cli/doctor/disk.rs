//! Checks how much room the disk of the database has, and who else may change what is in its folder.

use std::path::Path;

use crate::{config::Settings, store};

use super::{Findings, Status};

const CHECK: &str = "disk";

/// SQLite needs some to commit at all.
const LEAST: u64 = 32 * MEBIBYTE;

/// Below that somebody should make room before it is urgent.
const LITTLE: u64 = 512 * MEBIBYTE;

const MEBIBYTE: u64 = 1024 * 1024;

const REMEDY: &str =
    "Make room on the disk, or move the database to a larger one: without room nothing is taken any more.";

pub(super) fn check(findings: &mut Findings, settings: &Settings) {
    let Some(file) = store::file_of(settings.database.url.reveal()) else { return };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    open_to_others(findings, folder);
    let Some(free) = free(folder) else { return };
    let size = std::fs::metadata(&file).map_or(0, |data| data.len());
    told(findings, free, size);
}

/// `size` is the database's: a migration or a backup may need as much again.
fn told(findings: &mut Findings, free: u64, size: u64) {
    let room = format!("{} MiB are free beside the database", free / MEBIBYTE);
    match free {
        free if free < LEAST => findings.wrong(Status::Fail, CHECK, format!("Only {room}."), REMEDY),
        free if free < LITTLE => findings.wrong(Status::Warn, CHECK, format!("Only {room}."), REMEDY),
        free if free < size => {
            let detail = format!("{room}, less than its own {} MiB.", size / MEBIBYTE);
            let remedy =
                "Make room: a backup beside it, or a new version's changes to it, may need as much again.";
            findings.wrong(Status::Warn, CHECK, detail, remedy);
        }
        _ => findings.ok(CHECK, format!("{room}.")),
    }
}

/// Bytes that are free for us; `None` where the system does not tell.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let told = rustix::fs::statvfs(folder).ok()?;
    // Systems of files that are no disks have none.
    (told.f_blocks > 0).then(|| told.f_bavail.saturating_mul(told.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// Who may write in the folder may put other files into the place of the database's.
#[cfg(unix)]
fn open_to_others(findings: &mut Findings, folder: &Path) {
    use std::os::unix::fs::MetadataExt;
    const OTHERS: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let Ok(mode) = std::fs::metadata(folder).map(|data| data.mode() & 0o7777) else { return };
    if mode & OTHERS != 0 && mode & STICKY == 0 {
        let detail =
            format!("Everybody may put other files into the place of the database's (mode {mode:03o}).");
        let remedy = format!("chmod o-w {}", folder.display());
        findings.wrong(Status::Warn, "database folder", detail, remedy);
    }
}

#[cfg(not(unix))]
fn open_to_others(_: &mut Findings, _: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_told_before_there_is_none() {
        for (free, size, status) in [
            (LEAST - 1, 0, Status::Fail),
            (LEAST, 0, Status::Warn),
            (LITTLE - 1, 0, Status::Warn),
            (LITTLE, 0, Status::Ok),
            (LITTLE, LITTLE + 1, Status::Warn),
        ] {
            let mut findings = Findings::default();
            told(&mut findings, free, size);
            let found: Vec<Status> = findings.0.iter().map(|finding| finding.status).collect();
            assert_eq!(found, [status], "{free} {size}");
        }
    }
}
