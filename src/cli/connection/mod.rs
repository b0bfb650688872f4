//! `rollcall connection`.

mod add;
mod add_help;
mod callbacks;
mod change;
mod poll;
mod remove;
mod show;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::{
    connectors,
    domain::words::{ConnectionState, Kind},
};

use super::{Result, confirm::Consent, context::Context, word_parser::word_parser};

pub(super) use remove::gone;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Add(add::Args),
    /// List the connections
    #[command(after_help = "Example:\n  rollcall connection list --state failing")]
    List {
        /// Only those of this company, by name or ID
        #[arg(long)]
        company: Option<String>,
        /// Only those of this kind
        #[arg(long, value_parser = kinds())]
        kind: Option<Kind>,
        /// Only those in this state
        #[arg(long, value_parser = word_parser!(ConnectionState))]
        state: Option<ConnectionState>,
    },
    /// Show a connection: its settings, its company file, when it was last heard. Never its password or secrets
    #[command(after_help = "Example:\n  rollcall connection show con_0199…")]
    Show {
        /// The connection's name or ID, con_…
        connection: String,
    },
    Set(change::SetArgs),
    /// Give the Web Connector of a connection a new password, and show it once; the old one stops working
    #[command(after_help = "Example:\n  rollcall connection password con_0199… --yes --json")]
    Password {
        /// The connection's name or ID, con_…
        connection: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Make a new secret in place of one that Rollcall makes, and show it once; the old one stops working
    #[command(after_help = "Example:\n  rollcall connection secret con_0199… webhook_secret --yes --json")]
    Secret {
        /// The connection's name or ID, con_…
        connection: String,
        /// The secret's name, such as webhook_secret
        name: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Ask for a run of both lists at the next occasion
    #[command(after_help = "Example:\n  rollcall connection poll con_0199… --full")]
    Poll {
        /// The connection's name or ID, con_…
        connection: String,
        /// The whole lists, so that it shows who is gone; without it only what changed
        #[arg(long)]
        full: bool,
    },
    /// Tell whether a connection works, and what to do if not; exit code 1 if not
    #[command(after_help = "Example:\n  rollcall connection test con_0199… --json")]
    Test {
        /// The connection's name or ID, con_…
        connection: String,
    },
    /// Have ConnectWise send callbacks, so that changes arrive within seconds; may be repeated. A gateway looks every few
    /// hours that they are still there
    #[command(after_help = "Example:\n  rollcall connection subscribe con_0199… --json\n
They go to ROLLCALL_PUBLIC_URL, which ConnectWise must reach by https. Paycom's webhooks are typed in at Paycom:
`rollcall connection show` tells their address.")]
    Subscribe {
        /// The connection's name or ID, con_…
        connection: String,
    },
    /// Take the callbacks back that `subscribe` made; polling goes on
    #[command(after_help = "Example:\n  rollcall connection unsubscribe con_0199…")]
    Unsubscribe {
        /// The connection's name or ID, con_…
        connection: String,
    },
    /// List the runs of a connection, newest first
    #[command(after_help = "Example:\n  rollcall connection runs con_0199… --limit 50")]
    Runs {
        /// The connection's name or ID, con_…
        connection: String,
        /// How many, 1 to 500
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
    },
    Remove(remove::RemoveArgs),
}

/// The kinds that this version has.
pub(super) fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(connectors::registry::words()).try_map(|word| connectors::kind(&word))
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    let store = context.store().await?;
    match command {
        Command::Add(args) => add::run(context, &store, args).await,
        Command::List { company, kind, state } => show::list(context, &store, company, kind, state).await,
        Command::Show { connection } => show::show(context, &store, connection).await,
        Command::Set(args) => change::set(context, &store, args).await,
        Command::Password { connection, consent } => {
            change::password(context, &store, connection, &consent).await
        }
        Command::Secret { connection, name, consent } => {
            change::secret(context, &store, connection, name, &consent).await
        }
        Command::Poll { connection, full } => poll::poll(context, &store, connection, full).await,
        Command::Test { connection } => poll::test(context, &store, connection).await,
        Command::Subscribe { connection } => callbacks::subscribe(context, &store, connection).await,
        Command::Unsubscribe { connection } => callbacks::unsubscribe(context, &store, connection).await,
        Command::Runs { connection, limit } => show::runs(context, &store, connection, limit).await,
        Command::Remove(args) => remove::remove(context, &store, args).await,
    }
}
