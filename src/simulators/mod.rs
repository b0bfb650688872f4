//! The other side of the wires, with seeded data and faults on demand: for the demo and the tests. Nothing here uses
//! the gateway's own readers and writers, so that one mistake cannot hide on both sides.
//!
//! The same seed makes overlapping people in all of them: most employees of the company file are also at Paycom and
//! are members at ConnectWise, and most of its customers are companies there.

pub mod connectwise;
mod overlap;
pub mod paycom;
mod people;
pub mod quickbooks_desktop;
pub mod vendor;
