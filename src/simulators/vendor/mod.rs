//! What the simulated vendors share: a small server on a real socket, faults on demand, a limit on requests, and a log
//! of everything that a real vendor or a security reviewer would object to.

pub(super) mod call;
pub mod clock;
pub mod faults;
pub mod foreign_origin;
pub mod limit;
pub mod log;
pub(super) mod middleware;
pub mod options;
pub(super) mod page;
pub(super) mod post;
pub(super) mod reply;
pub(super) mod server;
#[cfg(test)]
pub(super) mod test_client;
#[cfg(test)]
mod tests;

pub use clock::{Clock, system_clock};
pub use faults::{Fault, Faults, PlannedFault, UnknownFault};
pub use foreign_origin::{ForeignOrigin, ForeignRequest};
pub use log::LoggedRequest;
pub use options::ServerOptions;

/// How one webhook was taken by who it was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it was sent.
    pub url: String,
    /// The body, as it was sent.
    pub body: String,
    /// What each try was answered; `None` where there was no answer.
    pub answers: Vec<Option<u16>>,
    /// Whether it was taken in the end.
    pub taken: bool,
}
