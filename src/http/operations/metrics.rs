//! The figures of one gateway process.

use std::{
    fmt::Write,
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

use crate::http::{qbwc::SignIns, webhooks::WebhookCounts};

/// Counts what is answered. Clones count together.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    /// By the first digit of the status, 1 to 5.
    answers: [AtomicU64; 5],
    started: Instant,
    webhooks: WebhookCounts,
}

impl Metrics {
    pub fn new(webhooks: WebhookCounts) -> Self {
        Self(Arc::new(Counts { answers: Default::default(), started: Instant::now(), webhooks }))
    }

    /// The layer that counts.
    pub async fn count(State(metrics): State<Self>, request: Request, next: Next) -> Response {
        let response = next.run(request).await;
        let class = usize::from(response.status().as_u16() / 100);
        if let Some(count) = class.checked_sub(1).and_then(|class| metrics.0.answers.get(class)) {
            count.fetch_add(1, Relaxed);
        }
        response
    }

    /// In the text format of Prometheus. `held` is the number of runs that wait for a person.
    pub(super) fn text(&self, held: u64, sign_ins: &SignIns) -> String {
        let mut text = String::new();
        let mut figure = |name: &str, kind: &str, help: &str, values: &[(String, String)]| {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "# HELP rollcall_{name} {help}\n# TYPE rollcall_{name} {kind}");
            for (labels, value) in values {
                let _ = writeln!(text, "rollcall_{name}{labels} {value}");
            }
        };
        let build = format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
        figure("build_info", "gauge", "The version that runs.", &[(build, "1".into())]);
        let uptime = self.0.started.elapsed().as_secs_f64();
        figure(
            "uptime_seconds",
            "gauge",
            "Since the process started.",
            &[(String::new(), format!("{uptime:.3}"))],
        );
        figure(
            "runs_held",
            "gauge",
            "Runs that wait for a person's decision.",
            &[(String::new(), held.to_string())],
        );
        let answers: Vec<(String, String)> = (1u8..)
            .zip(&self.0.answers)
            .map(|(class, count)| (format!("{{status=\"{class}xx\"}}"), count.load(Relaxed).to_string()))
            .collect();
        figure("http_responses_total", "counter", "Requests answered, by class of status.", &answers);
        let (accepted, duplicate, refused) = self.0.webhooks.read();
        let one = |count: u64| [(String::new(), count.to_string())];
        figure("webhooks_accepted_total", "counter", "Webhooks kept.", &one(accepted));
        figure("webhooks_duplicate_total", "counter", "Webhooks that had been kept before.", &one(duplicate));
        let refused: Vec<(String, String)> = refused
            .into_iter()
            .map(|(reason, count)| (format!("{{reason=\"{reason}\"}}"), count.to_string()))
            .collect();
        figure("webhooks_refused_total", "counter", "Webhooks refused, by reason.", &refused);
        let (by_address, others) = sign_ins.refused();
        let refused: Vec<(String, String)> = by_address
            .into_iter()
            .map(|(address, count)| (address.to_string(), count))
            .chain([("other".to_owned(), others)])
            .map(|(address, count)| (format!("{{address=\"{address}\"}}"), count.to_string()))
            .collect();
        let help = "Sign-ins of Web Connectors with a wrong user name or password, by the caller's address.";
        figure("qbwc_sign_ins_refused_total", "counter", help, &refused);
        text
    }
}
