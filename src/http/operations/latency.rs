//! Histograms of the time until the head of an answer.

use std::time::Duration;

use prometheus_client::metrics::{family::Family, histogram::Histogram};

use super::exposition::Exposition;

/// The upper bounds of the buckets, in seconds.
const BOUNDS: [f64; 8] = [0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0];

/// Observes how long the heads of answers took, by the part of the gateway that answered. Clones share the histograms.
#[derive(Debug, Clone)]
pub(super) struct Latencies(Family<Label, Histogram, fn() -> Histogram>);

/// The label `part`.
type Label = [(&'static str, &'static str); 1];

impl Default for Latencies {
    fn default() -> Self {
        let latencies = Self(Family::new_with_constructor(|| Histogram::new(BOUNDS)));
        // From the start: a series that began with the first request would hide that request.
        for part in PARTS {
            drop(latencies.0.get_or_create(&[("part", part)]));
        }
        latencies
    }
}

/// The parts of the gateway that answer.
const PARTS: [&str; 4] = ["qbwc", "webhooks", "api", "other"];

/// The part that answers at a path.
fn part(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("qbwc") => "qbwc",
        Some("webhooks") => "webhooks",
        Some("v1") => "api",
        _ => "other",
    }
}

impl Latencies {
    pub(super) fn took(&self, path: &str, time: Duration) {
        self.0.get_or_create(&[("part", part(path))]).observe(time.as_secs_f64());
    }

    pub(super) fn write(&self, figures: &mut Exposition) {
        let help = "Time until the head of an answer, by the part that answers";
        figures.counted("http_response_seconds", help, self.0.clone());
    }
}
