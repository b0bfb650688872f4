//! The log: lines of text or JSON on standard error.

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt, ParseError, filter_fn},
    fmt::MakeWriter,
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

use crate::config::{LogFormat, LogSettings};

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("the filter of the log cannot be used")]
    Filter(#[from] ParseError),
    #[error("the log is set up already")]
    Taken(#[from] TryInitError),
}

/// Sets up the log of the process, on standard error.
///
/// # Errors
/// A bad filter, or a log that was set up before: it stays as it is.
pub fn try_init(settings: &LogSettings) -> Result<(), TelemetryError> {
    subscriber(settings, io::stderr, io::stderr().is_terminal())?.try_init()?;
    Ok(())
}

/// The subscriber behind [`try_init`], writing to `writer`, in colour if `ansi`. Every line carries the fields of
/// its spans, so the request ID too.
///
/// # Errors
/// A bad filter.
pub fn subscriber<W>(
    settings: &LogSettings,
    writer: W,
    ansi: bool,
) -> Result<impl Subscriber + Send + Sync + use<W>, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // yaserde logs every XML event, passwords included. A filter of its own, for in an `EnvFilter` the more
    // exact directive wins: `yaserde::de=debug` would bring them back.
    let no_yaserde = filter_fn(|metadata| !metadata.target().starts_with("yaserde"));
    let filter = EnvFilter::builder().parse(&settings.filter)?.and(no_yaserde);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match settings.format {
        LogFormat::Text => lines.with_ansi(ansi).boxed(),
        // The list of spans alone: the current span is its last one.
        LogFormat::Json => lines.json().with_current_span(false).with_span_list(true).boxed(),
    };
    Ok(Registry::default().with(lines.with_filter(filter)))
}
