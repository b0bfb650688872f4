//! The database room: its files, its queues, and what it does when the database is not well.

#[cfg(unix)]
mod files;
