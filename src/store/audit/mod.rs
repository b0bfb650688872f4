//! The audit: who did what, in a chain of rows for each company and one for all else.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `tell` | verbs tell what they do; what the feed tells anyhow is taken from there |
//! | `write` | what was told is written, as the last thing before the commit |
//! | `read` | pages for people, and whole chains for the check |
//! | `cut` | rows that are old enough are removed |
//! | `keys` | the keys of rows from before the last rotation |

mod cut;
mod keys;
mod read;
mod tell;
mod write;

pub use cut::cut;
pub use keys::{SealedKey, forget_key, keep_key, kept_keys};
pub use read::{Filter, Position, head, heads, newest_key, page, rows};
pub use tell::{note, note_by, note_for};
pub use write::AuditKeys;
pub(super) use {tell::of_the_feed, write::write};
