//! The query of the change feed, and a page of changes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::words::{ChangeKind, List},
    http::api::schema,
    service::{
        Refusal, Result,
        feed::{FeedChange, FeedPage},
    },
    store::changes::Filter,
};

use super::reader::LONGEST_WAIT;

/// The default and the largest number of changes in a page.
pub(super) const USUAL: usize = 100;
const MOST: usize = 1000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChangesQuery {
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
    pub(super) fn most(&self) -> Result<usize> {
        let Some(rows) = self.limit else { return Ok(USUAL) };
        usize::try_from(rows).ok().filter(|rows| (1..=MOST).contains(rows)).ok_or_else(|| {
            let remedy = format!("Ask for 1 to {MOST} changes.");
            Refusal::unacceptable("invalid_limit", format!("A page cannot have {rows} changes."), remedy)
        })
    }

    pub(super) fn wait(&self) -> Result<Duration> {
        let Some(seconds) = self.wait else { return Ok(Duration::ZERO) };
        let wait = u64::try_from(seconds).ok().map(Duration::from_secs);
        wait.filter(|wait| *wait <= LONGEST_WAIT).ok_or_else(|| {
            let remedy = format!("Wait 0 to {} seconds, and ask again.", LONGEST_WAIT.as_secs());
            Refusal::unacceptable(
                "invalid_wait",
                format!("The feed does not wait for {seconds} seconds."),
                remedy,
            )
        })
    }

    pub(super) fn filter(&self) -> Result<Filter> {
        let kinds = self.kind.iter().flat_map(|kinds| kinds.split(',')).map(str::parse);
        let kinds: Result<Vec<ChangeKind>, _> = kinds.collect();
        let kinds = kinds.map_err(|unknown| {
            Refusal::unacceptable(
                "invalid_kind",
                "`kind` names a kind of change that there is not.",
                format!("Send some of these, parted by commas: {}.", unknown.known),
            )
        })?;
        Ok(Filter { list: self.list, kinds })
    }
}

/// A part of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangesPage {
    /// In the order of their positions. It may be empty although `more` follows: a filter has left out all of this part.
    data: Vec<FeedChange>,
    /// What to send as `after` to go on; it is there on an empty page too.
    next: String,
    /// Whether more follows already.
    more: bool,
}

impl ChangesPage {
    pub(super) fn of(part: FeedPage) -> Self {
        Self { next: part.next.to_text(), more: part.more, data: part.changes }
    }
}
