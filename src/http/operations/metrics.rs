//! The metrics of one gateway process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use super::{
    database_stats::DatabaseStatsCache,
    exposition::{Exposition, Kind, Value},
    latency::Latencies,
};
use crate::{
    domain::words::WorkerState,
    http::{Gateway, problem::ApiError, webhooks::WebhookCounts},
    store::Load,
    workers::board::Health,
};

/// Counts answers. Clones share the counts.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    /// By the first digit of the status, 1 to 5.
    answers: [AtomicU64; 5],
    latencies: Latencies,
    started: Instant,
    webhooks: WebhookCounts,
    database_stats: DatabaseStatsCache,
}

impl Metrics {
    pub fn new(webhooks: WebhookCounts) -> Self {
        Self(Arc::new(Counts {
            answers: Default::default(),
            latencies: Latencies::default(),
            started: Instant::now(),
            webhooks,
            database_stats: DatabaseStatsCache::default(),
        }))
    }

    /// The layer that counts.
    pub async fn count(State(metrics): State<Self>, request: Request, next: Next) -> Response {
        let (started, path) = (Instant::now(), request.uri().path().to_owned());
        let response = next.run(request).await;
        metrics.0.latencies.took(&path, started.elapsed());
        let class = usize::from(response.status().as_u16() / 100);
        if let Some(count) = class.checked_sub(1).and_then(|class| metrics.0.answers.get(class)) {
            count.fetch_add(1, Relaxed);
        }
        response
    }

    /// In the text format of Prometheus.
    ///
    /// # Errors
    /// A database that does not answer.
    pub(super) async fn text(&self, gateway: &Gateway) -> Result<String, ApiError> {
        let database_stats = self.0.database_stats.get(gateway).await?;
        let mut figures = Exposition::default();
        figures.by(
            ("build_info", Kind::Gauge),
            "The version that runs.",
            "version",
            [(env!("CARGO_PKG_VERSION"), 1_u64)],
        );
        let uptime = self.0.started.elapsed().as_secs_f64();
        figures.one("uptime_seconds", Kind::Gauge, "Since the process started.", uptime);
        database_stats.write(&mut figures);
        workers(&mut figures, gateway);
        database(&mut figures, gateway);
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        let answers = classes.iter().zip(&self.0.answers).map(|(class, count)| (class, count.load(Relaxed)));
        let help = "Requests answered, by class of status.";
        figures.by(("http_responses", Kind::Counter), help, "status", answers);
        self.0.latencies.write(&mut figures);
        self.webhooks(&mut figures);
        let (by_address, others) = gateway.sign_ins.refused();
        let refused = by_address.into_iter().map(|(address, count)| (address.to_string(), count));
        let refused = refused.chain([("other".to_owned(), others)]);
        let help = "Sign-ins of Web Connectors with a wrong user name or password, by the caller's address.";
        figures.by(("qbwc_sign_ins_refused", Kind::Counter), help, "address", refused);
        figures.text().map_err(ApiError::internal)
    }

    fn webhooks(&self, figures: &mut Exposition) {
        let (accepted, duplicate, refused) = self.0.webhooks.read();
        figures.one("webhooks_accepted", Kind::Counter, "Webhooks kept.", accepted);
        let help = "Webhooks that had been kept before.";
        figures.one("webhooks_duplicate", Kind::Counter, help, duplicate);
        let help = "Webhooks refused, by reason.";
        figures.by(("webhooks_refused", Kind::Counter), help, "reason", refused);
    }
}

fn database(figures: &mut Exposition, gateway: &Gateway) {
    let load = gateway.store.load();
    let mut by = |name, kind, help, of: &dyn Fn(&Load) -> Value| {
        figures.by((name, kind), help, "queue", load.iter().map(|(queue, load)| (queue, of(load))));
    };
    by("database_jobs_waiting", Kind::Gauge, "Database work that waits for its turn.", &|it| {
        (it.waiting as u64).into()
    });
    by("database_jobs_running", Kind::Gauge, "Database work that is being done.", &|it| {
        (it.running as u64).into()
    });
    by("database_jobs", Kind::Counter, "Database work that was begun.", &|it| it.begun.into());
    let help = "How long all of it has waited together.";
    by("database_wait_seconds", Kind::Counter, help, &|it| it.waited.as_secs_f64().into());
    let help = "Database work that was refused because too much waited.";
    by("database_jobs_refused", Kind::Counter, help, &|it| it.refused.into());
    let help = "Database work that was not begun because its caller had gone.";
    by("database_jobs_skipped", Kind::Counter, help, &|it| it.skipped.into());
    let help = "Requests with a token that nobody has.";
    figures.one("tokens_refused", Kind::Counter, help, gateway.refused_tokens.count());
}

fn workers(figures: &mut Exposition, gateway: &Gateway) {
    let workers = gateway.workers.health();
    let up = workers.iter().map(|(name, health)| (name, u64::from(!health.failing)));
    figures.by(("worker_up", Kind::Gauge), "Whether a worker does its work; 0 after a panic.", "worker", up);
    let panics = workers.iter().map(|(name, health)| (name, health.panics));
    let help = "How often a worker panicked and was started anew.";
    figures.by(("worker_panics", Kind::Counter), help, "worker", panics);
    let mut by = |name, kind, help, of: &dyn Fn(&Health) -> u64| {
        figures.by((name, kind), help, "worker", workers.iter().map(|(name, health)| (name, of(health))));
    };
    let help = "Whether the last try of a worker failed, or it panicked.";
    by("worker_failing", Kind::Gauge, help, &|it| u64::from(it.state() == WorkerState::Failing));
    by("worker_busy", Kind::Gauge, "Pieces of work that a worker has under way.", &|it| it.busy);
    by("worker_runs", Kind::Counter, "Pieces of work of a worker that have ended.", &|it| it.runs);
    by("worker_failures", Kind::Counter, "Pieces of work of a worker that failed.", &|it| it.failures);
}
