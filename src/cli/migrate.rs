//! `rollcall migrate`.

use serde_json::json;

use crate::{store::Store, sync::feed};

use super::{Result, context::Context};

/// Make the tables of the database, or bring them up to date
///
/// `serve` does so at its start, and the first command on a new database as well. Run it by hand to update the tables
/// at a time of your choice. It is safe to run at any time, and twice.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  rollcall migrate --database-url postgres://rollcall@db/rollcall")]
pub struct Args {
    /// After a backup was restored: have every reader of the change feed start anew
    ///
    /// The positions that were given out after the backup are given out once more. With this their cursors are refused
    /// (410 `cursor_expired`) and they read everything again; without it they would miss changes.
    #[arg(long)]
    new_epoch: bool,
}

pub async fn run(context: &Context, args: &Args) -> Result {
    let store = Store::open(context.settings.database.url.reveal())?;
    let migrated = store.migrate()?;
    if args.new_epoch {
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
