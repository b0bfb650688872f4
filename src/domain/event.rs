//! What a webhook told, in our words. Only this is kept of a message: what we do not need never reaches a table.

use serde::{Deserialize, Serialize};

use super::{record::Record, words::List};

/// The meaning of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Event {
    /// A hint: this record has changed. It is fetched from its source.
    Changed { list: List, external_id: String },
    /// A hint: this record may be gone. Only the whole list can tell.
    MayBeGone { list: List, external_id: String },
    /// A hint that does not say of whom: the changes are asked for.
    SomethingChanged,
    /// The code with which an administrator proves to the vendor that the address is ours.
    VerificationCode { code: String },
    /// These records are as told.
    Upserted { list: List, records: Vec<Record> },
    /// These are gone.
    Removed { list: List, external_ids: Vec<String> },
    /// One page of the whole list, numbered from 1.
    Replaced { list: List, page: u32, last: bool, records: Vec<Record> },
    /// Nothing to do: a ping, or something that is not staged.
    Nothing,
}

/// A message as it was understood when it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The sender's own ID of the message: the same one twice is one message.
    pub message_id: String,
    /// The sender's name for what happened.
    pub name: String,
    /// Its meaning, or why it has none: such a message is kept as dead, for a person to see.
    pub event: Result<Event, String>,
}
