//! A message as it is accepted, and as it is written.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::{
    domain::{
        ids::{ConnectionId, MessageId},
        problem::Problem,
        record::ContentHash,
        words::MessageState,
    },
    store::{
        dsl::*,
        schema::inbox,
        sealed::Sealed,
        values::{Stamp, at},
    },
};

/// A message as it is accepted.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub id: MessageId,
    pub connection_id: ConnectionId,
    pub message_id: String,
    pub event: String,
    pub body: Option<String>,
    pub received_at: DateTime<Utc>,
    /// Why it has no meaning.
    pub problem: Option<Problem>,
    pub told_at: Option<DateTime<Utc>>,
    /// Of what it says, but for `told_at`.
    pub content_hash: ContentHash,
    /// What came, where it has no meaning and is kept.
    pub sealed: Option<Sealed>,
}

/// A message as it is written. It is due, and waits, from its receipt on, by the clock of this gateway;
/// `received_at` is its place among the messages of its connection.
#[derive(Insertable)]
#[diesel(table_name = inbox, treat_none_as_default_value = false)]
pub(super) struct NewRow<'a> {
    pub id: &'a str,
    pub connection_id: &'a str,
    pub message_id: &'a str,
    pub event: &'a str,
    pub state: &'static str,
    pub body: Option<&'a str>,
    pub received_at: Stamp,
    pub updated_at: Stamp,
    pub pending_since: Stamp,
    pub attempts: i32,
    pub next_at: Stamp,
    pub code: Option<&'a str>,
    pub detail: Option<&'a str>,
    pub remedy: Option<&'a str>,
    pub told_at: Option<NaiveDateTime>,
    pub content_hash: Option<&'a [u8]>,
}

impl<'a> NewRow<'a> {
    fn of(new: &'a NewMessage) -> Self {
        let received_at = Stamp::from(at(new.received_at));
        let problem = new.problem.as_ref();
        Self {
            id: &new.id,
            connection_id: &new.connection_id,
            message_id: &new.message_id,
            event: &new.event,
            state: MessageState::Pending.as_str(),
            body: new.body.as_deref(),
            received_at,
            updated_at: received_at,
            pending_since: received_at,
            attempts: 0,
            next_at: received_at,
            code: problem.map(|problem| problem.code.as_str()),
            detail: problem.map(|problem| problem.detail.as_str()),
            remedy: problem.map(|problem| problem.remedy.as_str()),
            told_at: new.told_at.map(at),
            content_hash: Some(&new.content_hash),
        }
    }

    /// Two gateways that insert the same messages in different orders would wait for each other. The order is stable:
    /// of two alike the first is kept.
    pub(super) fn in_order(new: &[&'a NewMessage]) -> Vec<Self> {
        let mut rows: Vec<Self> = new.iter().copied().map(Self::of).collect();
        rows.sort_by_key(|row| (row.connection_id, row.message_id));
        rows
    }
}
