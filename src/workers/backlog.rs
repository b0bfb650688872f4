//! Goes on with what was decided at once and takes long: deletions, approved absences.

use std::time::Duration;

use tokio::sync::watch;

use super::troubles::Troubles;
use crate::{clock::Ambient, store::Store, sync::backlog};

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(1);

/// Runs until `shutdown` becomes true or its sender is gone. It may stop between any two steps.
pub async fn run(store: Store, ambient: Ambient, mut shutdown: watch::Receiver<bool>) {
    let troubles = Troubles::default();
    loop {
        tokio::select! {
            worked = backlog::work_off(&store, &ambient) => {
                troubles.note("a deletion or an approval cannot be gone on with", worked);
            }
            () = async { drop(shutdown.wait_for(|stop| *stop).await) } => return,
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            () = async { drop(shutdown.wait_for(|stop| *stop).await) } => return,
        }
    }
}
