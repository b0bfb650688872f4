//! Polling, against simulated vendors on real sockets.

mod leases;
mod model;
mod takeover;
mod vendor;
