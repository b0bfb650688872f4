//! What the page says about its source, and about what was just done.

use askama::Template;
use axum::{extract::State, http::StatusCode, http::Uri, response::Response};
use chrono::{DateTime, Utc};

use crate::{
    domain::{
        access::{Attempt, action},
        words::{ChangeKind, ConnectionState, List, Mode, RunState},
    },
    http::{Gateway, api::auth::Caller, pages::answer, problem::ApiError},
    service::{
        self,
        connections::{self, Connection},
        pairs::LinkChange,
        runs::Run,
    },
    store::{Db, PageLimit},
};

use super::{
    ListName,
    asked::Asked,
    people,
    place::{Place, calls_in},
};

/// A time that a script rewrites to the reader's zone.
pub(super) struct Time {
    pub(super) exact: String,
    pub(super) told: String,
}

impl Time {
    pub(super) fn at(time: DateTime<Utc>) -> Self {
        Self {
            exact: time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            told: time.format("%-d %b %H:%M UTC").to_string(),
        }
    }
}

/// What stands at the top about the source: what was last heard, and what it is doing.
#[derive(Template)]
#[template(path = "sync/state.html")]
pub(super) struct SourceState {
    pub(super) heard: Option<Time>,
    pub(super) next: Option<Time>,
    /// Whether it waits for something: then it is drawn hatched.
    pub(super) waits: bool,
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) remedy: String,
    /// How far a run has come, and what the one before had in all; 0 where that is not known.
    pub(super) progress: Option<(u64, u64)>,
    /// Where the run is shown.
    pub(super) run: String,
    /// Whether a list is being read or waited for.
    pub(super) busy: bool,
}

impl SourceState {
    /// # Errors
    /// As [`connections::runs`].
    pub(super) fn read(
        db: &mut Db,
        attempt: &Attempt<action::Read>,
        connection: &Connection,
        list: List,
        quicklink: bool,
    ) -> service::Result<Self> {
        let runs = connections::runs(db, attempt, &connection.id, None, PageLimit::DEFAULT)?.rows;
        let mut runs = runs.into_iter().map(Run::from).filter(|run| run.list == list);
        let last = runs.next();
        let before = runs.find(|run| run.state == RunState::Complete && run.reconciled);
        Ok(Self::told(connection, list, last, before.map_or(0, |run| run.received), quicklink))
    }

    fn told(connection: &Connection, list: List, last: Option<Run>, estimate: u64, quicklink: bool) -> Self {
        let status = &connection.status;
        let mut state = Self {
            heard: connection.last_seen_at.map(Time::at),
            next: status.next_attempt_at.map(Time::at),
            waits: false,
            title: String::new(),
            detail: String::new(),
            remedy: String::new(),
            progress: None,
            run: String::new(),
            busy: false,
        };
        if let Some(run) = &last
            && !quicklink
        {
            state.run = format!("/runs/{}", run.id);
        }
        match last.as_ref().map(|run| run.state) {
            Some(RunState::Running) => {
                let received = last.as_ref().map_or(0, |run| run.received);
                state.busy = true;
                state.title = match calls_in(connection.kind) {
                    true => {
                        format!("The Web Connector is sending: {received} {} so far.", people(list))
                    }
                    false => format!("Reading {} from {}… {received} so far.", people(list), connection.name),
                };
                state.progress = Some((received, estimate));
            }
            Some(RunState::Queued) => {
                (state.busy, state.waits) = (true, true);
                let title = match connection.last_seen_at {
                    _ if !calls_in(connection.kind) => "Queued.",
                    Some(_) => "Queued for the Web Connector.",
                    None => "QuickBooks has never called.",
                };
                title.clone_into(&mut state.title);
                state.detail.clone_from(&status.detail);
                state.remedy = status.remedy.clone().unwrap_or_default();
                if connection.paused {
                    "The connection is paused: nothing runs until it is resumed."
                        .clone_into(&mut state.detail);
                }
            }
            Some(RunState::Held) => {
                let absent = last.as_ref().map_or(0, |run| run.absent);
                state.waits = true;
                state.title = format!("{absent} would vanish at once, so nobody was marked.");
            }
            _ => state.settle(connection, last),
        }
        state
    }

    /// Of a source that does nothing at the moment.
    fn settle(&mut self, connection: &Connection, last: Option<Run>) {
        let status = &connection.status;
        match status.state {
            ConnectionState::Ok | ConnectionState::Polling => {}
            _ => {
                self.waits = true;
                self.title = format!("{}: {}.", connection.name, status.state.as_str().replace('_', " "));
                self.detail.clone_from(&status.detail);
                self.remedy = status.remedy.clone().unwrap_or_default();
                return;
            }
        }
        let Some(run) = last.filter(|run| run.state == RunState::Complete) else { return };
        let parts = [
            (run.created, "new"),
            (run.updated, "changed"),
            (run.absent, "left"),
            (run.unchanged, "as before"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        // A run that asks for changes alone is not sent those who are as before.
        let what = if run.mode == Mode::Full { "Last list" } else { "Last changes" };
        if !parts.is_empty() {
            self.detail = format!("{what}: {}.", parts.join(", "));
        }
    }
}

/// Only what is said about the source, for a page that follows it.
pub(super) async fn state(
    State(gateway): State<Gateway>,
    ListName(list): ListName,
    uri: Uri,
    caller: Caller<action::Read>,
) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri);
    let read = caller.acting_for(None).read(move |db, attempt| {
        let place = Place::choose(db, &gateway, attempt, list, &asked, None)?;
        match &place.connection {
            Some(connection) => SourceState::read(db, attempt, connection, list, place.quicklink),
            None => Err(service::Refusal::not_there("connection")),
        }
    });
    Ok(answer::page(StatusCode::OK, &read.await?))
}

/// What was just done, and how to undo it.
pub(super) struct Done {
    pub(super) said: String,
    /// The place of the change; empty where nothing can be undone.
    pub(super) change: String,
}

impl Done {
    pub(super) fn of(change: &LinkChange) -> Self {
        let (profile, record) = (name(change.profile_name.as_deref()), name(change.record_name.as_deref()));
        let said = match change.kind {
            ChangeKind::Unlinked => {
                format!("Unlinked {profile} from {record}. Both are back in their lists.")
            }
            _ => format!("Linked {profile} with {record}."),
        };
        Self { said, change: change.position.to_string() }
    }
}

pub(super) fn name(known: Option<&str>) -> &str {
    known.unwrap_or("somebody who is gone")
}
