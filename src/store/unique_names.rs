//! Names that must be alone, case aside. A unique index could not say it: databases of before may hold names that differ
//! by their case only, and these stay as they are.

use diesel::sql_types::BigInt;

use crate::domain::name;

use super::{Error, Result, WriteDb, db::Backend, dsl::*};

/// The key of the advisory lock under which names are given: "names" in ASCII.
const LOCK: i64 = 0x6e_616d_6573;

diesel::define_sql_function! { fn pg_advisory_xact_lock(key: BigInt) -> diesel::sql_types::Nullable<diesel::sql_types::Text>; }

/// Takes the lock of all names until the transaction ends, so that what [`free`] says stays true. SQLite has one writer.
pub(super) fn lock(db: &mut WriteDb) -> Result<()> {
    if let Backend::Postgres(connection) = db.backend() {
        diesel::select(pg_advisory_xact_lock(LOCK)).execute(connection)?;
    }
    Ok(())
}

/// # Errors
/// [`Error::Duplicate`] where one of `others`, ID and name, is alike; that of `own` does not count.
pub(super) fn free<I: AsRef<str>>(others: &[(I, String)], own: &str, new: &str) -> Result<()> {
    match others.iter().find(|(id, other)| id.as_ref() != own && name::key(other) == name::key(new)) {
        Some((_, other)) => Err(Error::Duplicate(other.clone())),
        None => Ok(()),
    }
}

/// The ID of the only one whose name is alike.
pub(super) fn alike<I>(all: Vec<(I, String)>, wanted: &str) -> Option<I> {
    let mut alike = all.into_iter().filter(|(_, other)| name::key(other) == name::key(wanted));
    let (id, _) = alike.next()?;
    alike.next().is_none().then_some(id)
}
