//! Reads single settings and gathers what is wrong with them.

use std::{fmt, fs, path::PathBuf, str::FromStr, time::Duration};

use super::source::{Source, set};
use crate::domain::secret::Secret;

/// One setting, as the manual shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// What holds when it is unset; empty if nothing does.
    pub default: &'static str,
    /// What it does, and its unit.
    pub meaning: &'static str,
    /// Whether `NAME_FILE` may name a file that holds the value, so that it stays out of the environment.
    pub secret: bool,
}

impl Setting {
    /// One that is no secret.
    pub(super) const fn plain(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self { name, default, meaning, secret: false }
    }
}

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The setting's name.
    pub name: String,
    /// What is wrong. Never holds the value of a secret.
    pub wrong: String,
    /// What is expected instead.
    pub expected: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; expected {}", self.name, self.wrong, self.expected)
    }
}

/// Every setting that cannot be used: one look, one correction.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Mistakes {
    pub mistakes: Vec<Mistake>,
    /// Unknown names: one of them may be the misspelt answer to a mistake.
    pub warnings: Vec<String>,
}

impl Mistakes {
    pub(super) fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }

    fn text(&self) -> String {
        let mut text = String::from("the settings cannot be used:");
        for line in self.mistakes.iter().map(ToString::to_string).chain(self.warnings.iter().cloned()) {
            text.push_str("\n  ");
            text.push_str(&line);
        }
        text
    }
}

/// Reads from a source and remembers every mistake. A `None` for a setting that has a default means that a
/// mistake was noted.
pub(super) struct Reader<'s> {
    source: &'s dyn Source,
    mistakes: Vec<Mistake>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s dyn Source) -> Self {
        Self { source, mistakes: Vec::new() }
    }

    /// # Errors
    /// The mistakes so far, if there are any.
    pub(super) fn finish(self) -> Result<(), Mistakes> {
        if self.mistakes.is_empty() {
            Ok(())
        } else {
            Err(Mistakes { mistakes: self.mistakes, warnings: Vec::new() })
        }
    }

    pub(super) fn mistake(&mut self, name: &str, wrong: impl Into<String>, expected: impl Into<String>) {
        self.mistakes.push(Mistake { name: name.to_owned(), wrong: wrong.into(), expected: expected.into() });
    }

    /// See [`Source::data_folder`].
    pub(super) fn data_folder(&self) -> PathBuf {
        self.source.data_folder()
    }

    /// What is set, or the default, without the white space around it.
    pub(super) fn text(&mut self, setting: &Setting) -> Option<String> {
        let text = set(self.source, setting.name).unwrap_or_else(|| setting.default.to_owned());
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The value that `check` makes of the text; its error says what is wrong.
    pub(super) fn checked<T>(
        &mut self,
        setting: &Setting,
        expected: &str,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(setting)?;
        check(&text).map_err(|wrong| self.mistake(setting.name, wrong, expected)).ok()
    }

    /// A whole number from 1.
    pub(super) fn count<T: FromStr + PartialOrd + From<u8>>(&mut self, setting: &Setting) -> Option<T> {
        self.checked(setting, "a whole number from 1", |text| {
            text.parse().ok().filter(|number| *number >= T::from(1)).ok_or_else(|| "it is none".to_owned())
        })
    }

    /// A duration in whole seconds, from 1 second to 1 day.
    pub(super) fn seconds(&mut self, setting: &Setting) -> Option<Duration> {
        self.checked(setting, "whole seconds, from 1 to 86400", |text| {
            let seconds = text.parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
            seconds.map(Duration::from_secs).ok_or_else(|| "it is no such number".to_owned())
        })
    }

    /// A secret: `NAME`, or the content of the file that `NAME_FILE` names, without its trailing newline.
    pub(super) fn secret(&mut self, setting: &Setting) -> Option<Secret> {
        let file_name = format!("{}_FILE", setting.name);
        let value = match (set(self.source, setting.name), set(self.source, &file_name)) {
            (Some(_), Some(_)) => {
                self.mistake(setting.name, format!("{file_name} is set as well"), "one of the two");
                return None;
            }
            (Some(value), None) => value,
            (None, Some(path)) => match fs::read_to_string(&path) {
                Ok(content) if content.trim().is_empty() => {
                    self.mistake(&file_name, "the file is empty", "a file that holds the value");
                    return None;
                }
                Ok(content) => content,
                Err(error) => {
                    self.mistake(
                        &file_name,
                        format!("the file cannot be read: {error}"),
                        "a file that can be read",
                    );
                    return None;
                }
            },
            (None, None) => setting.default.to_owned(),
        };
        Some(Secret::new(value.trim_end_matches(['\r', '\n'])))
    }
}

/// A sentence for each `ROLLCALL_*` name in the source that no setting has. `ROLLCALL_TEST_*` is left to tests.
pub(super) fn unknown_names(source: &dyn Source, settings: &[Setting]) -> Vec<String> {
    let known = |name: &str| {
        settings.iter().any(|setting| {
            name == setting.name || (setting.secret && name.strip_suffix("_FILE") == Some(setting.name))
        })
    };
    let ours = |name: &String| name.starts_with("ROLLCALL_") && !name.starts_with("ROLLCALL_TEST_");
    let unknown = source.names().into_iter().filter(ours).filter(|name| !known(name));
    unknown.map(|name| format!("{name}: no setting has this name; it is ignored")).collect()
}
