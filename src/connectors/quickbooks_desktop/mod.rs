//! QuickBooks Desktop, which calls in by its Web Connector.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`spec`](QuickbooksDesktop), [`settings`](Settings) | how a company file is synchronised |
//! | [`codes`] | HRESULTs and status codes: what each means, what Rollcall does, what a person should do |
//! | [`company_file`] | what QuickBooks says of itself when a session begins; which company file it is |
//! | [`plan`] | what a session asks, list by list |
//! | `list_plan` | what is asked of one list next, and what an answer amounts to |
//! | `session` | a session with the Web Connector, call by call |
//! | [`map`] | their words to ours |
//! | [`times`] | their times |
//! | [`qwc`](qwc()) | the file that tells a Web Connector of this gateway |

pub mod codes;
pub mod company_file;
mod list_plan;
pub mod map;
pub mod plan;
mod qwc;
mod session;
mod settings;
mod spec;
pub mod times;

pub use qwc::{Application, QwcError, qwc};
pub use settings::Settings;
pub use spec::QuickbooksDesktop;
