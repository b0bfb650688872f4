//! Any other payroll system: it pushes signed messages, in our own words.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`settings`](Settings) | nothing to set yet |
//! | [`hook`](receive()) | who sent a message: Standard Webhooks |
//! | [`wire`] | what a message may say, and what is wrong with one that says it otherwise |
//! | `members` | the JSON beneath: nothing but members with known names is kept |

mod hook;
mod members;
mod settings;
pub mod wire;

pub use hook::{may_be_signed, receive};
pub use settings::Settings;
