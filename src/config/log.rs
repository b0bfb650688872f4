//! What is logged, and how.

use super::reader::{Reader, Setting};

pub(super) const FILTER: Setting = Setting {
    name: "ROLLCALL_LOG",
    default: "info",
    meaning: "what is logged: a level, or a list such as info,rollcall::sync=debug",
    secret: false,
};

pub(super) const FORMAT: Setting = Setting {
    name: "ROLLCALL_LOG_FORMAT",
    default: "text",
    meaning: "text, or json: one object a line",
    secret: false,
};

/// The form of a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// The log, which goes to standard error.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// The directives of `tracing_subscriber::EnvFilter`; checked when the log is set up.
    pub filter: String,
    pub format: LogFormat,
}

impl LogSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let expected =
            "a level (off, error, warn, info, debug, trace) or a list such as info,rollcall::sync=debug";
        let filter = reader.checked(&FILTER, expected, check_filter);
        let format = reader.checked(&FORMAT, "text or json", |text| match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            other => Err(format!("{other:?} is neither")),
        });
        Some(Self { filter: filter?, format: format? })
    }
}

/// A word alone is a level: a library would take any other for the name of a part, and log nothing else.
fn check_filter(text: &str) -> Result<String, String> {
    let is_level = |word: &str| word.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
    for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        let level = match directive.rsplit_once('=') {
            Some((_, level)) => level,
            None => directive,
        };
        if !is_level(level.trim()) && !directive.contains(['[', '{']) {
            return Err(format!("{level:?} is no level"));
        }
    }
    let filter = tracing_subscriber::EnvFilter::builder().parse(text);
    filter.map(|_| text.to_owned()).map_err(|_| format!("{text:?} is no such list"))
}
