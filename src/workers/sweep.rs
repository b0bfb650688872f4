//! Ends the sessions of Web Connectors that have gone, so that their runs do not look as if they still ran.

use std::time::Duration;

use tokio::{sync::watch, time::MissedTickBehavior};

use crate::{clock::Ambient, store::Store, sync::web_connector::expire_silent};

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(60);

/// Runs until `shutdown` becomes true or its sender is gone.
pub async fn run(store: Store, ambient: Ambient, mut shutdown: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => sweep(&store, &ambient).await,
            // Its guard must not live on: it would keep this future from moving between threads.
            () = async { drop(shutdown.wait_for(|stop| *stop).await) } => return,
        }
    }
}

async fn sweep(store: &Store, ambient: &Ambient) {
    let ambient = ambient.clone();
    match store.write(move |db| expire_silent(db, &ambient)).await {
        Ok(0) => {}
        Ok(ended) => tracing::info!(ended, "sessions of silent Web Connectors were ended"),
        Err(error) => tracing::error!(%error, "silent sessions could not be ended"),
    }
}
