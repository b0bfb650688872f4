//! What people are told when something goes wrong.

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
        Self { code: code.into(), detail: detail.into(), remedy: remedy.into() }
    }

    /// Both halves as one line, for places that show a single text.
    pub fn sentence(&self) -> String {
        format!("{} {}", self.detail, self.remedy)
    }
}
