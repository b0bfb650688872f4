//! All workers of one gateway.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::{sync::watch, task::JoinSet, time::timeout};

use super::{
    audit::Audit,
    backlog::Backlog,
    board::Workers,
    frame::{self, Worker},
    gateways::Gateways,
    inbox::Inboxes,
    periodic::{ForAll, Periodically},
    poll::Polling,
    report::Report,
    retention::Retention,
    search_index::SearchIndex,
    sweep::Sweep,
    watch::Watch,
};
use crate::{
    clock::Ambient,
    store::{Store, workers},
    sync::{audit::checkpoints::Checkpoints, gateways::Alive, retention::Kept, shared_clock::SharedClock},
};

/// What they are given.
pub struct Crew {
    pub store: Store,
    pub ambient: Ambient,
    /// The clock in it.
    pub clock: Arc<SharedClock>,
    /// The name of this gateway, in leases.
    pub gateway: String,
    /// Shows others that this gateway is alive, and whether they are.
    pub alive: Alive,
    pub inboxes: Inboxes,
    pub polling: Polling,
    /// How long webhooks that were dealt with are kept, and all else.
    pub webhooks: TimeDelta,
    pub kept: Kept,
    pub checkpoints: Checkpoints,
    /// Where they tell how they are.
    pub workers: Workers,
}

impl Crew {
    /// Starts all of them, each under its supervisor.
    pub fn start(self, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
        let Self {
            store,
            ambient,
            clock,
            gateway,
            alive,
            inboxes,
            polling,
            webhooks,
            kept,
            checkpoints,
            workers,
        } = self;
        let for_all = || ForAll { store: store.clone(), gateway: gateway.clone() };
        let (db, time) = (|| store.clone(), || ambient.clone());
        let mut started = Started { beside: JoinSet::new(), workers: workers.clone(), stopped };
        started.add(Periodically::each(Gateways { store: db(), alive }, time()));
        started.add(Periodically::one(Backlog { store: db(), ambient: time() }, time(), for_all()));
        started.add(Periodically::one(SearchIndex { store: db(), ambient: time() }, time(), for_all()));
        started.add(Periodically::one(Sweep { store: db(), ambient: time(), webhooks }, time(), for_all()));
        started.add(Periodically::one(Retention { store: db(), ambient: time(), kept }, time(), for_all()));
        started.add(Periodically::each(Audit { store: db(), ambient: time(), checkpoints }, time()));
        started.add(Periodically::each(Watch { store: db(), clock }, time()));
        started.add(inboxes);
        started.add(polling);
        started.add(Periodically::each(Report::new(db(), time(), gateway.clone(), workers), time()));
        started.beside
    }
}

struct Started<'a> {
    beside: JoinSet<()>,
    workers: Workers,
    stopped: &'a watch::Receiver<bool>,
}

impl Started<'_> {
    fn add<W: Worker>(&mut self, worker: W) {
        let (worker, workers, stop) = (Arc::new(worker), self.workers.clone(), self.stopped.clone());
        let run = move || frame::run(Arc::clone(&worker), workers.clone(), stop.clone());
        self.beside.spawn(self.workers.clone().supervise(W::NAME, run, self.stopped.clone()));
    }
}

/// How long a gateway that stops tries to say so.
const PATIENCE: Duration = Duration::from_secs(1);

/// Takes back what a gateway reported of its workers: it stops.
pub async fn leave(store: &Store, gateway: &str) {
    let gateway = gateway.to_owned();
    let left = timeout(PATIENCE, store.write(move |db| workers::forget(db, &gateway))).await;
    if !matches!(left, Ok(Ok(_))) {
        tracing::warn!("the database does not take that the workers of this gateway have stopped");
    }
}
