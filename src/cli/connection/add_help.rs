//! The help of `rollcall connection add`: the settings and secrets of each kind, made from the specifications.

use std::fmt::Write;

use crate::connectors::{
    SecretSpec, Spec,
    registry::words,
    spec::{Setting, UNBOUNDED, Value},
    specs,
};

/// What its first argument may be.
pub(super) fn kinds() -> String {
    format!("The source system: {}", words().join(", "))
}

/// What `rollcall connection add --help` tells.
pub(super) fn help() -> String {
    let mut help = String::from("Examples:\n");
    for spec in specs() {
        // Writing to a `String` cannot fail.
        let _ =
            writeln!(help, "  rollcall connection add {} --company Acme {}", spec.kind, spec.words.example);
    }
    help.push_str(
        "\nWhat stands in brackets holds where nothing is set. A secret in a file (NAME=@FILE) stays out of the list of \
         processes.\n",
    );
    specs().for_each(|spec| takes(&mut help, spec));
    help.trim_end().to_owned()
}

/// What a kind takes.
fn takes(help: &mut String, spec: &Spec) {
    let _ = write!(help, "\n{}: {}", spec.kind, spec.summary);
    match spec.secrets {
        [] => help.push_str(" No secrets."),
        secrets => {
            help.push_str(" Secrets:\n");
            for secret in secrets {
                self::secret(help, secret);
            }
        }
    }
    match (spec.settings, spec.secrets) {
        ([], _) => help.push_str("No settings.\n"),
        (settings, secrets) => {
            help.push_str(if secrets.is_empty() { " Settings:\n" } else { "Settings:\n" });
            for setting in settings {
                self::setting(help, setting);
            }
        }
    }
}

fn secret(help: &mut String, secret: &SecretSpec) {
    let made = if secret.generated.is_some() { "; made where it is left out" } else { "" };
    let _ = writeln!(help, "  {:<22} {}{made}", secret.name, secret.meaning);
}

fn setting(help: &mut String, setting: &Setting) {
    let _ = write!(help, "  {:<22} {}", setting.name, setting.meaning);
    let _ = match setting.value {
        Value::Number { most: UNBOUNDED, default, .. } => writeln!(help, " [{default}]"),
        Value::Number { least, most, default } => writeln!(help, " ({least} to {most}) [{default}]"),
        Value::Switch { default } => writeln!(help, " [{default}]"),
        Value::Word { default, .. } => writeln!(help, " [{default}]"),
        Value::Text { default } if !default.is_empty() => writeln!(help, " [{default}]"),
        Value::Required => writeln!(help, " (needed)"),
        Value::Text { .. } | Value::Window => writeln!(help),
    };
}
