//! Problems: what people are told when something goes wrong.

use serde::{Deserialize, Serialize};

/// What happened and what to do, in words for a bookkeeper; `code` is for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable, in `snake_case`.
    pub code: String,
    /// What happened, and why.
    pub detail: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    pub fn new(code: impl Into<String>, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code: code.into(), detail: cut(detail.into()), remedy: remedy.into() }
    }

    /// Detail and remedy on one line, for places that show a single text.
    pub fn sentence(&self) -> String {
        format!("{} {}", self.detail, self.remedy)
    }
}

/// The text on one line, with a capital and a full stop: libraries break their lines where they like.
pub fn sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut chars = text.chars();
    let mut sentence: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    sentence.push_str(chars.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// The longest text for people, in bytes. Problems quote sources, whose words may have any length.
const LONGEST: usize = 1000;

/// The text, cut at that length.
pub fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_for_people_is_cut_off_between_two_letters() {
        assert_eq!(cut("ö".repeat(500)), "ö".repeat(500));
        assert_eq!(cut(format!("x{}", "ö".repeat(500))), format!("x{}…", "ö".repeat(499)));
    }
}
