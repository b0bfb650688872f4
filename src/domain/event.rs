//! What a webhook told, in our words. Only this is kept of a message: what we do not need never reaches a table.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{patch::Patch, record::Record, words::List};

/// When something was so, as its source says; of two from the same time the one that came later is the newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    pub at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
}

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
    /// Some members of these records are as told.
    Merged { list: List, patches: Vec<Patch> },
    /// These are gone.
    Removed { list: List, external_ids: Vec<String> },
    /// One page of the whole list, numbered from 1; of which list, where the sender says it.
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

/// A message as it was understood when it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The sender's own ID of the message: the same one twice is one message.
    pub message_id: String,
    /// The sender's name for what happened.
    pub name: String,
    /// When it was so, where the sender says it.
    pub told_at: Option<DateTime<Utc>>,
    /// Its meaning, or why it has none: such a message is kept as dead, for a person to see.
    pub event: Result<Event, String>,
}
