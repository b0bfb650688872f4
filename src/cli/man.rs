//! `rollcall man`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::CommandFactory;
use clap_mangen::Man;

use super::{Cli, Result, failure::Failure, output::Output};

/// Print a page of the manual, or write all pages into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rollcall man | man -l -
  rollcall man connection add > rollcall-connection-add.1
  rollcall man --to ~/.local/share/man/man1")]
pub(super) struct Args {
    /// Of which command; without one, of rollcall itself
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    to: Option<PathBuf>,
}

pub(super) fn run(out: Output, args: &Args) -> Result {
    let mut cli = Cli::command();
    if let Some(folder) = &args.to {
        let made = std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(cli, folder))
            .and_then(|()| whole_words_in(folder));
        return made.map_err(|error| Failure::system("The pages could not be written", &error));
    }
    cli.build();
    let mut command = &cli;
    for word in &args.command {
        command = command.find_subcommand(word).ok_or_else(|| {
            Failure::usage("There is no such command.", "`rollcall --help` lists the commands.")
        })?;
    }
    // Into memory first: a pipe that closes is told by the one place that writes.
    let mut page = Vec::new();
    let rendered = Man::new(command.clone()).render(&mut page);
    rendered.map_err(|error| Failure::internal(&error))?;
    out.text(&whole_words(&String::from_utf8_lossy(&page)))
}

/// A page in which no word is parted at the end of a line: an example that is copied must be what it was.
fn whole_words(page: &str) -> String {
    format!(".nh\n{page}")
}

fn whole_words_in(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let ours = path
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("rollcall") && name.ends_with(".1"));
        if ours {
            let page = fs::read_to_string(&path)?;
            fs::write(&path, whole_words(&page))?;
        }
    }
    Ok(())
}
