//! `--set NAME=VALUE` and `--secret NAME=VALUE`, `NAME=@FILE` or `NAME=@-`.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use crate::domain::secret::Secret;

use super::{Result, failure::Failure};

/// A name and its value, as they are typed. They are never shown, not even if the text is no assignment: people paste
/// secrets into the wrong place, and clap repeats what it refuses, so the text is parsed later.
#[derive(Debug, Clone)]
pub(super) struct Assignment(Secret);

/// The same for a secret.
#[derive(Debug, Clone)]
pub(super) struct SecretAssignment(Secret);

#[expect(clippy::unnecessary_wraps, reason = "the command line's parser wants a result")]
pub(super) fn assignment(text: &str) -> Result<Assignment, String> {
    Ok(Assignment(Secret::new(text)))
}

#[expect(clippy::unnecessary_wraps, reason = "the command line's parser wants a result")]
pub(super) fn secret_assignment(text: &str) -> Result<SecretAssignment, String> {
    Ok(SecretAssignment(Secret::new(text)))
}

fn split(text: &Secret) -> Option<(String, String)> {
    let (name, value) = text.reveal().split_once('=')?;
    let name = name.trim();
    (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

/// The settings of a connection.
///
/// # Errors
/// A text that is no assignment; a name that is given twice.
pub(super) fn settings(assignments: Vec<Assignment>) -> Result<BTreeMap<String, String>> {
    let mut settings = BTreeMap::new();
    for Assignment(text) in assignments {
        let unnamed = || Failure::usage("A --set has no name.", "Write --set NAME=VALUE.");
        let (name, value) = split(&text).ok_or_else(unnamed)?;
        if settings.insert(name, value).is_some() {
            return Err(twice("--set"));
        }
    }
    Ok(settings)
}

/// The secrets of a connection, read from a file after `@`, and from standard input for `@-`.
///
/// # Errors
/// A text that is no assignment; a name that is given twice; a file that cannot be read or is empty; more than one from
/// standard input.
pub(super) fn secrets(assignments: Vec<SecretAssignment>) -> Result<BTreeMap<String, Secret>> {
    read_secrets(assignments, io::stdin())
}

fn read_secrets(assignments: Vec<SecretAssignment>, input: impl Read) -> Result<BTreeMap<String, Secret>> {
    let mut secrets = BTreeMap::new();
    let mut input = Some(input);
    for SecretAssignment(text) in assignments {
        let (name, value) = split(&text).ok_or_else(|| {
            Failure::usage("A --secret has no name.", "Write --secret NAME=VALUE, NAME=@FILE or NAME=@-.")
        })?;
        let value = match value.strip_prefix('@') {
            Some("-") => {
                let input = input.take().ok_or_else(|| {
                    Failure::usage(
                        "Standard input holds one secret alone.",
                        "Give the others as NAME=@FILE, or one after the other by `rollcall connection set`.",
                    )
                })?;
                let remedy = "Pipe the secret alone into the command: `rollcall connection set ID --secret NAME=@- < FILE`.";
                alone("standard input", remedy, io::read_to_string(input))?
            }
            Some(path) => file(path)?,
            None => Secret::new(value),
        };
        if secrets.insert(name, value).is_some() {
            return Err(twice("--secret"));
        }
    }
    Ok(secrets)
}

/// A secret from a file, without its last line break.
pub(super) fn file(path: &str) -> Result<Secret> {
    // The path is not repeated: it may be a secret that begins with `@`.
    let remedy = "Name a file that holds the secret alone, and that this user may read.";
    alone("the file that is named after `@`", remedy, std::fs::read_to_string(path))
}

/// The secret that is the whole of a text, without its last line break.
pub(super) fn alone(place: &str, remedy: &str, text: io::Result<String>) -> Result<Secret> {
    let failed = |why: String| {
        Failure::new("bad_secret_file", format!("The secret cannot be read from {place}: {why}."), remedy)
    };
    let text = text.map_err(|error| failed(error.to_string()))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(failed("it is empty".into())),
        secret => Ok(Secret::new(secret)),
    }
}

/// The name is not repeated: it may be anything.
fn twice(flag: &str) -> Failure {
    Failure::usage(format!("{flag} gives the same name twice."), "Give each once.")
}

#[cfg(test)]
mod tests {
    use super::{assignment, read_secrets, secret_assignment, secrets, settings};

    #[test]
    fn a_value_may_hold_what_it_likes() {
        let assignments = vec![assignment("a=b=c").unwrap(), assignment("window=").unwrap()];
        let map = settings(assignments).unwrap();
        assert_eq!((map["a"].as_str(), map["window"].as_str()), ("b=c", ""));
        for none in ["=x", "x"] {
            assert!(settings(vec![assignment(none).unwrap()]).is_err(), "{none}");
        }
        assert!(settings(vec![assignment("a=1").unwrap(), assignment("a=2").unwrap()]).is_err());
    }

    #[test]
    fn one_secret_may_come_from_standard_input() {
        let assignments =
            |texts: &[&str]| texts.iter().map(|text| secret_assignment(text).unwrap()).collect();
        let read = read_secrets(assignments(&["a=@-", "b=x"]), "hunter2\n".as_bytes()).unwrap();
        assert_eq!((read["a"].reveal(), read["b"].reveal()), ("hunter2", "x"));
        assert!(read_secrets(assignments(&["a=@-", "b=@-"]), "hunter2\n".as_bytes()).is_err());
        assert!(read_secrets(assignments(&["a=@-"]), "\n".as_bytes()).is_err());
    }

    #[test]
    fn a_secret_comes_from_a_file_and_is_not_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), " pass word \r\n").unwrap();
        let given = vec![
            secret_assignment(&format!("a=@{}", file.path().display())).unwrap(),
            secret_assignment("b=hunter2").unwrap(),
        ];
        assert!(!format!("{given:?}").contains("hunter2"));
        let secrets_read = secrets(given).unwrap();
        assert_eq!(secrets_read["a"].reveal(), " pass word ");
        assert!(secrets(vec![secret_assignment("a=@/nowhere/at/all").unwrap()]).is_err());
        assert!(secrets(vec![secret_assignment("hunter2").unwrap()]).is_err());
    }
}
