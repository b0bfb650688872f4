//! The meaning of a webhook's message. Only this is kept of it: data that we do not need never reaches a table.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{patch::Patch, record::Record, words::List};

/// The time to which a message refers, as its source says; of two messages about the same time the one that arrived
/// later is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    pub at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
}

/// The meaning of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Event {
    /// A hint: this record has changed. It will be fetched from its source.
    Changed { list: List, external_id: String },
    /// A hint: this record may be gone. Only the whole list can tell.
    MayBeGone { list: List, external_id: String },
    /// A hint without an ID: the changes will be requested.
    SomethingChanged,
    /// The code with which an administrator proves to the vendor that the address is ours.
    VerificationCode { code: String },
    /// The complete content of these records.
    Upserted { list: List, records: Vec<Record> },
    /// Some members of these records.
    Merged { list: List, patches: Vec<Patch> },
    /// These records are gone.
    Removed { list: List, external_ids: Vec<String> },
    /// One page of the whole list, numbered from 1; and of which list, if the sender says so.
    Replaced {
        list: List,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        list_id: Option<String>,
        page: u32,
        last: bool,
        records: Vec<Record>,
    },
    /// Nothing to do: a ping, or something that is not staged.
    Nothing,
}

/// A message as it was parsed when it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The sender's ID of the message: two messages with the same ID are one.
    pub message_id: String,
    /// The sender's name for the event.
    pub name: String,
    /// When the event happened, if the sender says so.
    pub told_at: Option<DateTime<Utc>>,
    /// The event, or why the message has none: such a message is kept as dead, for a person to see.
    pub event: Result<Event, String>,
}
