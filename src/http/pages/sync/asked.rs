//! What the address of a Sync page asks for.

use axum::{extract::Query, http::Uri};
use serde::Deserialize;

use crate::service::records::RecordsQuery;

/// The query of the page and of its parts; empty texts stand for what is not asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) company: String,
    pub(super) app: String,
    pub(super) connection: String,
    pub(super) q_profiles: String,
    pub(super) q_records: String,
    pub(super) q_linked: String,
    pub(super) after_profiles: String,
    pub(super) after_records: String,
    pub(super) after_linked: String,
    /// Which records: a word of [`Show`].
    pub(super) show: String,
    /// The place of the change that was just made.
    pub(super) change: String,
    /// Which list, of a part.
    pub(super) side: String,
    /// A record, of the matches for it.
    pub(super) record: String,
    /// A profile, of the matches for it.
    pub(super) profile: String,
}

impl Asked {
    /// A query that cannot be read asks for nothing.
    pub(super) fn of(uri: &Uri) -> Self {
        Query::try_from_uri(uri).map(|Query(asked)| asked).unwrap_or_default()
    }
}

/// Which of the records that are not linked are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    Active,
    Inactive,
    Missing,
    All,
}

impl Show {
    pub(super) const ALL: [Self; 4] = [Self::Active, Self::Inactive, Self::Missing, Self::All];

    pub(super) fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|show| show.word() == word).unwrap_or(Self::Active)
    }

    /// As in an address.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Missing => "missing",
            Self::All => "all",
        }
    }

    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Missing => "Missing from the last list",
            Self::All => "All",
        }
    }

    pub(super) fn filter(self, query: RecordsQuery) -> RecordsQuery {
        let (active, absent) = match self {
            Self::Active => (Some(true), Some(false)),
            Self::Inactive => (Some(false), Some(false)),
            Self::Missing => (None, Some(true)),
            Self::All => (None, None),
        };
        RecordsQuery { active, absent, ..query }
    }
}
