//! What the audit keeps: who did what to which object, and which of its members. Never a secret, and of people nothing
//! but IDs: a member whose value could be either is named without its value.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    access::{Actor, Origin},
    words::AuditAction,
};

/// The chain of what belongs to no company: apps, tokens, keys.
pub const GLOBAL: &str = "global";

/// Something that was done, as a verb tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub action: AuditAction,
    /// The company whose chain it goes into; without one, it is [`GLOBAL`].
    pub company_id: Option<String>,
    /// The kind of the object, such as `connection`, and its ID.
    pub object: (&'static str, String),
    pub members: Vec<Member>,
}

/// A member of an object, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Act {
    pub fn new(action: AuditAction, kind: &'static str, id: impl Into<String>) -> Self {
        Self { action, company_id: None, object: (kind, id.into()), members: Vec::new() }
    }

    /// It goes into the chain of this company.
    #[must_use]
    pub fn of(mut self, company_id: impl Into<String>) -> Self {
        self.company_id = Some(company_id.into());
        self
    }

    /// A member was given, changed or taken away; its value is not told.
    #[must_use]
    pub fn named(mut self, field: impl Into<String>) -> Self {
        self.members.push(Member { field: field.into(), before: None, after: None });
        self
    }

    /// The same of several.
    #[must_use]
    pub fn all_named<F: Into<String>>(self, fields: impl IntoIterator<Item = F>) -> Self {
        fields.into_iter().fold(self, Self::named)
    }

    /// A member whose value is an ID, a number or a word of ours.
    #[must_use]
    pub fn with(self, field: impl Into<String>, value: impl ToString) -> Self {
        self.turned(field, None::<&str>, Some(value))
    }

    /// The same, before and after.
    #[must_use]
    pub fn turned<B: ToString, A: ToString>(
        mut self,
        field: impl Into<String>,
        before: Option<B>,
        after: Option<A>,
    ) -> Self {
        let (before, after) = (before.map(|it| it.to_string()), after.map(|it| it.to_string()));
        self.members.push(Member { field: field.into(), before, after });
        self
    }
}

/// A row of the audit as it stands in the database. Words are texts here: one that was tampered with is read all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// A company's ID, or [`GLOBAL`].
    pub chain: String,
    /// Its place in the chain, from 1 up and without gaps.
    pub seq: i64,
    /// When the call came, or the work was done. It is no order: a later row may have an earlier time.
    pub at: DateTime<Utc>,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub action: String,
    pub object_kind: String,
    pub object_id: String,
    /// [`Member`]s as JSON, in the bytes in which they were written first.
    pub members: String,
    pub request_id: Option<String>,
    pub address: Option<String>,
    pub credential: Option<String>,
    /// The fingerprint of the key that its hash was made with.
    pub key_id: String,
    /// Made of the row and of the hash before it.
    pub hash: Vec<u8>,
}

impl Row {
    /// The members, if they can be read.
    pub fn members(&self) -> Vec<Member> {
        serde_json::from_str(&self.members).unwrap_or_default()
    }

    /// The value that a member has after it.
    pub fn after(&self, field: &str) -> Option<String> {
        self.members().into_iter().find(|member| member.field == field)?.after
    }
}

/// Where a chain stood at a time: kept where the database is not, it shows later what is gone from the end of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub chain: String,
    /// The last row, and its hash in hexadecimal.
    pub seq: i64,
    pub hash: String,
    /// How many rows the chain had.
    pub count: i64,
    pub time: DateTime<Utc>,
}

/// Something that was done, with who did it and how the call came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub act: Act,
    pub actor: Actor,
    pub origin: Origin,
}
