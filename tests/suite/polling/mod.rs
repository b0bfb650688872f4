//! Polling, against simulated vendors on real sockets.

mod callbacks;
mod leases;
mod model;
mod subscribed;
mod takeover;
mod vendor;
mod windows;
