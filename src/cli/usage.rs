//! Explains a command line that clap refuses, without repeating it: people paste secrets into the wrong place, and the
//! output ends in logs.

use clap::{
    CommandFactory,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{Cli, failure::Failure};

/// What is wrong with the command line.
pub(super) fn failure(error: &clap::Error) -> Failure {
    let argument = || text(error, ContextKind::InvalidArg).unwrap_or_else(|| "an argument".into());
    let detail = match error.kind() {
        ErrorKind::InvalidValue if text(error, ContextKind::InvalidValue).is_none_or(|it| it.is_empty()) => {
            format!("`{}` needs a value.", argument())
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("The value of `{}` cannot be used.", argument())
        }
        // The argument's context holds what was typed.
        ErrorKind::UnknownArgument => "There is an argument that this command does not take.".into(),
        ErrorKind::InvalidSubcommand => "There is no such command.".into(),
        ErrorKind::MissingRequiredArgument => format!("These arguments are missing: {}.", argument()),
        ErrorKind::ArgumentConflict => match text(error, ContextKind::PriorArg) {
            Some(other) if other != argument() => {
                format!("`{}` cannot be used together with {other}.", argument())
            }
            _ => format!("`{}` cannot be used more than once.", argument()),
        },
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("`{}` has another number of values than it takes.", argument())
        }
        ErrorKind::InvalidUtf8 => "An argument is not UTF-8.".into(),
        _ => "The call is not understood.".into(),
    };
    let hints = [
        (ContextKind::SuggestedValue, "Did you mean"),
        (ContextKind::SuggestedArg, "Did you mean"),
        (ContextKind::SuggestedSubcommand, "Did you mean"),
        (ContextKind::ValidValue, "It is one of"),
        (ContextKind::ValidSubcommand, "The commands are"),
    ];
    let mut remedy = String::new();
    for (kind, says) in hints {
        if let Some(known) = text(error, kind).filter(|known| !known.is_empty()) {
            let end = if says.starts_with("Did") { '?' } else { '.' };
            remedy.push_str(&format!("{says} {known}{end} "));
        }
    }
    remedy.push_str(&format!("`{} --help` tells what it takes.", command(std::env::args().skip(1))));
    Failure::usage(detail, remedy)
}

/// A part of the error, as one text.
fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        _ => None,
    }
}

/// The command that was called: the words that name one.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let (mut command, mut names) = (Cli::command(), vec!["rollcall".to_owned()]);
    for word in arguments {
        let Some(below) = command.find_subcommand(&word).cloned() else { continue };
        names.push(below.get_name().to_owned());
        command = below;
    }
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_by_its_command_and_nothing_that_was_typed_beside_it() {
        let call = ["--json", "connection", "runs", "acme", "--limit", "list"].map(str::to_owned);
        assert_eq!(command(call.into_iter()), "rollcall connection runs");
        assert_eq!(command(["sk_live".to_owned()].into_iter()), "rollcall");
    }
}
