//! `rollcall connection remove`.

use crate::{
    cli::{
        Result,
        confirm::confirm,
        context::Context,
        find,
        text::{fields, plain},
    },
    service::connections::Removal,
    store::{Db, Store},
    sync::{
        backlog::{self, Task},
        remove,
    },
};

/// Remove a connection with all that was staged of it
///
/// It tells how much goes, its links too, and asks. Nobody sees the connection from then on. Callbacks are taken back at
/// the source. The rows of a large one are deleted in small steps: should the command be stopped, a gateway goes on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rollcall connection remove con_0199… --dry-run
  rollcall connection remove con_0199… --yes")]
pub struct RemoveArgs {
    /// The connection's name or ID, con_…
    connection: String,
    /// Do not ask; needed where there is no terminal
    #[arg(long)]
    yes: bool,
    /// Only tell how much would go
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

pub async fn remove(context: &Context, store: &Store, args: RemoveArgs) -> Result {
    let look = move |db: &mut Db| -> Result<_> {
        let id = find::connection(db, &args.connection)?.id;
        Ok(remove::extent(db, &id)?)
    };
    let extent = store.read(look).await?;
    let removal = Removal::of(&extent);
    if args.dry_run {
        return context.out.answer(&removal, goes);
    }
    if !args.yes {
        context.out.warning(goes(&removal).trim_end());
        confirm(&format!("Remove the connection {} ({})?", plain(&removal.name), removal.id))?;
    }
    let grant = Context::grant(&extent.connection.company_id)?;
    let left = remove::connection(&context.reach(store)?, &grant, &extent, true).await?;
    let task = Task::Purge { connection_id: removal.id.clone() };
    while !backlog::step(store, &context.ambient, &task).await? {}
    if let Some(problem) = &left {
        context.out.warning(&format!("{}\ndo: {}", plain(&problem.detail), plain(&problem.remedy)));
    }
    let removal = Removal { removed: true, problem: left.map(Into::into), ..removal };
    context.out.answer(&removal, |removal| format!("Removed {} ({}).\n", plain(&removal.name), removal.id))
}

/// What goes, for people.
fn goes(removal: &Removal) -> String {
    fields(&[
        ("connection", format!("{} ({})", removal.name, removal.id)),
        ("employees", removal.employees.to_string()),
        ("customers", removal.customers.to_string()),
        ("links", removal.links.to_string()),
        ("runs", removal.runs.to_string()),
        ("messages", removal.messages.to_string()),
        ("callbacks", if removal.callbacks { "are taken back at the source" } else { "none" }.into()),
    ])
}
