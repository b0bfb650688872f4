//! `rollcall qwc`.

use crate::{
    store::{Db, WriteDb, connections::Connection},
    sync::{
        calls_in::{self, SetupFailure},
        register,
    },
};

use super::{
    Result,
    connection::need_desktop,
    context::Context,
    failure::{Failure, sentence},
    find,
};

/// Write the .qwc file that adds a connection to the QuickBooks Web Connector
///
/// Open the file on the computer of QuickBooks: the Web Connector asks for the password that `connection add` has
/// shown. It calls the gateway at the public address (--public-url), which must be https unless it is localhost.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  rollcall qwc con_0199… --public-url https://rollcall.example.com > acme.qwc\n  \
                  rollcall qwc con_0199… --new-ids > acme.qwc"
)]
pub struct Args {
    /// The connection's name or ID, con_…
    connection: String,
    /// Make a new OwnerID and FileID first: for a new computer, or a Web Connector that was installed anew (QBWC1039)
    #[arg(long)]
    new_ids: bool,
}

pub async fn run(context: &Context, args: Args) -> Result {
    let store = context.store().await?;
    let public_url = context.public_url()?;
    let local = public_url.host_str() == Some("localhost");
    let text = if args.new_ids {
        let ambient = context.ambient.clone();
        let renew = move |db: &mut WriteDb| -> Result<String> {
            let connection = desktop(db, &args.connection)?;
            register::new_ids(db, &ambient, &Context::grant(&connection.company_id)?, &connection)?;
            Ok(calls_in::setup_file(db, &connection.id, &public_url)?)
        };
        store.write(renew).await?
    } else {
        let look = move |db: &mut Db| -> Result<String> {
            let connection = desktop(db, &args.connection)?;
            Ok(calls_in::setup_file(db, &connection.id, &public_url)?)
        };
        store.read(look).await?
    };
    context.out.text(&text)?;
    if local {
        context.out.note(
            "note: the file names localhost, which serves a Web Connector on this computer only; \
             for another one set ROLLCALL_PUBLIC_URL or --public-url",
        );
    }
    Ok(())
}

fn desktop(db: &mut Db, wanted: &str) -> Result<Connection> {
    let connection = find::connection(db, wanted)?;
    need_desktop(&connection)?;
    Ok(connection)
}

impl From<SetupFailure> for Failure {
    fn from(failure: SetupFailure) -> Self {
        match failure {
            SetupFailure::Store(error) => error.into(),
            SetupFailure::Setup(error) => Self::new(
                "no_qwc_file",
                sentence(&error.to_string()),
                "Set ROLLCALL_PUBLIC_URL or --public-url to an https address with a host name.",
            ),
        }
    }
}
