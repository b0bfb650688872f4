//! The command line: one file a command. `rollcall --help` is the manual.
//!
//! What a command answers goes to standard output, as text for people or with `--json` as one JSON document; all else
//! goes to standard error. Exit codes: 0 done, 1 failed, 2 not understood (the call, or the settings).

mod account;
mod app;
mod assignments;
mod audit;
mod backup;
mod company;
mod completions;
mod confirm;
mod connection;
mod context;
mod demo;
mod doctor;
mod failure;
mod flags;
mod key;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod lean_memory;
mod link;
mod listen;
mod man;
mod migrate;
mod openapi;
mod output;
mod pages;
mod people_flags;
mod profile;
mod qwc;
mod record;
mod run;
mod serve;
mod signals;
mod simulate;
mod text;
mod token;
mod usage;
mod webhook;
mod word_parser;
mod worker;

use std::{pin::Pin, process::ExitCode};

use clap::{Parser, error::ErrorKind};
use tokio::runtime::{self, Runtime};

use crate::telemetry;
use context::Context;
use failure::Failure;
use flags::Flags;
use output::Output;

type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// Rollcall stages the employees and customers that a business keeps in QuickBooks and other systems, and links them
/// to the users of your own software.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Start here:
  rollcall company add \"Acme\"
  rollcall connection add quickbooks_desktop --company Acme
  rollcall app add \"Timesheets\" --company Acme
  rollcall serve
or see all of it at work, with nothing left behind:
  rollcall demo

Each setting is a flag or a variable: --database-url is ROLLCALL_DATABASE_URL. `rollcall COMMAND --help` tells more.
Exit codes: 0 done, 1 failed, 2 not understood."
)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Serve(serve::Args),
    Demo(demo::Args),
    Migrate(migrate::Args),
    /// Manage companies: the businesses whose lists are staged
    #[command(subcommand)]
    Company(company::Command),
    /// Manage accounts: the people who sign in
    #[command(subcommand)]
    Account(account::Command),
    /// Manage apps: the systems that read the lists and link their own IDs, and their tokens
    #[command(subcommand)]
    App(app::Command),
    /// Manage connections: where a company's lists come from
    #[command(subcommand)]
    Connection(connection::Command),
    Qwc(qwc::Args),
    /// Manage the key that seals the credentials of sources in the database
    #[command(subcommand)]
    Key(key::Command),
    /// Look at staged employees and customers
    #[command(subcommand)]
    Record(record::Command),
    /// Link records to the profiles of apps, and unlink them
    #[command(subcommand)]
    Link(link::Command),
    /// Manage the profiles of apps: their own people and customers
    #[command(subcommand)]
    Profile(profile::Command),
    /// Look at runs, and decide those that are held
    #[command(subcommand)]
    Run(run::Command),
    /// Look at what webhooks told, and try again what was given up
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Look at what runs beside the requests of the gateways
    #[command(subcommand)]
    Worker(worker::Command),
    /// Look at who did what, and whether all of it is there
    #[command(subcommand)]
    Audit(audit::Command),
    /// Play a source system against a gateway
    #[command(subcommand)]
    Simulate(simulate::Command),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Doctor(doctor::Args),
    Openapi(openapi::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs the command line and says how it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // What was asked for is known only where the rest is understood.
            let json = std::env::args_os().any(|argument| argument == "--json");
            let missing = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
            if error.exit_code() == 0 || (error.kind() == missing && !json) {
                // Help that was asked for goes to standard output. A reader that is gone misses nothing.
                let _ = error.print();
                return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(failure::USAGE));
            }
            return Output::new(json, true).failure(&usage::failure(&error));
        }
    };
    let out = Output::new(cli.flags.json, cli.flags.quiet);
    match start(cli, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => out.failure(&failure),
    }
}

/// Reads the settings, sets up the log, and runs the command.
fn start(cli: Cli, out: Output) -> Result {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if matches!(cli.command, Command::Serve(_)) {
        lean_memory::ensure();
    }
    // Named once for the process: a client or server that does not name one would have to guess, and panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Cli { mut flags, command } = cli;
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::system("The program could not start its threads", &error))?;
    if let Command::Doctor(args) = &command {
        // It tells what is wrong with the settings itself.
        return finish(&runtime, Box::pin(doctor::run(args, flags, out)));
    }
    if let Command::Serve(args) = &command {
        flags.extend(args.http.source(), "info");
    }
    let settings = flags.settings()?;
    telemetry::try_init(&settings.log).map_err(|error| Failure::internal(&error))?;
    for warning in &settings.warnings {
        // A filter that names nothing would keep this back as well.
        if tracing::enabled!(tracing::Level::WARN) {
            tracing::warn!("{warning}");
        } else if settings.log.filter != "off" {
            out.warning(warning);
        }
    }
    let context = Context::new(settings, out);
    finish(&runtime, Box::pin(dispatch(&context, command)))
}

/// A future whose type is known would be compiled once for each kind of runtime: megabytes of commands.
fn finish(runtime: &Runtime, work: Pin<Box<dyn Future<Output = Result> + '_>>) -> Result {
    runtime.block_on(work)
}

async fn dispatch(context: &Context, command: Command) -> Result {
    match command {
        Command::Serve(args) => serve::run(context, &args).await,
        Command::Demo(args) => demo::run(context, args).await,
        Command::Openapi(_) => openapi::run(context.out),
        Command::Completions(args) => completions::run(context.out, &args),
        Command::Man(args) => man::run(context.out, &args),
        Command::Migrate(args) => migrate::run(context, &args).await,
        Command::Company(command) => company::run(context, command).await,
        Command::Account(command) => account::run(context, command).await,
        Command::App(command) => app::run(context, command).await,
        Command::Connection(command) => connection::run(context, command).await,
        Command::Qwc(args) => qwc::run(context, args).await,
        Command::Key(command) => key::run(context, command).await,
        Command::Simulate(command) => simulate::run(context.out, command).await,
        Command::Record(command) => record::run(context, command).await,
        Command::Link(command) => link::run(context, command).await,
        Command::Profile(command) => profile::run(context, command).await,
        Command::Run(command) => run::run(context, command).await,
        Command::Webhook(command) => webhook::run(context, command).await,
        Command::Backup(args) => backup::back_up(context, args).await,
        Command::Restore(args) => backup::restore(context, args).await,
        Command::Audit(command) => audit::run(context, command).await,
        Command::Worker(command) => worker::run(context, command).await,
        // Was run before the settings were read.
        Command::Doctor(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;
    use crate::config::SETTINGS;

    /// The Rust sources below a folder, a continued line as one.
    fn sources(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "md") {
                let text = std::fs::read_to_string(&path).unwrap();
                let mut whole = String::new();
                text.split("\\\n")
                    .for_each(|part| whole.push_str(if whole.is_empty() { part } else { part.trim_start() }));
                found.push((path.display().to_string(), whole));
            }
        }
    }

    /// What is wrong with a call as a text names it; a word in capitals or braces stands for a value, but never for a
    /// command: whoever reads the text must be able to type it.
    fn wrong(call: &str) -> Option<String> {
        let mut command = Cli::command();
        command.build();
        for word in call.split_whitespace().skip(1) {
            let word = word.trim_matches(['`', '.', ',', ';', ':', '"', '(', ')', ']', '\'']);
            if let Some(flag) = word.strip_prefix("--").map(|flag| flag.split('=').next().unwrap_or(flag)) {
                let known = |it: &clap::Arg| it.get_long() == Some(flag);
                if flag != "help" && !flag.is_empty() && !command.get_arguments().any(known) {
                    return Some(format!("no flag `--{flag}`"));
                }
            } else if word == "COMMAND" {
                // Any of them.
                break;
            } else if command.has_subcommands() && !word.is_empty() {
                match command.find_subcommand(word) {
                    Some(found) => command = found.clone(),
                    None => return Some(format!("no command `{word}`")),
                }
            } else if matches!(word, ">" | "|" | "\\") {
                break;
            }
        }
        None
    }

    #[test]
    fn each_command_that_a_text_names_exists() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let (mut texts, mut calls, mut mistakes) = (Vec::new(), 0, Vec::new());
        sources(&root.join("src"), &mut texts);
        texts.push(("README.md".into(), std::fs::read_to_string(root.join("README.md")).unwrap()));
        for (file, text) in &texts {
            let quoted =
                text.split('`').filter(|part| part.starts_with("rollcall ") && !part.contains("\n\n"));
            let examples = text.lines().map(str::trim).filter(|line| line.starts_with("rollcall "));
            for call in quoted.chain(examples) {
                calls += 1;
                mistakes.extend(
                    wrong(call.lines().next().unwrap_or_default()).map(|it| format!("{file}: {call}: {it}")),
                );
            }
        }
        assert_eq!(mistakes, Vec::<String>::new());
        assert!(calls > 100, "{calls}");
        assert!(wrong("rollcall message list").is_some() && wrong("rollcall {what} list").is_some());
        assert!(wrong("rollcall connection poll ID --whole").is_some());
    }

    #[test]
    fn each_operation_that_a_remedy_names_is_a_command() {
        for operation in crate::service::interface::Operation::ALL {
            let (_, command_line) = operation.names();
            assert_eq!(wrong(&format!("rollcall {command_line}")), None);
        }
    }

    /// What the help of `command` says of its arguments that name something, and of those of the commands below it.
    fn arguments(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
        for argument in command.get_arguments() {
            let names = ["connection", "company", "app", "all_dead"];
            if names.contains(&argument.get_id().as_str()) {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                found.push((format!("{path} {}", argument.get_id()), help));
            }
        }
        for below in command.get_subcommands() {
            arguments(below, &format!("{path} {}", below.get_name()), found);
        }
    }

    #[test]
    fn the_help_says_that_a_name_will_do_as_well_as_an_id() {
        let mut found = Vec::new();
        arguments(&Cli::command(), "rollcall", &mut found);
        let silent: Vec<_> = found.iter().filter(|(_, help)| !help.contains("name or ID")).collect();
        assert!(silent.is_empty(), "{silent:?}");
        assert!(found.len() > 15, "{found:?}");
    }

    #[test]
    fn the_help_tells_the_defaults_of_the_settings() {
        let mut command = Cli::command();
        command.build();
        let serve = command.find_subcommand("serve").unwrap();
        for setting in SETTINGS.iter().filter(|setting| !setting.default.is_empty()) {
            let name = setting.name.trim_start_matches("ROLLCALL_").to_lowercase();
            let flag = serve.get_arguments().find(|flag| flag.get_id() == name.as_str()).unwrap();
            let help = flag.get_help().unwrap().to_string();
            // What is logged differs from command to command, and the format says itself which is first.
            if let Some((_, default)) = help.split_once("[default: ") {
                assert_eq!(default, format!("{}]", setting.default), "{name}");
            } else {
                assert!(name.starts_with("log"), "{name}: {help}");
            }
        }
    }

    #[test]
    fn every_command_has_a_sentence_and_an_example() {
        fn walk(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            if command.has_subcommands() {
                command.get_subcommands().for_each(walk);
            } else {
                let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(after.contains("Example"), "{}", command.get_name());
            }
        }
        let command = Cli::command();
        command.clone().debug_assert();
        walk(&command);
    }
}
