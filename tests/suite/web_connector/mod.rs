//! The whole wire: a simulated QuickBooks behind a simulated Web Connector against the real service, on SQLite and,
//! where `ROLLCALL_TEST_POSTGRES_URL` names a server, on PostgreSQL.

mod broken;
mod company;
mod compare;
mod desk;
mod engines;
mod holds;
mod hostile;
mod links;
mod lists;
mod schedule;
mod sensitive;
mod server;
mod sessions;
mod wire;

pub(crate) use desk::Desk;
pub(crate) use engines::on_each_engine;
