//! A change as it is shown, and what is asked for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::words::{ChangeKind, List},
    http::{
        api::{errors::unacceptable, schema},
        problem::ApiError,
    },
    store::changes::{self, Filter},
    sync::scope::Scope,
};

use super::look::{LONGEST_WAIT, Looked};

/// Changes of a page where nothing else is asked for, and at most.
pub(super) const USUAL: usize = 100;
const MOST: usize = 1000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// The company's ID or name; may be left out where the token sees only one.
    pub company: Option<String>,
    /// `next` of the answer before; `latest` to hear only of what is to come; left out: from the oldest change kept.
    pub after: Option<String>,
    /// Changes of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// Seconds to wait for a change where there is none yet.
    #[param(minimum = 0, maximum = 25)]
    wait: Option<i64>,
    /// Only changes of this list.
    #[param(schema_with = schema::lists)]
    list: Option<List>,
    /// Only changes of these kinds, parted by commas.
    #[param(schema_with = schema::change_kind_list, style = Form, explode = false)]
    kind: Option<String>,
}

impl ChangesQuery {
    pub(super) fn most(&self) -> Result<usize, ApiError> {
        let Some(rows) = self.limit else { return Ok(USUAL) };
        usize::try_from(rows).ok().filter(|rows| (1..=MOST).contains(rows)).ok_or_else(|| {
            let remedy = format!("Ask for 1 to {MOST} changes.");
            unacceptable("invalid_limit", format!("A page cannot have {rows} changes."), &remedy)
        })
    }

    pub(super) fn wait(&self) -> Result<Duration, ApiError> {
        let Some(seconds) = self.wait else { return Ok(Duration::ZERO) };
        let wait = u64::try_from(seconds).ok().map(Duration::from_secs);
        wait.filter(|wait| *wait <= LONGEST_WAIT).ok_or_else(|| {
            let remedy = format!("Wait 0 to {} seconds, and ask again.", LONGEST_WAIT.as_secs());
            unacceptable("invalid_wait", format!("The feed does not wait for {seconds} seconds."), &remedy)
        })
    }

    pub(super) fn filter(&self) -> Result<Filter, ApiError> {
        let kinds = self.kind.iter().flat_map(|kinds| kinds.split(',')).map(str::parse);
        let kinds: Result<Vec<ChangeKind>, _> = kinds.collect();
        let kinds = kinds.map_err(|unknown| {
            unacceptable(
                "invalid_kind",
                "`kind` names a kind of change that there is not.",
                &format!("Send some of these, parted by commas: {}.", unknown.known),
            )
        })?;
        Ok(Filter { list: self.list, kinds })
    }
}

/// A part of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangesPage {
    /// In the order of their positions. It may be empty although `more` follows: a filter has left out all of this part.
    data: Vec<FeedChange>,
    /// What to send as `after` to go on; it is there on an empty page too.
    next: String,
    /// Whether more follows already.
    more: bool,
}

impl ChangesPage {
    pub(super) fn of(Looked { part, scope }: Looked) -> Self {
        let (next, more) = (part.next.to_text(), part.more);
        let data = part.changes.into_iter().map(|change| FeedChange::of(change, &scope)).collect();
        Self { data, next, more }
    }
}

/// Something that has happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedChange {
    /// Its place in the company's feed, from 1 up and without gaps.
    position: i64,
    /// For people: positions are the order, and a later one may have an earlier time.
    at: DateTime<Utc>,
    #[schema(schema_with = schema::change_kinds)]
    kind: ChangeKind,
    #[schema(schema_with = schema::lists)]
    list: List,
    /// The record; null for what happened to a profile. So are the next three.
    record_id: Option<String>,
    external_id: Option<String>,
    connection_id: Option<String>,
    /// The record's version after it: a record that was read later has this one or a higher one.
    version: Option<i32>,
    /// Whose link or profile it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    /// The app's ID of the profile, shown to that app and to admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    /// Who did it, where a person or an app did.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
}

impl FeedChange {
    /// As `scope` may see it: an app's IDs are no other app's business.
    pub(super) fn of(change: changes::Change, scope: &Scope) -> Self {
        let own = scope.app.admin || change.app_id.as_ref().is_some_and(|app| *app == scope.app.id);
        Self {
            position: change.position,
            at: change.at,
            kind: change.kind,
            list: change.list,
            record_id: change.record_id,
            external_id: change.external_id,
            connection_id: change.connection_id,
            version: change.version,
            app_id: change.app_id,
            profile_id: change.profile_id.filter(|_| own),
            run_id: change.run_id,
            actor: change.actor,
        }
    }
}
