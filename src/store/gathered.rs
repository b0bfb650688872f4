//! Changes as a transaction gathers them; [`super::changes`] writes them into the feed.

use chrono::NaiveDateTime;

use crate::domain::{
    access::Actor,
    words::{ChangeKind, List},
};

/// Changes that come about together: what they have in common, and each of them.
#[derive(Debug)]
pub(super) struct Changes {
    pub company_id: String,
    pub list: List,
    pub at: NaiveDateTime,
    pub connection_id: Option<String>,
    pub run_id: Option<String>,
    pub app_id: Option<String>,
    /// Who did it, where a person or an app did.
    pub actor: Option<Actor>,
    pub entries: Vec<Entry>,
}

impl Changes {
    /// Of nobody in particular, with no entries yet.
    pub(super) fn new(company_id: &str, list: List, at: NaiveDateTime) -> Self {
        Self {
            company_id: company_id.to_owned(),
            list,
            at,
            connection_id: None,
            run_id: None,
            app_id: None,
            actor: None,
            entries: Vec::new(),
        }
    }
}

/// One change.
#[derive(Debug)]
pub(super) struct Entry {
    pub kind: ChangeKind,
    pub record_id: Option<String>,
    pub external_id: Option<String>,
    /// The record's version after it. Of links it is looked up when they are written: see [`super::changes`].
    pub version: Option<i32>,
    /// The app's own ID of the profile.
    pub profile_id: Option<String>,
}

impl Entry {
    pub(super) fn of_record(kind: ChangeKind, record_id: &str, external_id: &str, version: i32) -> Self {
        Self {
            kind,
            record_id: Some(record_id.to_owned()),
            external_id: Some(external_id.to_owned()),
            version: Some(version),
            profile_id: None,
        }
    }

    pub(super) fn of_profile(kind: ChangeKind, profile_id: &str) -> Self {
        let profile_id = Some(profile_id.to_owned());
        Self { kind, record_id: None, external_id: None, version: None, profile_id }
    }
}
