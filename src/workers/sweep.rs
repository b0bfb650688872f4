//! Ends what was left in the middle, so that it does not look as if it still ran: sessions of Web Connectors that have
//! gone, whole lists whose pages stopped coming. Forgets what happened long ago: webhooks that were dealt with, changes,
//! runs, superseded contents.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::{sync::watch, time::MissedTickBehavior};

use super::troubles::Troubles;
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
    let sweep = Sweep { store, ambient, troubles: Troubles::default() };
    let mut round = 0;
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                sweep.set_right().await;
                sweep.end_sessions().await;
                sweep.end_lists().await;
                sweep.forget(webhooks).await;
                if round % ROUNDS == 0 {
                    sweep.forget_history(kept).await;
                }
                round = round.wrapping_add(1);
            }
            // Its guard must not live on: it would keep this future from moving between threads.
            () = async { drop(shutdown.wait_for(|stop| *stop).await) } => return,
        }
    }
}

/// What a round does, and what it met in those before.
struct Sweep {
    store: Store,
    ambient: Ambient,
    troubles: Troubles,
}

impl Sweep {
    /// Before all else: what is done afterwards looks at these times.
    async fn set_right(&self) {
        let now = self.ambient.now();
        let done = self.store.write(move |db| clocks::set_right(db, now)).await;
        let what = "times of a clock that was ahead cannot be set right";
        if let Some(rows @ 1..) = self.troubles.note(what, done) {
            tracing::warn!(rows, "the clock was ahead: what it had put off is due now");
        }
    }

    async fn end_sessions(&self) {
        let ambient = self.ambient.clone();
        let done = self.store.write(move |db| expire_silent(db, &ambient)).await;
        if let Some(ended @ 1..) = self.troubles.note("silent sessions cannot be ended", done) {
            tracing::info!(ended, "sessions of silent programs were ended");
        }
    }

    async fn end_lists(&self) {
        let now = self.ambient.now();
        let done = self.store.write(move |db| inbox::end_silent_lists(db, now)).await;
        if let Some(ended @ 1..) =
            self.troubles.note("lists whose pages stopped coming cannot be ended", done)
        {
            tracing::warn!(ended, "whole lists were given up: their pages stopped coming");
        }
    }

    /// In small transactions: webhooks that arrive meanwhile get their turn.
    async fn forget(&self, kept: TimeDelta) {
        let now = self.ambient.now();
        loop {
            let done = self.store.write(move |db| inbox::forget(db, now, kept)).await;
            match self.troubles.note("old webhooks cannot be forgotten", done) {
                Some(forgotten @ 1..) => tracing::debug!(forgotten, "old webhooks were forgotten"),
                _ => return,
            }
        }
    }

    async fn forget_history(&self, kept: Kept) {
        let done = retention::forget(&self.store, kept, self.ambient.now()).await;
        if let Some(rows @ 1..) = self.troubles.note("what happened long ago cannot be forgotten", done) {
            tracing::debug!(rows, "what happened long ago was forgotten");
        }
    }
}
