//! The key file: a comment, then one key a line, the current one first. Only its owner may read it.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::domain::key::Key;

use super::{Result, VaultError};

/// Bytes of a file that holds more keys than anybody has.
const LARGEST: u64 = 64 * 1024;

const HEAD: &str =
    "# The keys of one Rollcall database: without them its stored credentials cannot be opened.
# Keep a backup, apart from that of the database. `rollcall key rotate` makes a new one.
";

/// The keys in the file, the current one first; `None` where there is no such file.
///
/// # Errors
/// A file that others can read, or that holds anything but keys.
pub(super) fn read(path: &Path) -> Result<Option<Vec<Key>>> {
    let failed = |why: String| VaultError::Unreadable { path: path.to_owned(), why };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error.to_string())),
    };
    // Of the open file, not of the path: nobody can change it in between.
    check_mode(path, &file)?;
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    Key::read_all(&text).map(Some).map_err(|why| VaultError::Malformed { path: path.to_owned(), why })
}

/// The permissions of the file.
#[cfg(unix)]
pub(super) fn mode(file: &File) -> std::io::Result<u32> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.mode() & 0o7777)
}

#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> Result<()> {
    let mode = mode(file)
        .map_err(|error| VaultError::Unreadable { path: path.to_owned(), why: error.to_string() })?;
    if mode & 0o077 == 0 { Ok(()) } else { Err(VaultError::Open { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &File) -> Result<()> {
    Ok(())
}

/// Makes the file, unless somebody else just did: then theirs counts.
pub(super) fn create(path: &Path, key: Key) -> Result<Vec<Key>> {
    let failed = |error: std::io::Error| unwritable(path, &error);
    let keys = vec![key];
    make_folder(&folder(path)).map_err(failed)?;
    match written(path, &keys).map_err(failed)?.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            return read(path)?.ok_or_else(|| unwritable(path, &error.error));
        }
        Err(error) => return Err(failed(error.error)),
    }
    sync_folder(path).map_err(failed)?;
    tracing::info!(path = %path.display(), "made a key file: keep a backup of it");
    Ok(keys)
}

/// Makes the folder of the file where it is not there yet, for its owner only.
fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Puts other keys into the file, all at once: whoever reads it finds the old ones or the new ones.
pub(super) fn replace(path: &Path, keys: &[Key]) -> Result<()> {
    let replace = || {
        // A link stays one.
        let path = fs::canonicalize(path)?;
        let file = written(&path, keys)?;
        keep_owner(&path, file.as_file())?;
        file.persist(&path).map_err(|error| error.error)?;
        sync_folder(&path)
    };
    replace().map_err(|error| unwritable(path, &error))
}

/// A new file in the same folder that holds the keys and is on the disk; it has mode 0600 from its beginning.
fn written(path: &Path, keys: &[Key]) -> std::io::Result<NamedTempFile> {
    let mut text = HEAD.to_owned();
    for key in keys {
        text.push_str(&key.to_text());
        text.push('\n');
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".rollcall-key-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
    let mut file = builder.tempfile_in(folder(path))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// An administrator may rotate the key of a gateway that runs as another user, who must still be able to read it.
#[cfg(unix)]
fn keep_owner(path: &Path, file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let (before, now) = (fs::metadata(path)?, file.metadata()?);
    if (before.uid(), before.gid()) == (now.uid(), now.gid()) {
        return Ok(());
    }
    fchown(file, Some(before.uid()), Some(before.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &Path, _: &File) -> std::io::Result<()> {
    Ok(())
}

/// A file's name is on the disk only with its folder.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder(path))?.sync_all() } else { Ok(()) }
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> VaultError {
    VaultError::Unwritable { path: path.to_owned(), why: error.to_string() }
}
