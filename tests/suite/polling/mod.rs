//! Polling, against simulated vendors on real sockets.

mod callbacks;
mod leases;
mod lists;
mod losses;
mod model;
mod places;
mod rates;
mod replaced_secrets;
mod standing;
mod subscribed;
mod takeover;
pub mod vendor;
mod windows;
