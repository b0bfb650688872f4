//! The health of the gateways' workers.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        access::{Attempt, action},
        words::{Ended, WorkerState},
    },
    store::{Db, workers},
};

use super::{
    Result,
    page::{PageBody, PageQuery},
    schema::{self, Hint},
};

/// What runs beside the requests of one gateway, such as the polling of sources, as the gateway reported it last.
#[derive(Debug, Serialize, ToSchema)]
pub struct Worker {
    /// The gateway's process: another start has another ID.
    #[schema(example = "gw_0192f0c4a1b27c3e8d5f6a7b8c9d0e1f")]
    pub gateway: String,
    #[schema(example = "poll")]
    pub name: String,
    #[schema(schema_with = schema::worker_states)]
    pub state: WorkerState,
    /// Since when it fails.
    pub failing_since: Option<DateTime<Utc>>,
    /// Why it fails, and what to do.
    pub problem: Option<Hint>,
    /// Pieces of work that have ended since the gateway started.
    pub runs: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// How often the worker itself panicked and was started anew.
    pub panics: u64,
    pub last_began_at: Option<DateTime<Utc>>,
    pub last_ended_at: Option<DateTime<Utc>>,
    /// How the last piece of work ended. `lost`: another gateway has taken it over.
    #[schema(schema_with = schema::worker_results)]
    pub last_result: Option<Ended>,
    /// When it looks for work again at the latest.
    pub next_at: Option<DateTime<Utc>>,
    /// Gateways report every half minute, and at once when a worker begins or ceases to fail.
    pub reported_at: DateTime<Utc>,
}

impl From<workers::Worker> for Worker {
    fn from(it: workers::Worker) -> Self {
        let (failing_since, problem) = it.trouble.map(|(since, problem)| (since, problem.into())).unzip();
        Self {
            gateway: it.gateway,
            name: it.name,
            state: it.state,
            failing_since,
            problem,
            runs: it.runs,
            failures: it.failures,
            panics: it.panics,
            last_began_at: it.last_began_at,
            last_ended_at: it.last_ended_at,
            last_result: it.last_result,
            next_at: it.next_at,
            reported_at: it.reported_at,
        }
    }
}

/// A page of the workers of all gateways, gateway by gateway.
///
/// # Errors
/// What [`super::page`] refuses.
pub fn list(
    db: &mut Db,
    attempt: &Attempt<action::Administer>,
    query: &PageQuery,
) -> Result<PageBody<Worker>> {
    let (limit, after) = query.read::<(String, String)>()?;
    attempt.throughout()?;
    let page = workers::page(db, after.as_ref(), limit)?;
    PageBody::of(page, |worker| (worker.gateway.clone(), worker.name.clone()))
}
