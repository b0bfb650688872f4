//! `rollcall webhook`: shows messages of webhooks, and tries again those that were given up.

use serde::Serialize;

use crate::{
    domain::words::MessageState,
    service::messages::{self, Message, MessagesQuery},
    store::Store,
};

use super::{
    Result,
    context::Context,
    pages::all,
    text::{plain, table, time},
    word_parser::word_parser,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the messages of a connection's webhooks, newest first
    #[command(after_help = "Example:\n  rollcall webhook list con_0199… --state dead")]
    List {
        /// The connection's name or ID, con_…
        connection: String,
        /// Only those in this state: pending, done or dead
        #[arg(long, value_parser = word_parser!(MessageState))]
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
        /// The message's ID, msg_…, a unique beginning of it, or the sender's own ID (`webhook-id`)
        #[arg(required_unless_present = "all_dead")]
        message: Option<String>,
        /// All that were given up of this connection, by name or ID
        #[arg(long, value_name = "CONNECTION", conflicts_with = "message")]
        all_dead: Option<String>,
    },
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
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
    let page = async |limit, cursor| {
        let (connection, query) = (connection.clone(), MessagesQuery { state, limit: Some(limit), cursor });
        context.read(store, None, move |db, attempt| messages::list(db, attempt, &connection, &query)).await
    };
    let messages = all(Some(limit.into()), page).await?;
    context.out.answer(&messages, |messages| {
        let row = |message: &Message| {
            let problem = message.problem.as_ref().map(|problem| plain(&problem.detail)).unwrap_or_default();
            [
                message.id.clone(),
                message.message_id.clone(),
                message.event.clone(),
                message.state.to_string(),
                time(Some(message.received_at)),
                message.attempts.to_string(),
                problem,
            ]
        };
        table(
            ["ID", "WEBHOOK-ID", "EVENT", "STATE", "RECEIVED", "TRIES", "PROBLEM"],
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
    let replay = context.write(store, None, move |db, attempt| match (&message, &all_dead) {
        (Some(message), _) => messages::replay(db, attempt, message, now).map(|_| 1),
        (None, Some(connection)) => messages::replay_all(db, attempt, connection, now),
        // The parser wants one of the two.
        (None, None) => Ok(0),
    });
    let replayed = Replayed { replayed: replay.await? };
    context.out.answer(&replayed, |replayed| {
        format!("{} to be tried again; a running gateway does so within seconds.\n", replayed.replayed)
    })
}
