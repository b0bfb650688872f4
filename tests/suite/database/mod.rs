//! The database room: its files, its queues, and what it does when the database is not well.

#[cfg(unix)]
mod faults;
#[cfg(unix)]
mod files;
mod queue;
mod retention;
mod search;
#[cfg(unix)]
mod server;
mod verbs;
