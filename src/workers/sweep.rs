//! Ends what was left in the middle, so that it does not look as if it still ran: sessions of Web Connectors that have
//! gone, whole lists whose pages stopped coming. Forgets what happened long ago: webhooks that were dealt with, changes,
//! runs, superseded contents.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::{sync::watch, time::MissedTickBehavior};

use crate::{
    clock::Ambient,
    store::{Store, clocks},
    sync::{
        calls_in::expire_silent,
        inbox,
        retention::{self, Kept},
    },
};

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(60);

/// How often it looks for what happened long ago, in its rounds: the first, and then each hour.
const ROUNDS: u32 = 60;

/// Runs until `shutdown` becomes true or its sender is gone. `webhooks` is how long webhooks that were dealt with are
/// kept, `kept` how long all else is.
pub async fn run(
    store: Store,
    ambient: Ambient,
    webhooks: TimeDelta,
    kept: Kept,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut round = 0;
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                set_right(&store, &ambient).await;
                end_sessions(&store, &ambient).await;
                end_lists(&store, &ambient).await;
                forget(&store, &ambient, webhooks).await;
                if round % ROUNDS == 0 {
                    forget_history(&store, &ambient, kept).await;
                }
                round = round.wrapping_add(1);
            }
            // Its guard must not live on: it would keep this future from moving between threads.
            () = async { drop(shutdown.wait_for(|stop| *stop).await) } => return,
        }
    }
}

async fn forget_history(store: &Store, ambient: &Ambient, kept: Kept) {
    match retention::forget(store, kept, ambient.now()).await {
        Ok(0) => {}
        Ok(rows) => tracing::debug!(rows, "what happened long ago was forgotten"),
        Err(error) => tracing::error!(%error, "what happened long ago could not be forgotten"),
    }
}

/// Before all else: what is done afterwards looks at these times.
async fn set_right(store: &Store, ambient: &Ambient) {
    let now = ambient.now();
    match store.write(move |db| clocks::set_right(db, now)).await {
        Ok(0) => {}
        Ok(rows) => tracing::warn!(rows, "the clock was ahead: what it had put off is due now"),
        Err(error) => tracing::error!(%error, "times of a clock that was ahead could not be set right"),
    }
}

async fn end_sessions(store: &Store, ambient: &Ambient) {
    let ambient = ambient.clone();
    match store.write(move |db| expire_silent(db, &ambient)).await {
        Ok(0) => {}
        Ok(ended) => tracing::info!(ended, "sessions of silent programs were ended"),
        Err(error) => tracing::error!(%error, "silent sessions could not be ended"),
    }
}

async fn end_lists(store: &Store, ambient: &Ambient) {
    let now = ambient.now();
    match store.write(move |db| inbox::end_silent_lists(db, now)).await {
        Ok(0) => {}
        Ok(ended) => tracing::warn!(ended, "whole lists were given up: their pages stopped coming"),
        Err(error) => tracing::error!(%error, "lists whose pages stopped coming could not be ended"),
    }
}

/// In small transactions: webhooks that arrive meanwhile get their turn.
async fn forget(store: &Store, ambient: &Ambient, kept: TimeDelta) {
    let now = ambient.now();
    loop {
        match store.write(move |db| inbox::forget(db, now, kept)).await {
            Ok(0) => return,
            Ok(forgotten) => tracing::debug!(forgotten, "old webhooks were forgotten"),
            Err(error) => {
                tracing::error!(%error, "old webhooks could not be forgotten");
                return;
            }
        }
    }
}
