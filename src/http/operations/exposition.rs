//! The text format of Prometheus.

use std::fmt::Write;

/// Figures as they are written one after the other.
#[derive(Debug, Default)]
pub(super) struct Exposition(String);

impl Exposition {
    /// Begins a figure; its values follow.
    pub(super) fn begin(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.0, "# HELP rollcall_{name} {help}\n# TYPE rollcall_{name} {kind}");
    }

    /// One value of the figure. No value of a label holds a quote, a backslash or a line break.
    pub(super) fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let _ = write!(self.0, "rollcall_{name}");
        for (index, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{text}\"", if index == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// A figure of one value.
    pub(super) fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.begin(name, kind, help);
        self.value(name, &[], value);
    }

    /// A figure with a value for each word of one label.
    pub(super) fn by<L: std::fmt::Display, V: std::fmt::Display>(
        &mut self,
        (name, kind): (&str, &str),
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (L, V)>,
    ) {
        self.begin(name, kind, help);
        for (word, value) in values {
            self.value(name, &[(label, &word.to_string())], value);
        }
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}
