//! Which gateways of a SQLite database are alive. Each holds a lock on a file of its own beside the database,
//! `rollcall.db-gw_…`, which the system takes away when the process ends, however it ends: the leases of one that has gone are free at once, and not
//! only when they run out. On PostgreSQL nobody can tell; there leases are short.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::store::{self, Store, WriteDb, duties, polls, webhooks, workers};

/// That this gateway is alive, until the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Alive {
    held: Option<Arc<Held>>,
}

#[derive(Debug)]
struct Held {
    /// The database's file.
    database: PathBuf,
    name: String,
    /// Locked.
    _file: File,
}

/// How the names of gateways begin.
const PREFIX: &str = "gw_";

impl Alive {
    /// Shows that the gateway of this name is alive. Where no file can be made beside the database, nobody can tell: the
    /// leases of one that died run out.
    pub fn new(store: &Store, name: &str) -> Self {
        let Some(database) = store.file() else { return Self { held: None } };
        match lock(&beside(&database, name)) {
            Ok(file) => Self { held: Some(Arc::new(Held { database, name: name.to_owned(), _file: file })) },
            Err(error) => {
                tracing::warn!(%error, "no file beside the database shows that this gateway is alive");
                Self { held: None }
            }
        }
    }

    /// Whether another gateway has gone that has left something behind.
    pub fn others_gone(&self) -> bool {
        self.held.as_ref().is_some_and(|held| !held.gone().is_empty())
    }

    /// Frees the leases of gateways that have gone; whether there were any gateways.
    ///
    /// # Errors
    /// What the database says.
    pub async fn bury(&self, store: &Store) -> store::Result<bool> {
        let Some(held) = &self.held else { return Ok(false) };
        let gone = held.gone();
        for (name, path) in &gone {
            let by = name.clone();
            let free = move |db: &mut WriteDb| {
                workers::forget(db, &by)?;
                store::Result::Ok(webhooks::free(db, &by)? + polls::free(db, &by)? + duties::free(db, &by)?)
            };
            let freed = store.write(free).await?;
            tracing::info!(gateway = name, freed, "a gateway has gone: what it was doing goes on here");
            let _ = fs::remove_file(path);
        }
        Ok(!gone.is_empty())
    }
}

/// Whether a gateway that can be seen uses the SQLite database of this file.
pub fn is_served(database: &Path) -> bool {
    beside_of(database, "").any(|(_, path)| !is_free(&path))
}

impl Held {
    /// The other gateways whose files nobody locks any more.
    fn gone(&self) -> Vec<(String, PathBuf)> {
        beside_of(&self.database, &self.name).filter(|(_, path)| is_free(path)).collect()
    }
}

/// The gateways of a SQLite database that were killed, and after which nobody has cleared up yet. Nothing is changed.
pub fn killed(store: &Store) -> Vec<String> {
    let Some(database) = store.file() else { return Vec::new() };
    beside_of(&database, "").filter(|(_, path)| is_free(path)).map(|(name, _)| name).collect()
}

/// The gateways of a database, but for one: their names and their files.
fn beside_of(database: &Path, but: &str) -> impl Iterator<Item = (String, PathBuf)> {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).ok();
    let own = database.file_name().map(|name| format!("{}-", name.display())).unwrap_or_default();
    entries.into_iter().flatten().filter_map(move |entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let name = name.strip_prefix(&own).filter(|name| name.starts_with(PREFIX))?;
        (name != but).then(|| (name.to_owned(), entry.path()))
    })
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = fs::remove_file(beside(&self.database, &self.name));
    }
}

fn beside(database: &Path, name: &str) -> PathBuf {
    let mut path = OsString::from(database);
    path.push(format!("-{name}"));
    path.into()
}

fn lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    file.try_lock()?;
    Ok(file)
}

fn is_free(path: &Path) -> bool {
    File::options().write(true).open(path).is_ok_and(|file| file.try_lock().is_ok())
}
