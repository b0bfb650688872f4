//! How a call came: what the audit keeps of it beside who made it.

use std::{net::IpAddr, sync::Arc};

use chrono::{DateTime, Utc};

/// How and when a call came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// When it came.
    pub at: DateTime<Utc>,
    /// The ID that finds the request in the log; `None` for the command line and for workers.
    pub request_id: Option<Arc<str>>,
    /// The caller's address; `None` for the command line and for workers.
    pub address: Option<IpAddr>,
    /// The ID of the token, or of what else the caller showed; `None` where nothing had to be shown.
    pub credential: Option<Arc<str>>,
}

impl Origin {
    /// A call that came through no network.
    pub fn at(at: DateTime<Utc>) -> Self {
        Self { at, request_id: None, address: None, credential: None }
    }
}
