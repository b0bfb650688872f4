//! The subject of the project in pure types and rules: no I/O, no clock, no database, no HTTP.

pub mod access;
pub mod audit;
pub mod cursor;
pub mod details;
pub mod email;
pub mod event;
pub mod fold;
pub mod hold;
pub mod identity;
pub mod ids;
pub mod key;
pub mod mail;
pub mod name;
pub mod number;
pub mod outage;
pub mod passwords;
pub mod patch;
pub mod problem;
pub mod record;
pub mod schedule;
pub mod secret;
pub mod similarity;
pub mod throttle;
pub mod time;
pub mod trigrams;
pub mod words;
