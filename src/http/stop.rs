//! The signal that the gateway stops.

use tokio::sync::watch;

/// The signal that the gateway stops: an extension of every request, for answers that wait for something.
#[derive(Debug, Clone)]
pub(super) struct Stop(pub(super) watch::Receiver<bool>);

impl Stop {
    /// Returns when the gateway stops; never for a request that came through no server.
    pub(super) async fn stopped(stop: Option<Self>) {
        match stop {
            Some(Self(mut stop)) => stopping(&mut stop).await,
            None => std::future::pending().await,
        }
    }
}

/// Returns when the gateway stops.
pub(super) async fn stopping(stop: &mut watch::Receiver<bool>) {
    // A sender that was dropped means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}
