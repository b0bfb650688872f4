//! Any other payroll system: it pushes signed messages, in our own words.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`spec`](Push) | what is to be said of it; there is nothing to set |
//! | `hook` | who sent a message: Standard Webhooks |
//! | [`wire`] | what a message may say, and what is wrong with one that says it otherwise |
//! | `members` | the JSON beneath: nothing but members with known names is kept |

mod hook;
mod members;
mod spec;
pub mod wire;

pub use spec::Push;
