//! The other side of the wires, with seeded data and faults on demand: for the demo and the tests. Nothing here uses
//! the gateway's own readers and writers, so that one mistake cannot hide on both sides.

pub mod quickbooks_desktop;
