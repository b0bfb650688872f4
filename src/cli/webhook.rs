//! `rollcall webhook`: look at what webhooks told, and try again what was given up.

use serde::Serialize;

use crate::{
    domain::words::MessageState,
    service::messages::Message,
    store::{
        self, Db, PageLimit, Store, WriteDb,
        inbox::{self, Which},
    },
};

use super::{
    Result,
    context::Context,
    failure::Failure,
    find,
    text::{plain, table, time},
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the messages of a connection's webhooks, newest first
    #[command(after_help = "Example:\n  rollcall webhook list con_0199… --state dead")]
    List {
        /// The connection's name or ID, con_…
        connection: String,
        /// Only those in this state: pending, done or dead
        #[arg(long)]
        state: Option<MessageState>,
        /// How many, 1 to 500
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
    },
    /// Try a message again that was given up, or all of a connection
    #[command(
        after_help = "Examples:\n  rollcall webhook replay msg_0199…\n  rollcall webhook replay --all-dead con_0199…"
    )]
    Replay {
        /// The message's ID, msg_…
        #[arg(required_unless_present = "all_dead")]
        message: Option<String>,
        /// All that were given up of this connection, by name or ID
        #[arg(long, value_name = "CONNECTION", conflicts_with = "message")]
        all_dead: Option<String>,
    },
}

pub async fn run(context: &Context, command: Command) -> Result {
    let store = context.store().await?;
    match command {
        Command::List { connection, state, limit } => list(context, &store, connection, state, limit).await,
        Command::Replay { message, all_dead } => replay(context, &store, message, all_dead).await,
    }
}

async fn list(
    context: &Context,
    store: &Store,
    connection: String,
    state: Option<MessageState>,
    limit: u16,
) -> Result {
    let load = move |db: &mut Db| -> Result<_> {
        let connection = find::connection(db, &connection)?;
        let limit = PageLimit::new(limit).unwrap_or(PageLimit::DEFAULT);
        Ok(inbox::page(db, &connection.id, state, None, limit)?.rows)
    };
    let messages = store.read(load).await?;
    let messages: Vec<Message> = messages.into_iter().map(Message::from).collect();
    context.out.answer(&messages, |messages| {
        let row = |message: &Message| {
            let problem = message.problem.as_ref().map(|problem| plain(&problem.detail)).unwrap_or_default();
            [
                message.id.clone(),
                message.event.clone(),
                message.state.to_string(),
                time(Some(message.received_at)),
                message.attempts.to_string(),
                problem,
            ]
        };
        table(
            ["ID", "EVENT", "STATE", "RECEIVED", "TRIES", "PROBLEM"],
            messages.iter().map(row).collect(),
            "There are no such messages.",
        )
    })
}

/// How many messages are tried again.
#[derive(Debug, Serialize)]
struct Replayed {
    replayed: usize,
}

async fn replay(
    context: &Context,
    store: &Store,
    message: Option<String>,
    all_dead: Option<String>,
) -> Result {
    let now = context.ambient.now();
    let write = move |db: &mut WriteDb| -> Result<_> {
        if let Some(connection) = all_dead {
            let connection = find::connection(db, &connection)?;
            return Ok(inbox::replay(db, Which::AllOf(&connection.id), now)?);
        }
        let id = message.unwrap_or_default();
        let known = inbox::get(db, id.trim()).map_err(|error| match error {
            store::Error::NotFound(_) => Failure::not_found("message", &id).hinted(
                "`rollcall webhook replay --all-dead CONNECTION` tries again all that a connection has given up.",
            ),
            other => other.into(),
        })?;
        match inbox::replay(db, Which::Message(&known.id), now)? {
            0 => Err(Failure::new(
                "not_dead",
                format!("The message `{}` was not given up: it is {}.", known.id, known.state),
                "`rollcall webhook list CONNECTION --state dead` shows which were.",
            )),
            replayed => Ok(replayed),
        }
    };
    let replayed = Replayed { replayed: store.write(write).await? };
    context.out.answer(&replayed, |replayed| {
        format!("{} to be tried again; a running gateway does so within seconds.\n", replayed.replayed)
    })
}
