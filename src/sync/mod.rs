//! The verbs: what is done with staged records, in terms of the store and the domain.
//!
//! A verb is a function over an open transaction, so that callers decide what is committed together.

pub mod ask;
pub mod audit;
pub mod backlog;
pub mod calls_in;
pub mod check;
pub mod connection_test;
pub mod credentials;
mod descendants;
pub mod feed;
pub mod gateways;
pub mod hold;
pub mod inbox;
pub mod ingest;
pub mod link;
pub mod passwords;
pub mod poll;
pub mod profile;
pub mod reconcile;
pub mod register;
pub mod remove;
pub mod retention;
pub mod run;
pub mod search_index;
pub mod shared_clock;
pub mod source_access;
pub mod status;
pub mod subscribe;
pub mod throttle;
pub mod vault;
