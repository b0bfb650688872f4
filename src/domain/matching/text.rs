//! Texts as words of Latin letters and digits.

use crate::domain::fold::fold;

/// Folded further than for searching: letters of other scripts become Latin ones, and those with no decomposition two
/// (ß is ss, þ is th).
pub(super) fn latin(text: &str) -> String {
    let folded = fold(text);
    if folded.is_ascii() { folded } else { any_ascii::any_ascii(&folded).to_ascii_lowercase() }
}

/// The words of a text; what is neither letter nor digit parts them, apostrophes and dots vanish.
pub(super) fn words(text: &str) -> Vec<String> {
    let text: String = text.chars().filter(|c| !matches!(c, '\'' | '.' | '`')).collect();
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(Into::into).collect()
}
