//! Looks whether the database can be written, so that its operator reads of it before anybody complains, and learns when
//! it is over. The gateway goes on by itself: what fails is tried anew with new connections.

use std::time::Duration;

use tokio::{sync::watch, time::MissedTickBehavior};

use crate::store::Store;

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(5);

/// Runs until `shutdown` becomes true or its sender is gone.
pub async fn run(store: Store, mut shutdown: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // What was told last: the same is not told again.
    let mut told: Option<String> = None;
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let wrong = store.check_writes().await.err().map(|error| error.to_string());
                match (&told, &wrong) {
                    (_, Some(wrong)) if told.as_ref() != Some(wrong) => {
                        tracing::error!(error = wrong, "nothing can be taken in");
                    }
                    (Some(_), None) => tracing::info!("the database can be written again"),
                    _ => {}
                }
                told = wrong;
            }
            // Its guard must not live on: it would keep this future from moving between threads.
            () = async { drop(shutdown.wait_for(|stop| *stop).await) } => return,
        }
    }
}
