//! How long answers take, as histograms.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use super::exposition::Exposition;

/// The upper bounds of the buckets, in seconds; the last one has none.
const BOUNDS: [(&str, u64); 9] = [
    ("0.005", 5),
    ("0.025", 25),
    ("0.1", 100),
    ("0.25", 250),
    ("1", 1000),
    ("2.5", 2500),
    ("10", 10_000),
    ("60", 60_000),
    ("+Inf", u64::MAX),
];

/// The parts of the gateway that answer.
const PARTS: [&str; 4] = ["qbwc", "webhooks", "api", "other"];

/// Counts how long the heads of answers took, by the part that answered.
#[derive(Debug, Default)]
pub(super) struct Latencies([Histogram; PARTS.len()]);

#[derive(Debug, Default)]
struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    micros: AtomicU64,
}

fn part(path: &str) -> usize {
    match path.split('/').nth(1) {
        Some("qbwc") => 0,
        Some("webhooks") => 1,
        Some("v1") => 2,
        _ => 3,
    }
}

impl Latencies {
    pub(super) fn took(&self, path: &str, time: Duration) {
        let Some(histogram) = self.0.get(part(path)) else { return };
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|(_, bound)| millis < *bound).unwrap_or(BOUNDS.len() - 1);
        if let Some(count) = histogram.buckets.get(bucket) {
            count.fetch_add(1, Relaxed);
        }
        histogram.micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(0), Relaxed);
    }

    pub(super) fn write(&self, figures: &mut Exposition) {
        const NAME: &str = "http_response_seconds";
        figures.begin(NAME, "histogram", "Time until the head of an answer, by the part that answers.");
        for (part, histogram) in PARTS.iter().zip(&self.0) {
            let mut all = 0;
            for ((bound, _), count) in BOUNDS.iter().zip(&histogram.buckets) {
                all += count.load(Relaxed);
                figures.value(&format!("{NAME}_bucket"), &[("part", part), ("le", bound)], all);
            }
            let micros = Duration::from_micros(histogram.micros.load(Relaxed));
            figures.value(&format!("{NAME}_sum"), &[("part", part)], micros.as_secs_f64());
            figures.value(&format!("{NAME}_count"), &[("part", part)], all);
        }
    }
}
