//! `rollcall qwc`.

use serde_json::json;

use crate::{
    service::connections::{self, Environment},
    sync::register::ConnectionChange,
};

use super::{Result, context::Context};

/// Write the .qwc file that adds a connection to the QuickBooks Web Connector
///
/// Open the file on the computer of QuickBooks: the Web Connector asks for the password that `connection add` has
/// shown. It calls the gateway at the public address (--public-url), which must be https unless it is localhost.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  rollcall qwc con_0199… --public-url https://rollcall.example.com > acme.qwc\n  \
                  rollcall qwc con_0199… --new-ids > acme.qwc"
)]
pub(super) struct Args {
    /// The connection's name or ID, con_…
    connection: String,
    /// Make a new OwnerID and FileID first: for a new computer, or a Web Connector that was installed anew (QBWC1039)
    #[arg(long)]
    new_ids: bool,
}

pub(super) async fn run(context: &Context, args: Args) -> Result {
    let store = context.store().await?;
    let (env, Args { connection, new_ids }) = (context.environment()?, args);
    let local = env.public_url().host_str() == Some("localhost");
    let (text, file_name) = if new_ids {
        let change = ConnectionChange { new_ids, ..ConnectionChange::default() };
        let write = context.write(&store, None, move |db, attempt| {
            connections::change(db, &env, attempt, &connection, &change)?;
            connections::qwc(db, &env, attempt, &connection)
        });
        write.await?
    } else {
        context
            .read(&store, None, move |db, attempt| connections::qwc(db, &env, attempt, &connection))
            .await?
    };
    context.out.answer(&json!({ "file_name": file_name, "qwc": text }), |_| text.clone())?;
    if local {
        context.out.note(
            "note: the file names localhost, which serves a Web Connector on this computer only; \
             for another one set ROLLCALL_PUBLIC_URL or --public-url",
        );
    }
    Ok(())
}
