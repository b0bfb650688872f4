//! In whose name the database is asked: what waits for it is served in turns between these.

use std::sync::Arc;

/// Who waits for the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lane {
    /// The gateway itself: sources, Web Connectors, webhooks, workers, and the command line. Every second turn is its,
    /// and a reading thread is kept for it.
    #[default]
    Own,
    /// One of those who call the API, such as a token: each has a bounded share.
    Caller(Arc<str>),
    /// Probes and figures: on threads of their own, past everything that waits.
    Probe,
}

tokio::task_local! {
    static LANE: Lane;
}

/// Runs `work`; what it asks of the database is asked in `lane`. As a tracing span it does not reach tasks that are
/// spawned.
pub async fn in_lane<T>(lane: Lane, work: impl Future<Output = T>) -> T {
    LANE.scope(lane, work).await
}

pub(super) fn current() -> Lane {
    LANE.try_with(Lane::clone).unwrap_or_default()
}
