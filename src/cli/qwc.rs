//! `rollcall qwc`.

use super::{Result, connection::need_desktop, context::Context, failure::Failure, find};

/// Write the .qwc file that adds a connection to the QuickBooks Web Connector
///
/// Open the file on the computer of QuickBooks: the Web Connector asks for the password that `connection add` has
/// shown. It calls the gateway at the public address (--public-url), which must be https unless it is localhost.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  rollcall qwc con_0199… --public-url https://rollcall.example.com > acme.qwc"
)]
pub struct Args {
    /// The connection's ID, con_…
    connection: String,
}

pub async fn run(context: &Context, args: Args) -> Result {
    let store = context.store().await?;
    let public_url = context.public_url()?;
    let load = move |db: &mut crate::store::Db| -> Result<_> {
        let connection = find::connection(db, &args.connection)?;
        let file = need_desktop(db, &connection)?;
        let company = find::company(db, &connection.company_id)?;
        Ok((connection, file, company))
    };
    let (connection, file, company) = store.read(load).await?;
    let _ = (connection, file, company, public_url);
    Err(Failure::new("not_yet", "The writer of .qwc files is not there yet.", "Wait for it."))
}
