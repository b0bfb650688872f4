//! `rollcall migrate`.

use serde_json::json;

use crate::store::Store;

use super::{Result, context::Context};

/// Make the tables of the database, or bring them up to date
///
/// `serve` does so at its start, and the first command on a new database as well. Run it by hand to update the tables
/// at a time of your choice. It is safe to run at any time, and twice.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  rollcall migrate --database-url postgres://rollcall@db/rollcall")]
pub struct Args {}

pub async fn run(context: &Context) -> Result {
    let migrated = Store::open(context.settings.database.url.reveal())?.migrate()?;
    let answer = json!({ "applied": migrated.applied });
    context.out.answer(&answer, |_| match migrated.applied.as_slice() {
        [] => format!("The tables are up to date: {}\n", context.database_name()),
        applied => format!("Applied: {}\n", applied.join(", ")),
    })
}
