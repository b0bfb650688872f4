//! `rollcall backup` and `rollcall restore`.

use std::path::PathBuf;

use serde_json::json;

use crate::{
    store::{self, Engine, Store, backup::BackupError},
    sync::{feed, gateways},
};

use super::{
    Result,
    context::Context,
    failure::{Failure, sentence},
};

/// Write a copy of the SQLite database into a file, while gateways go on
///
/// The copy is whole, is verified, and can be read by its owner alone. The key is not in it: keep a backup of the key file as
/// well, in another place. For PostgreSQL use its own pg_dump.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  rollcall backup rollcall-backup.db")]
pub(super) struct BackupArgs {
    /// Where the copy goes
    file: PathBuf,
    /// Write over a file that is there already
    #[arg(long)]
    force: bool,
}

/// Put a backup in the place of the SQLite database
///
/// It is verified first, and brought up to date. No gateway may use the database meanwhile. Afterwards every reader of the change
/// feed starts anew (410 `cursor_expired`): positions that were given out after the backup are given out once more. For
/// PostgreSQL use its own pg_restore, and then `rollcall migrate --new-epoch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  rollcall restore rollcall-backup.db --force")]
pub(super) struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// Put it in the place of a database that is there
    #[arg(long)]
    force: bool,
}

pub(super) async fn back_up(context: &Context, args: BackupArgs) -> Result {
    let store = context.store().await?;
    if store.engine() == Engine::Postgres {
        return Err(Failure::new(
            "backup_by_server",
            "PostgreSQL makes its own backups.",
            "Run `pg_dump --format=custom --file=FILE` with the database's address. Keep the key file as well, in another place.",
        ));
    }
    let spinner = context.out.spinner("writing the backup …");
    let (file, force) = (args.file.clone(), args.force);
    let written = tokio::task::spawn_blocking(move || store.back_up(&file, force)).await;
    drop(spinner);
    let bytes = written.map_err(|error| Failure::internal(&error))?.map_err(failed)?;
    let key = key_file(context);
    let answer = json!({ "file": args.file, "bytes": bytes, "verified": true, "key_file": key });
    context.out.answer(&answer, |_| {
        let key = match &key {
            Some(path) => format!("the key file {}", path.display()),
            None => "the key in ROLLCALL_SECRET_KEY".to_owned(),
        };
        format!(
            "Wrote {} ({bytes} bytes), verified.\nIt is of use only with {key}, which is not in it: keep a copy of that in another place.\n",
            args.file.display()
        )
    })
}

pub(super) async fn restore(context: &Context, args: RestoreArgs) -> Result {
    let url = context.settings.database.url.reveal().to_owned();
    if Engine::of(&url)? == Engine::Postgres {
        return Err(Failure::new(
            "restore_by_server",
            "PostgreSQL restores its own backups.",
            "Stop the gateways, run `pg_restore --clean --if-exists` with the database's address, then `rollcall migrate --new-epoch`.",
        ));
    }
    let served = || match store::file_of(&url).filter(|path| gateways::is_served(path)) {
        Some(_) => Err(Failure::new(
            "database_in_use",
            "A gateway uses the database.",
            "Stop it, then run this again. Nothing was changed.",
        )),
        None => Ok(()),
    };
    served()?;
    let spinner = context.out.spinner("verifying the backup …");
    let (from, to) = (args.file.clone(), url.clone());
    let begun =
        tokio::task::spawn_blocking(move || store::backup::begin_restore(&from, &to, args.force)).await;
    drop(spinner);
    let restoring = begun.map_err(|error| Failure::internal(&error))?.map_err(failed)?;
    // All that is to be done to it, before anybody sees it.
    let copy = Store::open(&restoring.url().map_err(failed)?)?;
    copy.set_audit_keys(context.vault.for_audit());
    let migrated = copy.migrate()?;
    feed::new_epoch(&copy, &context.ambient).await?;
    drop(copy);
    served()?;
    let bytes = restoring.put().map_err(failed)?;
    let answer =
        json!({ "restored": args.file, "bytes": bytes, "applied": migrated.applied, "new_epoch": true });
    context.out.answer(&answer, |_| {
        format!(
            "{} is what {} was. Readers of the change feed start anew.\n",
            context.database_name(),
            args.file.display()
        )
    })
}

/// Where the key is that belongs to the database; `None` where a setting holds it.
fn key_file(context: &Context) -> Option<PathBuf> {
    let secrets = &context.settings.secrets;
    secrets.keys.is_none().then(|| secrets.key_file.clone())
}

fn failed(error: BackupError) -> Failure {
    let detail = sentence(&error.to_string());
    let (code, remedy) = match &error {
        BackupError::NotSqlite => ("not_sqlite", "Name a database of SQLite by --database-url."),
        BackupError::Exists(_) => {
            ("file_exists", "Name another file, or add --force to write over it. Nothing was changed.")
        }
        BackupError::File { .. } => {
            ("file_failed", "Check the path, the rights and the space on the disk. Nothing was changed.")
        }
        BackupError::Damaged { .. } => ("backup_damaged", "Use another backup. Nothing was changed."),
        BackupError::NoBackup(_) => {
            ("no_backup", "Name a file that `rollcall backup` has written. Nothing was changed.")
        }
        BackupError::Newer(_) => ("backup_newer", "Use that version of Rollcall. Nothing was changed."),
        BackupError::Store(_) => ("", ""),
    };
    match error {
        BackupError::Store(error) => error.into(),
        _ => Failure::new(code, detail, remedy),
    }
}
