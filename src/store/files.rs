//! The files of a SQLite database. They hold people's names and e-mails: only their owner may read them.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
};

use super::{Error, Result, file_problem::file_problem};

/// The database file of `sqlite:…`; `None` for one in memory, and for other engines.
pub fn file_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let Some(uri) = path.strip_prefix("file:") else {
        return (path != ":memory:").then(|| path.into());
    };
    // sqlite.org/uri.html: an authority, which is empty or `localhost`, then the path, escaped as in any URI.
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let path = path.split_once('#').map_or(path, |(path, _)| path);
    let path = path.strip_prefix("//localhost").or(path.strip_prefix("//")).unwrap_or(path);
    let in_memory =
        path == ":memory:" || path.is_empty() || query.split('&').any(|pair| pair == "mode=memory");
    (!in_memory).then(|| unescape(path).into())
}

fn unescape(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.split_at_checked(2).filter(|_| *first == b'%').and_then(|(digits, after)| {
            let byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            Some((byte, after))
        });
        let (byte, after) = escaped.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Makes the file where it is not there yet, before SQLite would, which lets everybody read what it makes. SQLite gives
/// the files beside it the same mode.
pub(super) fn make_private(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| cannot_open(path, &error))
}

/// Why the file cannot be opened: what the system says of it, or `error` where it says nothing.
pub(super) fn cannot_open(path: &Path, error: &dyn std::fmt::Display) -> Error {
    match file_problem(path) {
        Some(problem) => Error::File(problem),
        None => Error::Open(format!("{}: {error}", path.display())),
    }
}

/// A file of the database that others than its owner may read or write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    pub path: PathBuf,
    /// Its permissions, such as 0o644.
    pub mode: u32,
}

/// The files of the database at `url` that others than their owner may read or write: none for a server's. What an
/// administrator has opened up is not closed, only told.
#[cfg(unix)]
pub fn exposed(url: &str) -> Vec<Exposed> {
    use std::os::unix::fs::MetadataExt;
    let Some(database) = file_of(url) else { return Vec::new() };
    let beside = ["", "-wal", "-shm", "-journal"].map(|end| {
        let mut path = database.clone().into_os_string();
        path.push(end);
        PathBuf::from(path)
    });
    let modes = beside.into_iter().filter_map(|path| {
        let mode = fs::metadata(&path).ok()?.mode() & 0o7777;
        (mode & 0o077 != 0).then_some(Exposed { path, mode })
    });
    modes.collect()
}

#[cfg(not(unix))]
pub fn exposed(_: &str) -> Vec<Exposed> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_found_as_sqlite_finds_it() {
        for (url, file) in [
            ("sqlite:rollcall.db", Some("rollcall.db")),
            ("sqlite:///var/a b.db", Some("///var/a b.db")),
            ("sqlite:file:/var/a%20b.db?mode=rwc#x", Some("/var/a b.db")),
            ("sqlite:file:///var/a.db", Some("/var/a.db")),
            ("sqlite:file://localhost/var/100%.db", Some("/var/100%.db")),
            ("sqlite:file:a%2.db", Some("a%2.db")),
            ("sqlite::memory:", None),
            ("sqlite:file::memory:?cache=shared", None),
            ("sqlite:file:x?cache=shared&mode=memory", None),
            ("postgres://h/d", None),
        ] {
            assert_eq!(file_of(url), file.map(PathBuf::from), "{url}");
        }
    }
}
