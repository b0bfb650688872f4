//! The keys of rows from before the last rotation: the key that they are derived of is gone, so they are kept, sealed.

use crate::store::{Db, Result, WriteDb, db::per_backend, dsl::*, schema::audit_keys};

/// A key of the audit as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = audit_keys)]
pub struct SealedKey {
    /// Its fingerprint.
    pub id: String,
    /// The fingerprint of the key that seals it.
    pub sealed_with: String,
    pub sealed: Vec<u8>,
}

/// All that are kept.
pub fn kept_keys(db: &mut Db) -> Result<Vec<SealedKey>> {
    Ok(audit_keys::table.select(SealedKey::as_select()).order(audit_keys::id).load(db)?)
}

/// Keeps a key, or keeps it sealed anew.
pub fn keep_key(db: &mut WriteDb, key: &SealedKey) -> Result<()> {
    let set = (audit_keys::sealed_with.eq(&key.sealed_with), audit_keys::sealed.eq(&key.sealed));
    per_backend!(db, |connection| diesel::insert_into(audit_keys::table)
        .values((audit_keys::id.eq(&key.id), set))
        .on_conflict(audit_keys::id)
        .do_update()
        .set(set)
        .execute(connection))?;
    Ok(())
}

/// Forgets a key that can be derived again.
pub fn forget_key(db: &mut WriteDb, id: &str) -> Result<()> {
    diesel::delete(audit_keys::table.find(id)).execute(db)?;
    Ok(())
}
