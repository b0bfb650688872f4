//! Connections that use an account's credentials in place of their own.

use chrono::{DateTime, Utc};

use crate::{
    clock::Ambient,
    domain::words::Mode,
    store::{self, WriteDb, connection_accounts, connections, locks, polls},
    sync::{run, source_access::lent_by_disabled},
};

use super::{Result, connections::poll_anew};

/// An account was disabled: the connections that use its credentials stand still, and say why. What is under way with
/// them is broken off.
pub fn account_disabled(db: &mut WriteDb, account_id: &str, now: DateTime<Utc>) -> store::Result<()> {
    for connection in connection_accounts::users(db, account_id)? {
        let lock = locks::of(&connection.id).connection(db)?;
        polls::restart(db, &connection.id, now)?;
        run::abandon(db, &connection.id, now)?;
        connections::set_problem(db, &lock, Some(&lent_by_disabled(account_id, &connection.id)), now)?;
    }
    Ok(())
}

/// The credentials of an account are there again, or others: the connections that use them are polled with them at once.
pub fn account_credentials_changed(db: &mut WriteDb, ambient: &Ambient, account_id: &str) -> Result<()> {
    for connection in connection_accounts::users(db, account_id)? {
        let lock = locks::of(&connection.id).connection(db)?;
        poll_anew(db, ambient, &lock, &connection, Mode::Delta)?;
    }
    Ok(())
}
