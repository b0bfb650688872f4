//! Questions to whoever sits at the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use super::{Result, failure::Failure};

/// Asks before something that cannot be undone.
///
/// # Errors
/// Where there is no terminal, or the answer is not yes.
pub fn confirm(question: &str) -> Result {
    if !io::stdin().is_terminal() {
        return Err(Failure::new(
            "confirmation_needed",
            "This cannot be undone, and there is no terminal to ask at.",
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
