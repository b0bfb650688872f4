//! Polls the connections that are due: claimed one by one by lease, a few at a time.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use tracing::Instrument;

use super::troubles::Troubles;
use crate::{
    connectors::outbound::Place,
    store::polls::Lease,
    sync::{
        gateways::Alive,
        poll::{self, Reach},
    },
};

/// How often it looks for what another process asked for, or what has become due.
const PERIOD: Duration = Duration::from_secs(1);

/// What the worker is given.
#[derive(Clone)]
pub struct Polling {
    pub reach: Reach,
    /// Somebody asked for lists in this process: look at once.
    pub wake: Arc<Notify>,
    /// The name of this gateway, in leases.
    pub gateway: String,
    /// Shows others that this gateway is alive, and whether they are.
    pub alive: Alive,
    /// Connections that are polled at the same time, those that only wait not counted.
    pub at_once: u16,
}

/// Runs until `shutdown` becomes true or its sender is gone; then leases are given back, so that another gateway, or
/// the next start, goes on at once.
pub async fn run(polling: Polling, shutdown: watch::Receiver<bool>) {
    let mut under_way = JoinSet::new();
    let places = polling.reach.outbound.places.clone();
    let mut stopped = shutdown.clone();
    let troubles = Troubles::default();
    loop {
        bury(&polling, &troubles).await;
        let free = places.free(polling.at_once);
        if free > 0 {
            for lease in due(&polling, free, &troubles).await {
                let span = tracing::info_span!("poll", connection = lease.connection_id);
                let one = one(polling.clone(), lease, places.take(), shutdown.clone());
                under_way.spawn(one.instrument(span));
            }
        }
        tokio::select! {
            Some(_) = under_way.join_next() => {}
            () = polling.wake.notified() => {}
            () = tokio::time::sleep(PERIOD) => {}
            () = async { drop(stopped.wait_for(|stop| *stop).await) } => break,
        }
    }
    while under_way.join_next().await.is_some() {}
}

async fn due(polling: &Polling, most: u16, troubles: &Troubles) -> Vec<Lease> {
    let claimed = poll::claim(&polling.reach, &polling.gateway, most).await;
    troubles.note("connections that are due cannot be claimed in the database", claimed).unwrap_or_default()
}

/// Whoever was killed leaves leases behind: its work goes on at once.
async fn bury(polling: &Polling, troubles: &Troubles) {
    let buried = polling.alive.bury(&polling.reach.store).await;
    troubles.note("the leases of a gateway that has gone are not freed", buried);
}

async fn one(polling: Polling, lease: Lease, place: Arc<Place>, mut shutdown: watch::Receiver<bool>) {
    let Polling { reach, at_once, .. } = polling;
    tokio::select! {
        () = poll::poll_at(&reach, lease.clone(), place, at_once) => {}
        () = async { drop(shutdown.wait_for(|stop| *stop).await) } => poll::release(&reach, lease).await,
    }
}
