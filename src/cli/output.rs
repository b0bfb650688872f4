//! The only module that writes to standard output and standard error.

use std::{
    io::{self, ErrorKind, IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use indicatif::ProgressBar;
use serde::Serialize;

use super::{
    Result,
    failure::{FAILED, Failure},
    text::plain,
};

/// Shows progress while long work goes on.
pub(super) struct Spinner(ProgressBar);

impl Spinner {
    /// Shows how far the work is.
    pub(super) fn at(&self, what: &str) {
        self.0.set_message(plain(what));
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Writes answers, as text or JSON.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    /// `quiet` leaves out the notes.
    pub(super) fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// Writes the answer of a command: one line of JSON, or the text that `text` makes of it.
    pub(super) fn answer<V: Serialize>(self, value: &V, text: impl FnOnce(&V) -> String) -> Result {
        if self.json { self.json(value) } else { self.text(&text(value)) }
    }

    pub(super) fn json(self, value: &impl Serialize) -> Result {
        let mut line = serde_json::to_vec(value).map_err(|error| Failure::internal(&error))?;
        line.push(b'\n');
        self.bytes(&line)
    }

    /// Writes text to standard output, as it is.
    pub(super) fn text(self, text: &str) -> Result {
        self.bytes(text.as_bytes())
    }

    fn bytes(self, bytes: &[u8]) -> Result {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::Unread),
            Err(error) => Err(Failure::system("The answer could not be written", &error)),
        }
    }

    /// Shows a person at a terminal that something takes a while, until it is dropped. Scripts, and users who want
    /// quiet, see nothing.
    pub(super) fn spinner(self, what: &str) -> Spinner {
        if self.quiet || self.json || !io::stderr().is_terminal() {
            return Spinner(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_message(plain(what));
        bar.enable_steady_tick(Duration::from_millis(100));
        Spinner(bar)
    }

    /// A note on standard error: what is going on, or what to do next.
    pub(super) fn note(self, line: &str) {
        if !self.quiet {
            self.warning(line);
        }
    }

    /// A line on standard error that `quiet` does not leave out.
    pub(super) fn warning(self, line: &str) {
        // If this fails, there is nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// Prints why a command failed, and returns its exit code.
    pub(super) fn failure(self, failure: &Failure) -> ExitCode {
        match failure {
            Failure::Problem { problem, exit } => {
                match serde_json::to_string(problem) {
                    Ok(json) if self.json => self.warning(&json),
                    _ => self.warning(&format!(
                        "error: {}\ndo: {}",
                        plain(&problem.detail),
                        plain(&problem.remedy)
                    )),
                }
                ExitCode::from(*exit)
            }
            Failure::Answered => ExitCode::from(FAILED),
            Failure::Unread => ExitCode::SUCCESS,
        }
    }
}
