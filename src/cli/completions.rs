//! `rollcall completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Result, output::Output};

/// Print what a shell needs to complete commands and flags
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  rollcall completions bash > ~/.local/share/bash-completion/completions/rollcall"
)]
pub(super) struct Args {
    shell: Shell,
}

pub(super) fn run(out: Output, args: &Args) -> Result {
    // Into memory first: a pipe that closes is told by the one place that writes.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rollcall", &mut script);
    out.text(&String::from_utf8_lossy(&script))
}
