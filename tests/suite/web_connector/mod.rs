//! The whole wire: a simulated QuickBooks behind a simulated Web Connector against the real service, on SQLite and,
//! where `ROLLCALL_TEST_POSTGRES_URL` names a server, on PostgreSQL.

mod broken;
mod clocks;
mod company;
mod compare;
mod desk;
mod drive;
mod guessing;
mod holds;
mod hostile;
mod interleaving;
mod kill;
mod links;
mod lists;
mod mutated;
mod races;
mod renamed;
mod resent;
mod rivals;
mod schedule;
pub(crate) mod sensitive;
mod server;
mod sessions;
mod strangers;
mod transcripts;
mod unread;
pub(crate) mod wire;

pub(crate) use desk::Desk;

use crate::support::TestDatabase;

/// Runs a test on a fresh SQLite database, then on a fresh PostgreSQL one.
pub(crate) async fn on_each_engine(test: impl AsyncFn(&TestDatabase)) {
    TestDatabase::each(test).await;
}
