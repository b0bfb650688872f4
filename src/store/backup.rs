//! Copies of a SQLite database while it is used, and putting one in the place of a database. PostgreSQL has its own tools.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{
    Db, Engine, Store,
    db::Backend,
    dsl::*,
    engine::{self, Purpose, establish},
    file_of,
    migrate::{self, Standing},
};

/// Why there is no backup, or none was put in the place of a database.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("the database is none that is kept in a file of SQLite")]
    NotSqlite,
    #[error("{0:?} is there already")]
    Exists(PathBuf),
    #[error("{path:?}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{path:?} is damaged: {why}")]
    Damaged { path: PathBuf, why: String },
    /// A file of SQLite without our tables.
    #[error("{0:?} is no backup of Rollcall")]
    NoBackup(PathBuf),
    #[error("{0:?} was made by a newer version of Rollcall")]
    Newer(PathBuf),
    #[error(transparent)]
    Store(#[from] super::Error),
}

type Result<T> = std::result::Result<T, BackupError>;

impl Store {
    /// Writes a copy of the database as it is now, while others go on; whole, verified, and for its owner alone, from its
    /// first byte on. How many bytes it has. Takes a while: not for an async thread.
    ///
    /// # Errors
    /// A file that is there already, unless it may be `replace`d; a copy that does not verify does not stay.
    pub fn back_up(&self, target: &Path, replace: bool) -> Result<u64> {
        if self.engine != Engine::Sqlite {
            return Err(BackupError::NotSqlite);
        }
        let staged = Staged::beside(target, replace)?;
        let path = staged.text()?;
        {
            let mut db = engine::connect(Engine::Sqlite, self.url.reveal(), Purpose::Write)?;
            let Backend::Sqlite(connection) = db.backend() else { return Err(BackupError::NotSqlite) };
            let copy = diesel::sql_query("VACUUM INTO ?").bind::<diesel::sql_types::Text, _>(path);
            copy.execute(connection).map_err(super::Error::from)?;
        }
        check(staged.path(), target)?;
        staged.put()
    }
}

/// A backup that is about to be put in the place of a database: a copy of it beside that one.
#[derive(Debug)]
pub struct Restoring {
    staged: Staged,
    database: PathBuf,
}

/// Copies a backup to beside the database at `url`, and verifies it.
///
/// # Errors
/// A database that is there already, unless it may be `replace`d; a backup that is damaged, of something else, or of a newer
/// version.
pub fn begin_restore(from: &Path, url: &str, replace: bool) -> Result<Restoring> {
    let database = match Engine::of(url)? {
        Engine::Sqlite => file_of(url).ok_or(BackupError::NotSqlite)?,
        Engine::Postgres => return Err(BackupError::NotSqlite),
    };
    let staged = Staged::beside(&database, replace)?;
    let copied = private(staged.path()).and_then(|mut to| io::copy(&mut File::open(from)?, &mut to));
    copied.map_err(|source| BackupError::File { path: from.to_owned(), source })?;
    check(staged.path(), from)?;
    Ok(Restoring { staged, database })
}

impl Restoring {
    /// Where the copy is, to be brought up to date before it is put into its place.
    ///
    /// # Errors
    /// A folder whose name is no text.
    pub fn url(&self) -> Result<String> {
        Ok(format!("sqlite:{}", self.staged.text()?))
    }

    /// Puts the copy into the place of the database, which nobody may use meanwhile. How many bytes it has.
    ///
    /// # Errors
    /// What the system says.
    pub fn put(self) -> Result<u64> {
        if let Some(database) = self.database.to_str().filter(|_| self.database.exists()) {
            // So that it is whole should this be broken off now.
            engine::checkpoint(Engine::Sqlite, &format!("sqlite:{database}"));
        }
        self.staged.is_alone()?;
        // What was left beside the file would be written over the new one.
        for end in ["-wal", "-shm", "-journal"] {
            let mut path = self.database.clone().into_os_string();
            path.push(end);
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(BackupError::File { path: path.into(), source });
                }
                _ => {}
            }
        }
        self.staged.put()
    }
}

/// A file that is not in its place yet: in a folder of its own beside it, which only its owner can go into. SQLite lets
/// everybody read what it makes.
#[derive(Debug)]
struct Staged {
    folder: tempfile::TempDir,
    path: PathBuf,
    target: PathBuf,
}

impl Staged {
    fn beside(target: &Path, replace: bool) -> Result<Self> {
        if target.exists() && !replace {
            return Err(BackupError::Exists(target.to_owned()));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".rollcall-backup-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let parent = folder_of(target);
        let folder =
            builder.tempdir_in(&parent).map_err(|source| BackupError::File { path: parent, source })?;
        let path = folder.path().join("copy.db");
        Ok(Self { folder, path, target: target.to_owned() })
    }

    /// Sees to it that all of it is in the file, and nothing in a WAL beside it.
    fn is_alone(&self) -> Result<()> {
        engine::checkpoint(Engine::Sqlite, &format!("sqlite:{}", self.text()?));
        let wal = self.folder.path().join("copy.db-wal");
        match fs::metadata(&wal) {
            Ok(wal_file) if wal_file.len() > 0 => {
                Err(BackupError::File { path: wal, source: io::Error::other("it is still used") })
            }
            _ => Ok(()),
        }
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn text(&self) -> Result<&str> {
        let no_text = || io::Error::new(io::ErrorKind::InvalidInput, "its name is no text");
        let text = self.path.to_str();
        text.ok_or_else(|| BackupError::File { path: self.path.clone(), source: no_text() })
    }

    /// Gives it its name, once it is on the disk. How many bytes it has.
    fn put(self) -> Result<u64> {
        let put = || -> io::Result<u64> {
            #[cfg(unix)]
            fs::set_permissions(&self.path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            let file = File::open(&self.path)?;
            file.sync_all()?;
            let bytes = file.metadata()?.len();
            fs::rename(&self.path, &self.target)?;
            if cfg!(unix) {
                // A file's name is on the disk only with its folder.
                File::open(folder_of(&self.target))?.sync_all()?;
            }
            Ok(bytes)
        };
        let bytes = put().map_err(|source| BackupError::File { path: self.target.clone(), source })?;
        // Nothing is in it any more; what is left of it does not make the copy worse.
        if let Err(error) = self.folder.close() {
            tracing::debug!(%error, "the folder of a copy was left");
        }
        Ok(bytes)
    }
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Looks through a copy; `named` is what it is told as.
fn check(path: &Path, named: &Path) -> Result<()> {
    let damaged = |why: String| BackupError::Damaged { path: named.to_owned(), why };
    // Not prepared: that would change it.
    let mut db = establish(Engine::Sqlite, &format!("sqlite:{}", path.display()), Purpose::Read)
        .map_err(|error| damaged(error.to_string()))?;
    if let Some(why) = whole(&mut db).map_err(|error| damaged(error.to_string()))? {
        return Err(damaged(why));
    }
    match migrate::standing(&mut db)? {
        Standing::Current | Standing::Older => Ok(()),
        Standing::New => Err(BackupError::NoBackup(named.to_owned())),
        Standing::Newer => Err(BackupError::Newer(named.to_owned())),
    }
}

#[derive(diesel::QueryableByName)]
struct Check {
    #[diesel(sql_type = diesel::sql_types::Text)]
    integrity_check: String,
}

/// What SQLite finds wrong, in its words.
fn whole(db: &mut Db) -> super::Result<Option<String>> {
    let Backend::Sqlite(mut connection) = db.backend() else { return Ok(None) };
    let found: Vec<Check> = diesel::sql_query("PRAGMA integrity_check(1)").load_sql(&mut connection)?;
    Ok(found.into_iter().map(|check| check.integrity_check).find(|words| words != "ok"))
}
