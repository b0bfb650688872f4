//! `rollcall migrate`.

use serde_json::json;

use crate::{store::Store, sync::feed};

use super::{Result, context::Context, failure::Failure};

/// Make the tables of the database, or bring them up to date
///
/// `serve` does so at its start, and the first command on a new database as well. Run it by hand to update the tables
/// at a time of your choice. It is safe to run at any time, and twice.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  rollcall migrate --database-url postgres://rollcall@db/rollcall")]
pub(super) struct Args {
    /// After a backup was restored: have every reader of the change feed start anew
    ///
    /// The positions that were given out after the backup are given out once more. With this their cursors are refused
    /// (410 `cursor_expired`) and they read everything again; without it they would miss changes.
    #[arg(long)]
    new_epoch: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result {
    let store = Store::open(context.settings.database.url.reveal())?;
    store.set_audit_keys(context.vault.for_audit());
    let migrated = store.migrate()?;
    if args.new_epoch {
        whole(&store).await?;
        feed::new_epoch(&store, &context.ambient).await?;
    }
    let answer = json!({ "applied": migrated.applied, "new_epoch": args.new_epoch });
    context.out.answer(&answer, |_| {
        let tables = match migrated.applied.as_slice() {
            [] => format!("The tables are up to date: {}\n", context.database_name()),
            applied => format!("Applied: {}\n", applied.join(", ")),
        };
        let epoch = if args.new_epoch { "Readers of the change feed start anew.\n" } else { "" };
        format!("{tables}{epoch}")
    })
}

/// A file that was put over another while that one's WAL was still there is damaged by it.
async fn whole(store: &Store) -> Result {
    match store.damage().await {
        Ok(None) => Ok(()),
        Err(error) if error.is_unavailable() => Err(error.into()),
        Ok(Some(_)) | Err(_) => Err(damaged()),
    }
}

/// What is to be done with a file of SQLite that is damaged.
pub(super) fn damaged() -> Failure {
    Failure::new(
        "database_damaged",
        "The file of the database is damaged.",
        "Stop the gateways, delete the files beside it whose names end in -wal and -shm, put a backup in its place, and run \
         `rollcall migrate --new-epoch`.",
    )
}
