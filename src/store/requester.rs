//! In whose name the database is asked: what waits for it is served in turns between these.

use std::sync::Arc;

/// Who waits for the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Requester {
    /// The gateway itself: sources, Web Connectors, webhooks, workers, and the command line. Every second turn is its,
    /// and a reading thread is kept for it.
    #[default]
    Gateway,
    /// One of those who call the API, such as a token: each has a bounded share.
    Caller(Arc<str>),
    /// Probes and figures: on threads of their own, past everything that waits.
    Probe,
}

tokio::task_local! {
    static REQUESTER: Requester;
}

/// Runs `work`; what it asks of the database is asked in `requester`. As a tracing span it does not reach tasks that are
/// spawned.
pub async fn on_behalf_of<T>(requester: Requester, work: impl Future<Output = T>) -> T {
    REQUESTER.scope(requester, work).await
}

pub(super) fn current() -> Requester {
    REQUESTER.try_with(Requester::clone).unwrap_or_default()
}
