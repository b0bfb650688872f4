//! Metrics from the database: read at most every few seconds, however often they are asked for.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::exposition::{Exposition, Kind as MetricKind};
use crate::{
    domain::{
        ids::ConnectionId,
        words::{ConnectionState, Kind, List, RunState},
    },
    http::Gateway,
    store::{self, Db, PageLimit, connections, inbox, lists, runs},
    sync::status,
};

/// The most connections that have metrics of their own.
const MOST_CONNECTIONS: usize = 1000;

/// How long statistics are served again before they are read anew.
const MAX_AGE: Duration = Duration::from_secs(5);

/// The last statistics, and when they were read.
#[derive(Debug, Default)]
pub(super) struct DatabaseStatsCache(Mutex<Option<(Instant, DatabaseStats)>>);

impl DatabaseStatsCache {
    /// Requests that come at the same time wait for one read.
    pub(super) async fn get(&self, gateway: &Gateway) -> store::Result<DatabaseStats> {
        let mut last = self.0.lock().await;
        if let Some((when, database_stats)) = last.as_ref()
            && when.elapsed() < MAX_AGE
        {
            return Ok(database_stats.clone());
        }
        let now = gateway.ambient.now();
        let database_stats = gateway.store.read(move |db| DatabaseStats::read(db, now)).await?;
        *last = Some((Instant::now(), database_stats.clone()));
        Ok(database_stats)
    }
}

/// Statistics from the database.
#[derive(Debug, Clone)]
pub(super) struct DatabaseStats {
    held: u64,
    runs: BTreeMap<RunState, u64>,
    inbox: inbox::Depth,
    connections: Vec<ConnectionStats>,
    at: DateTime<Utc>,
}

/// The statistics of one connection.
#[derive(Debug, Clone)]
struct ConnectionStats {
    id: ConnectionId,
    kind: Kind,
    state: ConnectionState,
    whole: BTreeMap<List, DateTime<Utc>>,
}

/// A time span in whole seconds.
fn seconds(passed: TimeDelta) -> u64 {
    u64::try_from(passed.num_seconds()).unwrap_or(0)
}

impl DatabaseStats {
    fn read(db: &mut Db, at: DateTime<Utc>) -> store::Result<Self> {
        let mut connections: Vec<ConnectionStats> = Vec::new();
        while connections.len() < MOST_CONNECTIONS {
            let after = connections.last().map(|last| last.id.clone());
            let page = connections::page(db, None, after.as_deref(), PageLimit::DEFAULT)?;
            for (connection, (status, cursors)) in page.rows.iter().zip(status::all(db, &page.rows, at)?) {
                let whole = |(list, cursor): (List, lists::Cursor)| Some((list, cursor.last_full_at?));
                connections.push(ConnectionStats {
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
        connections.truncate(MOST_CONNECTIONS);
        let (held, runs, inbox) = (runs::held(db)?, lists::run_counts(db)?, inbox::depth(db)?);
        Ok(Self { held, runs, inbox, connections, at })
    }

    pub(super) fn write(&self, figures: &mut Exposition) {
        figures.one("runs_held", MetricKind::Gauge, "Runs that wait for a person's decision.", self.held);
        figures.by(
            ("runs", MetricKind::Counter),
            "Runs that ended, by how.",
            "state",
            self.runs.iter().map(|(state, runs)| (state, *runs)),
        );
        let mut states: BTreeMap<ConnectionState, u64> =
            ConnectionState::ALL.iter().map(|state| (*state, 0)).collect();
        for connection in &self.connections {
            *states.entry(connection.state).or_default() += 1;
        }
        figures.by(("connections", MetricKind::Gauge), "Connections, by their state.", "state", states);
        figures.begin("connection_state", MetricKind::Gauge, "The state of a connection: 1 with its word.");
        for it in &self.connections {
            let labels =
                [("connection", it.id.as_str()), ("kind", it.kind.as_str()), ("state", it.state.as_str())];
            figures.value(&labels, 1_u64);
        }
        let name = "connection_whole_read_age_seconds";
        figures.begin(name, MetricKind::Gauge, "Since a list was last read to its end as a whole.");
        for it in &self.connections {
            for (list, at) in &it.whole {
                let labels = [("connection", it.id.as_str()), ("list", list.as_str())];
                figures.value(&labels, seconds(self.at - *at));
            }
        }
        let depth = [("pending", self.inbox.waiting), ("dead", self.inbox.dead)];
        figures.by(
            ("inbox_messages", MetricKind::Gauge),
            "Messages of webhooks that are not done.",
            "state",
            depth,
        );
        let oldest = self.inbox.oldest.map_or(0, |at| seconds(self.at - at));
        figures.one(
            "inbox_oldest_age_seconds",
            MetricKind::Gauge,
            "How long the oldest pending message waits.",
            oldest,
        );
    }
}
