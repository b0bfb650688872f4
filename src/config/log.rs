//! What is logged, and how.

use super::reader::{Reader, Setting};
use crate::domain::similarity::nearest;

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
            _ => Err("it is neither".to_owned()),
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
            return Err("it holds a level that there is not".to_owned());
        }
    }
    let filter = tracing_subscriber::EnvFilter::builder().parse(text);
    filter.map(|_| text.to_owned()).map_err(|_| "it is no such list".to_owned())
}

/// Every name under which something may log, one a line: the modules of this crate, and the crates it is built from.
const TARGETS: &str = include_str!(concat!(env!("OUT_DIR"), "/targets.txt"));

/// A sentence for each name in the filter that nobody has.
pub(super) fn unknown_targets(filter: &str) -> Vec<String> {
    let mut depth = 0_u32;
    // Not at those between the fields of a span.
    let parts = filter.split(|c: char| {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    let targets = parts.map(|part| part.split(['=', '[']).next().unwrap_or_default().trim());
    let is_level = |text: &str| text.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
    let unknown = targets.filter(|target| !target.is_empty() && !is_level(target) && !is_known(target));
    let name = FILTER.name;
    // It is not repeated: it may be anything.
    let meant = |target: &str| match nearest(target, TARGETS.lines()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    };
    unknown
        .map(|target| {
            format!("{name}: it names something that nothing in Rollcall is called{}", meant(target))
        })
        .collect()
}

/// What a dependency's modules are called is not known.
fn is_known(target: &str) -> bool {
    let has = |name: &str| match target.strip_prefix(name) {
        Some("") => true,
        Some(rest) => name != "rollcall" && !name.contains(':') && rest.starts_with("::"),
        None => false,
    };
    TARGETS.lines().any(has)
}

#[cfg(test)]
mod tests {
    use super::unknown_targets;

    #[test]
    fn a_name_that_nobody_has_is_told() {
        for filter in [
            "info",
            "info,rollcall::sync=debug,hyper=off",
            "rollcall=debug, hyper_util::client=warn",
            "[call{method=x,y=z}]=debug",
            "rollcall::sync[poll{connection=\"con_1\"}]=trace,warn",
        ] {
            assert_eq!(unknown_targets(filter), Vec::<String>::new(), "{filter}");
        }
        for (filter, meant) in [
            ("rollcal=debug", "did you mean `rollcall`?"),
            ("info,rollcall::snyc=debug", "did you mean `rollcall::sync`?"),
            ("hypr=off", "nothing in Rollcall"),
        ] {
            let told = unknown_targets(filter);
            assert!(told.len() == 1 && told[0].contains(meant), "{filter}: {told:?}");
        }
    }
}
