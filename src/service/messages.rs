//! The messages of webhooks: reading them, and trying them again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        access::{Attempt, action},
        words::MessageState,
    },
    store::{Db, WriteDb, inbox},
    sync::inbox::replay,
};

use super::{
    Result, connections, find,
    page::{self, PageBody},
    schema::{self, Hint},
};

/// A message of a webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    pub id: String,
    pub connection_id: String,
    /// The sender's own ID of it.
    pub message_id: String,
    /// The sender's name for what happened.
    pub event: String,
    #[schema(schema_with = schema::message_states)]
    pub state: MessageState,
    pub received_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub attempts: u32,
    /// When it is tried (again), while it is pending.
    pub next_at: Option<DateTime<Utc>>,
    /// Why it waits, or was given up; where it is done, what of it did not count.
    pub problem: Option<Hint>,
    /// What is kept of it until it is done: only what is staged. Null in lists.
    #[schema(value_type = Option<Object>)]
    pub content: Option<serde_json::Value>,
}

impl From<inbox::Message> for Message {
    fn from(message: inbox::Message) -> Self {
        let content = message.body.and_then(|body| serde_json::from_str(&body).ok());
        Self {
            next_at: (message.state == MessageState::Pending).then_some(message.next_at),
            id: message.id.into(),
            connection_id: message.connection_id.into(),
            message_id: message.message_id,
            event: message.event,
            state: message.state,
            received_at: message.received_at,
            updated_at: message.updated_at,
            attempts: message.attempts,
            problem: message.problem.map(Hint::from),
            content,
        }
    }
}

/// Which messages are wanted, and which page of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// Only those in this state.
    #[param(schema_with = schema::message_states)]
    pub state: Option<MessageState>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    pub cursor: Option<String>,
}

/// A page of the messages of a connection's webhooks, newest first.
///
/// # Errors
/// `connection_not_found`; `bad_cursor` and what [`page`] refuses.
pub fn list(
    db: &mut Db,
    attempt: &Attempt<action::ManageConnections>,
    connection: &str,
    query: &MessagesQuery,
) -> Result<PageBody<Message>> {
    let (limit, before) = page::read::<String>(query.limit, query.cursor.as_deref())?;
    let (_, connection) = connections::found(db, attempt, connection)?;
    let page = inbox::page(db, &connection.id, query.state, before.as_deref(), limit)?;
    PageBody::of(page, |message| message.id.to_string())
}

/// A message, with what is kept of it.
///
/// # Errors
/// `message_not_found`.
pub fn show(db: &mut Db, attempt: &Attempt<action::ManageConnections>, id: &str) -> Result<Message> {
    Ok(find::message(db, attempt, id)?.2.into())
}

/// Tries a message again that was given up.
///
/// # Errors
/// `message_not_found`, `message_not_dead`.
pub fn replay(
    db: &mut WriteDb,
    attempt: &Attempt<action::ManageConnections>,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Message> {
    let (grant, connection, message) = find::message(db, attempt, id)?;
    replay::message(db, &grant, &connection, &message, now)?;
    Ok(inbox::get(db, &message.id)?.into())
}

/// Tries all messages of a connection again that were given up; returns how many.
///
/// # Errors
/// `connection_not_found`.
pub fn replay_all(
    db: &mut WriteDb,
    attempt: &Attempt<action::ManageConnections>,
    connection: &str,
    now: DateTime<Utc>,
) -> Result<usize> {
    let (grant, connection) = connections::found(db, attempt, connection)?;
    Ok(replay::all(db, &grant, &connection, now)?)
}
