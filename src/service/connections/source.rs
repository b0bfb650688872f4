//! The views of what calls the source: the connectivity test, and the callbacks.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    connectors::source::Subscribed, domain::words::Cause, service::schema, store::connections::Connection,
    sync::check::Check,
};

/// Whether the source can be reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestResult {
    pub ok: bool,
    /// One of `dns`, `tcp`, `tls`, `timeout`, `credentials`, `address_not_allowed`, `permission`, `rate_limit`,
    /// `version`, `not_found`, `server`; null where it is ok.
    #[schema(schema_with = schema::causes)]
    pub cause: Option<Cause>,
    pub detail: String,
    /// What to do; null where it is ok.
    pub remedy: Option<String>,
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When the Web Connector should call next; null where it has never called.
    pub expected_at: Option<DateTime<Utc>>,
}

impl TestResult {
    /// The result that `check` found for a connection.
    pub fn new(connection: &Connection, check: Check) -> Self {
        Self {
            ok: check.ok,
            cause: check.cause,
            detail: check.detail,
            remedy: Some(check.remedy).filter(|remedy| !remedy.is_empty()),
            last_seen_at: connection.last_seen_at,
            expected_at: check.expected_at,
        }
    }
}

/// The callbacks that stand at the source.
#[derive(Debug, Serialize, ToSchema)]
pub struct Callbacks {
    /// The connection's ID.
    pub id: String,
    pub callbacks: Vec<Callback>,
}

/// One callback.
#[derive(Debug, Serialize, ToSchema)]
pub struct Callback {
    /// The source's word for what it tells of, such as `member` or `company`.
    #[serde(rename = "type")]
    pub kind: String,
    pub state: CallbackState,
}

/// What was done so that it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallbackState {
    Created,
    /// It stood already.
    Kept,
    /// The source had switched it off.
    EnabledAgain,
}

impl CallbackState {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Kept => "kept",
            Self::EnabledAgain => "enabled again",
        }
    }
}

impl Callbacks {
    /// In the order of their types.
    pub fn new(id: String, done: Subscribed) -> Self {
        let of = |kinds: Vec<String>, state| kinds.into_iter().map(move |kind| Callback { kind, state });
        let mut callbacks: Vec<Callback> = of(done.added, CallbackState::Created)
            .chain(of(done.renewed, CallbackState::EnabledAgain))
            .chain(of(done.present, CallbackState::Kept))
            .collect();
        callbacks.sort_by(|one, other| one.kind.cmp(&other.kind));
        Self { id, callbacks }
    }
}
