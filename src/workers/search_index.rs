//! Keeps the search index up with what is staged.

use std::time::Duration;

use tokio::sync::watch;

use crate::{clock::Ambient, store::Store, sync::search_index};

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(1);

/// Runs until `shutdown` becomes true or its sender is gone. It may stop between any two steps.
pub async fn run(store: Store, ambient: Ambient, mut shutdown: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            indexed = search_index::work_off(&store, &ambient) => {
                if let Err(error) = indexed {
                    tracing::error!(%error, "a list could not be indexed: it is tried again, and until then searched row by row");
                }
            }
            () = async { drop(shutdown.wait_for(|stop| *stop).await) } => return,
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            () = async { drop(shutdown.wait_for(|stop| *stop).await) } => return,
        }
    }
}
