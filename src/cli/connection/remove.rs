//! `rollcall connection remove`.

use crate::{
    cli::{
        Result,
        confirm::Consent,
        context::Context,
        text::{fields, plain},
    },
    domain::{
        access::{Grant, action},
        problem::Problem,
    },
    service::connections::{self, Removal},
    store::Store,
    sync::{
        backlog::{self, Task},
        remove::{self, Extent, Leave},
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
pub(crate) struct RemoveArgs {
    /// The connection's name or ID, con_…
    connection: String,
    #[command(flatten)]
    consent: Consent,
}

pub(super) async fn remove(context: &Context, store: &Store, args: RemoveArgs) -> Result {
    let RemoveArgs { connection, consent } = args;
    let (grant, extent) = context
        .read(store, None, move |db, attempt| connections::to_remove(db, attempt, &connection))
        .await?;
    let removal = Removal::of(&extent);
    let question = format!("Remove the connection {} ({})?", plain(&removal.name), removal.id);
    if !consent.given(context.out, &removal, goes, &question)? {
        return Ok(());
    }
    let left = gone(context, store, &grant, &extent, Leave::Links).await?;
    let removal = Removal { removed: true, problem: left.map(Into::into), ..removal };
    context.out.answer(&removal, |removal| format!("Removed {} ({}).\n", plain(&removal.name), removal.id))
}

/// Deletes a connection with all its rows; what a person has still to do at the source, which is told here as well.
pub(crate) async fn gone(
    context: &Context,
    store: &Store,
    grant: &Grant<action::ManageConnections>,
    extent: &Extent,
    leave: Leave,
) -> Result<Option<Problem>> {
    let left = remove::connection(&context.sources(store)?, grant, extent, leave).await?;
    let rows = extent.contents.employees + extent.contents.customers;
    let _spinner = context.out.spinner(&format!("deleting {} with {rows} records", extent.connection.name));
    let task = Task::Purge { connection_id: extent.connection.id.clone() };
    while !backlog::step(store, &context.ambient, &task).await? {}
    if let Some(problem) = &left {
        context.out.warning(&format!("{}\ndo: {}", plain(&problem.detail), plain(&problem.remedy)));
    }
    Ok(left)
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
