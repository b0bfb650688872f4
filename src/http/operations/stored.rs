//! What the database tells of how the gateway does: looked up at most every few seconds, however often it is asked for.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::exposition::{Exposition, Kind as Grows};
use crate::{
    domain::words::{ConnectionState, Kind, List, RunState},
    http::Gateway,
    store::{self, Db, PageLimit, connections, inbox, lists, runs},
    sync::status,
};

/// Connections that have figures of their own.
const SHOWN: usize = 1000;

/// How long what was looked up is told again.
const FRESH: Duration = Duration::from_secs(5);

/// What was looked up last, and when.
#[derive(Debug, Default)]
pub(super) struct Looked(Mutex<Option<(Instant, Stored)>>);

impl Looked {
    /// Those who ask at the same time wait for one look.
    pub(super) async fn look(&self, gateway: &Gateway) -> store::Result<Stored> {
        let mut last = self.0.lock().await;
        if let Some((when, stored)) = last.as_ref()
            && when.elapsed() < FRESH
        {
            return Ok(stored.clone());
        }
        let now = gateway.ambient.now();
        let stored = gateway.store.read(move |db| Stored::read(db, now)).await?;
        *last = Some((Instant::now(), stored.clone()));
        Ok(stored)
    }
}

/// The figures that are in the database.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    held: u64,
    runs: BTreeMap<RunState, u64>,
    inbox: inbox::Depth,
    connections: Vec<Shown>,
    at: DateTime<Utc>,
}

/// One connection's figures.
#[derive(Debug, Clone)]
struct Shown {
    id: String,
    kind: Kind,
    state: ConnectionState,
    whole: BTreeMap<List, DateTime<Utc>>,
}

/// Whole seconds of what has passed.
fn seconds(passed: TimeDelta) -> u64 {
    u64::try_from(passed.num_seconds()).unwrap_or(0)
}

impl Stored {
    fn read(db: &mut Db, at: DateTime<Utc>) -> store::Result<Self> {
        let mut shown: Vec<Shown> = Vec::new();
        while shown.len() < SHOWN {
            let after = shown.last().map(|last| last.id.clone());
            let page = connections::page(db, None, after.as_deref(), PageLimit::DEFAULT)?;
            for (connection, (status, cursors)) in page.rows.iter().zip(status::all(db, &page.rows, at)?) {
                let whole = |(list, cursor): (List, lists::Cursor)| Some((list, cursor.last_full_at?));
                shown.push(Shown {
                    id: connection.id.clone(),
                    kind: connection.kind,
                    state: status.state,
                    whole: cursors.into_iter().filter_map(whole).collect(),
                });
            }
            if !page.more {
                break;
            }
        }
        shown.truncate(SHOWN);
        let (held, runs, inbox) = (runs::held(db)?, lists::run_counts(db)?, inbox::depth(db)?);
        Ok(Self { held, runs, inbox, connections: shown, at })
    }

    pub(super) fn write(&self, figures: &mut Exposition) {
        figures.one("runs_held", Grows::Gauge, "Runs that wait for a person's decision.", self.held);
        figures.by(
            ("runs", Grows::Counter),
            "Runs that ended, by how.",
            "state",
            self.runs.iter().map(|(state, runs)| (state, *runs)),
        );
        let mut states: BTreeMap<ConnectionState, u64> =
            ConnectionState::ALL.iter().map(|state| (*state, 0)).collect();
        for connection in &self.connections {
            *states.entry(connection.state).or_default() += 1;
        }
        figures.by(("connections", Grows::Gauge), "Connections, by their state.", "state", states);
        figures.begin("connection_state", Grows::Gauge, "The state of a connection: 1 with its word.");
        for it in &self.connections {
            let labels =
                [("connection", it.id.as_str()), ("kind", it.kind.as_str()), ("state", it.state.as_str())];
            figures.value(&labels, 1_u64);
        }
        let name = "connection_whole_read_age_seconds";
        figures.begin(name, Grows::Gauge, "Since a list was last read to its end as a whole.");
        for it in &self.connections {
            for (list, at) in &it.whole {
                let labels = [("connection", it.id.as_str()), ("list", list.as_str())];
                figures.value(&labels, seconds(self.at - *at));
            }
        }
        let depth = [("pending", self.inbox.waiting), ("dead", self.inbox.dead)];
        figures.by(
            ("inbox_messages", Grows::Gauge),
            "Messages of webhooks that are not done.",
            "state",
            depth,
        );
        let oldest = self.inbox.oldest.map_or(0, |at| seconds(self.at - at));
        figures.one(
            "inbox_oldest_age_seconds",
            Grows::Gauge,
            "How long the oldest pending message waits.",
            oldest,
        );
    }
}
