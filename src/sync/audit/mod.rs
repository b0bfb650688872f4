//! The audit: whether it is whole, and checkpoints that show it later.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`verify`] | goes through all chains |
//! | [`checkpoints`] | writes where the chains stand to where the database is not |

pub mod checkpoints;
pub mod verify;
