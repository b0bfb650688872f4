//! Writes metrics in Prometheus' text format whose values are read when they are asked for.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::{Metric, Registry},
};

/// All metrics of one answer.
#[derive(Debug)]
pub(super) struct Exposition {
    registry: Registry,
    snapshot: Snapshot,
}

#[derive(Debug, Default)]
struct Snapshot(Vec<Figure>);

#[derive(Debug)]
struct Figure {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    values: Vec<(Labels, Value)>,
}

/// Whether the value only grows (a counter).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
}

type Labels = Vec<(&'static str, String)>;

/// A whole number, or seconds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    Whole(u64),
    Seconds(f64),
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Seconds(value)
    }
}

impl Default for Exposition {
    fn default() -> Self {
        Self { registry: Registry::with_prefix("rollcall"), snapshot: Snapshot::default() }
    }
}

impl Exposition {
    /// Begins a metric; its values follow. The format adds `_total` to a counter's name.
    pub(super) fn begin(&mut self, name: &'static str, kind: Kind, help: &'static str) {
        self.snapshot.0.push(Figure { name, help, kind, values: Vec::new() });
    }

    /// A value of the metric that was begun last.
    pub(super) fn value(&mut self, labels: &[(&'static str, &str)], value: impl Into<Value>) {
        let labels = labels.iter().map(|(label, text)| (*label, (*text).to_owned())).collect();
        if let Some(figure) = self.snapshot.0.last_mut() {
            figure.values.push((labels, value.into()));
        }
    }

    /// A metric with one value.
    pub(super) fn one(
        &mut self,
        name: &'static str,
        kind: Kind,
        help: &'static str,
        value: impl Into<Value>,
    ) {
        self.begin(name, kind, help);
        self.value(&[], value);
    }

    /// A metric with a value for each word of one label.
    pub(super) fn by<L: fmt::Display, V: Into<Value>>(
        &mut self,
        (name, kind): (&'static str, Kind),
        help: &'static str,
        label: &'static str,
        values: impl IntoIterator<Item = (L, V)>,
    ) {
        self.begin(name, kind, help);
        for (word, value) in values {
            self.value(&[(label, &word.to_string())], value);
        }
    }

    /// Metrics that the Prometheus client counts itself.
    pub(super) fn counted(&mut self, name: &'static str, help: &'static str, metric: impl Metric) {
        self.registry.register(name, help, metric);
    }

    /// In the text format of Prometheus, version 0.0.4, which every scraper and every generated client reads.
    ///
    /// # Errors
    /// None that a text in memory has; the client's encoder may refuse a figure.
    pub(super) fn text(self) -> Result<String, fmt::Error> {
        let Self { mut registry, snapshot } = self;
        let counters: Vec<String> = snapshot
            .0
            .iter()
            .filter(|it| it.kind == Kind::Counter)
            .map(|it| format!("rollcall_{}", it.name))
            .collect();
        registry.register_collector(Box::new(snapshot));
        let mut written = String::new();
        text::encode(&mut written, &registry)?;
        Ok(written.lines().filter(|line| *line != "# EOF").fold(String::new(), |mut text, line| {
            text.push_str(&named_as_its_samples(line, &counters));
            text.push('\n');
            text
        }))
    }
}

/// OpenMetrics describes a counter by its name without the `_total` of its samples; the older format by the whole name.
fn named_as_its_samples(line: &str, counters: &[String]) -> String {
    let mut words = line.splitn(4, ' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("#"), Some(what), Some(name), Some(rest)) if counters.iter().any(|counter| counter == name) => {
            format!("# {what} {name}_total {rest}")
        }
        _ => line.to_owned(),
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Figure { name, help, kind, values } in &self.0 {
            let kind = match kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
            };
            let mut figure = encoder.encode_descriptor(name, help, None, kind)?;
            for (labels, value) in values {
                let value_of = figure.encode_family(labels)?;
                match (kind, *value) {
                    (MetricType::Counter, Value::Whole(value)) => {
                        ConstCounter::new(value).encode(value_of)?;
                    }
                    (MetricType::Counter, Value::Seconds(value)) => {
                        ConstCounter::new(value).encode(value_of)?;
                    }
                    (_, Value::Whole(value)) => ConstGauge::new(value).encode(value_of)?,
                    (_, Value::Seconds(value)) => ConstGauge::new(value).encode(value_of)?,
                }
            }
        }
        Ok(())
    }
}
