//! Another origin, to which no credentials may ever be carried.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::json;
use tokio::net::TcpListener;

use super::{
    call::Call,
    reply::Reply,
    server::{self, Answers},
};

/// A request that went where none should go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignRequest {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Whether it carried `Authorization`.
    pub authorization: bool,
    /// Whether it carried `clientId`.
    pub client_id: bool,
}

/// Takes every request and remembers it. Clones remember together.
#[derive(Debug, Clone, Default)]
pub struct ForeignOrigin {
    requests: Arc<Mutex<Vec<ForeignRequest>>>,
}

impl ForeignOrigin {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn requests(&self) -> Vec<ForeignRequest> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ForeignRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves until `shutdown` is done.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        server::serve(listener, self, shutdown).await
    }
}

impl Answers for ForeignOrigin {
    fn answer(&self, call: &Call) -> Reply {
        self.lock().push(ForeignRequest {
            method: call.method.to_string(),
            target: call.target.clone(),
            authorization: call.has_authorization(),
            client_id: call.header("clientid").is_some(),
        });
        Reply::json(200, &json!({}))
    }
}
