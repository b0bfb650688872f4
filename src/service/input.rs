//! Checks of the texts that use cases take.

use super::{Refusal, Result};

/// Returns the text if it fits the field `what`: 1 to `most` characters, no control characters.
///
/// # Errors
/// `invalid_{what}`.
pub fn short(text: &str, what: &str, most: usize) -> Result<()> {
    let long = text.chars().count() > most;
    if text.trim().is_empty() || long || text.chars().any(char::is_control) {
        return Err(Refusal::unacceptable(
            &format!("invalid_{what}"),
            format!("`{what}` must have 1 to {most} characters and no control characters."),
            "Correct it and send it again.",
        ));
    }
    Ok(())
}

/// # Errors
/// `invalid_profile_id` if the text cannot be an ID.
pub fn profile_id(profile_id: &str) -> Result<()> {
    short(profile_id, "profile_id", 200)
}
