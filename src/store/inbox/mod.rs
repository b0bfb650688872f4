//! What webhooks told: kept until it is dealt with, and after that for a while, so that a repetition is recognised.

mod arrival;
mod at_once;
mod keep;
mod new_message;
mod read;
mod settle;
mod waiting;

pub use at_once::{Verified, insert_at_once};
pub use keep::{Kept, insert};
pub use new_message::NewMessage;
pub use read::{Depth, depth, due, get, given_up_of, meant, page};
pub use settle::{Which, all_done, dead, defer, done, forget, replay, retry, wake};
pub use waiting::due_connections;

use chrono::{DateTime, Utc};
use diesel::{dsl::sql, expression::SqlLiteral, sql_types::Bool};

use crate::domain::{
    event::Moment,
    ids::{ConnectionId, MessageId},
    problem::Problem,
    words::MessageState,
};

use super::{
    dsl::*,
    schema::inbox,
    values::{MaybeTime, Time, loaded_as},
};

/// Rows of one statement.
const BATCH: usize = 500;

/// A message that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: MessageId,
    pub connection_id: ConnectionId,
    /// The sender's own ID of it.
    pub message_id: String,
    /// The sender's name for what happened.
    pub event: String,
    pub state: MessageState,
    /// Its meaning as JSON; empty once it is done, and where it had none.
    pub body: Option<String>,
    pub received_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Since when it waits: its receipt, or its last replay.
    pub pending_since: DateTime<Utc>,
    pub attempts: u32,
    /// When it is tried (again).
    pub next_at: DateTime<Utc>,
    /// Why it waits, or was given up; of one that is done, what of it did not count.
    pub problem: Option<Problem>,
    /// When it was so, where the sender says it.
    pub told_at: Option<DateTime<Utc>>,
}

impl Message {
    /// What its age is judged by: without a time of its own, its arrival.
    pub fn moment(&self) -> Moment {
        Moment { at: self.told_at.unwrap_or(self.received_at), received_at: self.received_at }
    }
}

/// A message without what it said: a list must not grow with that.
#[derive(Queryable, Selectable)]
#[diesel(table_name = inbox)]
#[doc(hidden)]
pub struct Head {
    id: MessageId,
    connection_id: ConnectionId,
    message_id: String,
    event: String,
    state: MessageState,
    #[diesel(deserialize_as = Time)]
    received_at: DateTime<Utc>,
    #[diesel(deserialize_as = Time)]
    updated_at: DateTime<Utc>,
    #[diesel(deserialize_as = Time)]
    pending_since: DateTime<Utc>,
    attempts: i32,
    #[diesel(deserialize_as = Time)]
    next_at: DateTime<Utc>,
    code: Option<String>,
    detail: Option<String>,
    remedy: Option<String>,
    #[diesel(deserialize_as = MaybeTime)]
    told_at: Option<DateTime<Utc>>,
}

impl From<Head> for Message {
    fn from(head: Head) -> Self {
        let words = |text: Option<String>| text.unwrap_or_default();
        Self {
            id: head.id,
            connection_id: head.connection_id,
            message_id: head.message_id,
            event: head.event,
            state: head.state,
            body: None,
            received_at: head.received_at,
            updated_at: head.updated_at,
            pending_since: head.pending_since,
            attempts: u32::try_from(head.attempts).unwrap_or(0),
            next_at: head.next_at,
            problem: head.code.map(|code| Problem::new(code, words(head.detail), words(head.remedy))),
            told_at: head.told_at,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = inbox)]
#[doc(hidden)]
pub struct Row {
    #[diesel(embed)]
    head: Head,
    body: Option<String>,
}

loaded_as!(Row => Message);

impl From<Row> for Message {
    fn from(row: Row) -> Self {
        Self { body: row.body, ..row.head.into() }
    }
}

/// Those that wait, in the words of the partial indexes: neither engine takes one for a bound value.
fn pending() -> diesel::dsl::Filter<inbox::table, SqlLiteral<Bool>> {
    inbox::table.filter(sql::<Bool>("inbox.state = 'pending'"))
}

/// Those that were given up, in the words of their partial index.
fn given_up() -> diesel::dsl::Filter<inbox::table, SqlLiteral<Bool>> {
    inbox::table.filter(sql::<Bool>("inbox.state = 'dead' AND inbox.state <> 'pending'"))
}
