//! Confirmation of commands that take something away.

use std::io::{self, BufRead, IsTerminal, Write};

use serde::Serialize;

use super::{Result, failure::Failure, output::Output};

/// The flags of every command that takes something away.
#[derive(Debug, clap::Args)]
pub(super) struct Consent {
    /// Do not ask; needed where there is no terminal
    #[arg(long)]
    yes: bool,
    /// Only tell what would happen
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

impl Consent {
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Whether the command is to go on. `what` is shown with `--dry-run` and before the question: all that would go.
    ///
    /// # Errors
    /// If there is no terminal to ask at and no `--yes`; or the answer is not yes.
    pub(super) fn given<V: Serialize>(
        &self,
        out: Output,
        what: &V,
        text: impl Fn(&V) -> String,
        question: &str,
    ) -> Result<bool> {
        if self.dry_run {
            out.answer(what, |what| format!("{}Nothing was changed.\n", text(what)))?;
            return Ok(false);
        }
        if !self.yes {
            if io::stdin().is_terminal() {
                out.warning(text(what).trim_end());
            }
            confirm(question)?;
        }
        Ok(true)
    }
}

/// Asks for confirmation.
///
/// # Errors
/// If there is no terminal, or the answer is not yes.
fn confirm(question: &str) -> Result {
    if !io::stdin().is_terminal() {
        return Err(Failure::new(
            "confirmation_needed",
            "This takes something away, and there is no terminal to ask at.",
            "Add --yes, or look first with --dry-run.",
        ));
    }
    // There is nobody else to ask if this fails.
    let _ = write!(io::stderr().lock(), "{question} [y/N] ");
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::system("The answer could not be read", &error))?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new("not_confirmed", "Nothing was changed.", "Answer y to go on.")),
    }
}
