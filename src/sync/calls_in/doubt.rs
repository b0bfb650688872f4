//! A file of which nobody knows whether it is the same company's: a person says so.

use chrono::{DateTime, Utc};

use crate::{
    connectors::calls_in::DOUBTED,
    store::{
        self, WriteDb, connections, desktop,
        locks::{self, Locked},
    },
};

/// Nothing is in doubt.
#[derive(Debug, thiserror::Error)]
#[error("no company file of this connection waits for a decision")]
pub struct NothingInDoubt;

/// Somebody says that the file in doubt is the same company's: it is known by its name and path from now on.
pub fn same_company(
    db: &mut WriteDb,
    lock: &Locked<locks::Connection>,
    now: DateTime<Utc>,
) -> store::Result<Result<(), NothingInDoubt>> {
    let connection_id = lock.connection_id();
    let file = desktop::get(db, connection_id)?;
    let (Some(name), Some(path)) = (file.doubted_name, file.doubted_path) else {
        return Ok(Err(NothingInDoubt));
    };
    desktop::set_pin(db, connection_id, true, Some(&name), Some(&path))?;
    let connection = connections::get(db, connection_id)?;
    if connection.problem.is_some_and(|(problem, _)| problem.code == DOUBTED) {
        connections::set_problem(db, lock, None, now)?;
    }
    Ok(Ok(()))
}
