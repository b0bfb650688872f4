//! `rollcall simulate`: simulated sources, against any gateway.

mod changes;
mod connectwise;
mod paycom;
mod quickbooks_desktop;
mod report;
mod vendor;

pub(super) use changes::{change, keep_time};
pub(super) use report::{SessionView, line};
pub(super) use vendor::Vendor;

use super::{Result, output::Output};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    QuickbooksDesktop(quickbooks_desktop::Args),
    Paycom(paycom::Args),
    // Without a name of its own it would be `connect-wise`.
    #[command(name = "connectwise")]
    ConnectWise(connectwise::Args),
}

pub(super) async fn run(out: Output, command: Command) -> Result {
    match command {
        Command::QuickbooksDesktop(args) => quickbooks_desktop::run(out, args).await,
        Command::Paycom(args) => paycom::run(out, args).await,
        Command::ConnectWise(args) => connectwise::run(out, args).await,
    }
}
