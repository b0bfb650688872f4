//! The keys of the audit: derived of the keys that seal secrets, so that they are not in the database either. A rotation
//! keeps those of the rows before it, sealed with the new key.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use chrono::{DateTime, Utc};

use crate::{
    codec::{
        audit::{AuditKey, check::Keys},
        seal::{self, NONCE},
    },
    store::{
        self, Db, WriteDb,
        audit::{self, AuditKeys, SealedKey},
        secrets,
    },
};

use super::{KeySource, Result, Vault, VaultError};

/// Where a sealed key of the audit belongs: no connection is called so.
const PLACE: &str = "audit";

impl AuditKeys for Vault {
    fn ready(&self, db: &mut WriteDb, now: DateTime<Utc>) -> store::Result<()> {
        if self.0.ready.load(Relaxed) {
            return Ok(());
        }
        self.current(db, now).map(drop).map_err(not_written)
    }

    fn current(&self, db: &mut Db) -> store::Result<AuditKey> {
        let id = secrets::current(db)?.ok_or(store::Error::Stale("key"))?;
        self.key(db, &id).map(|key| AuditKey::of(&key)).map_err(not_written)
    }
}

fn not_written(error: VaultError) -> store::Error {
    match (error.problem(), error) {
        (Some(problem), _) => store::Error::AuditKey(problem),
        (None, VaultError::Store(error)) => error,
        (None, _) => store::Error::Stale("key"),
    }
}

impl Vault {
    /// What a store takes.
    pub fn for_audit(&self) -> Arc<dyn AuditKeys> {
        Arc::new(self.clone())
    }

    /// The keys with which rows of the audit may have been written.
    ///
    /// # Errors
    /// A key file that cannot be used, or is missing. A key that is kept and does not open is left out: the check names its
    /// rows.
    pub fn audit_keys(&self, db: &mut Db) -> Result<Keys> {
        let held = match (&self.0.source, secrets::keys(db)?.is_empty()) {
            (KeySource::File(path), true) => super::file::read(path)?.unwrap_or_default(),
            _ => self.read_again(db)?,
        };
        self.learn(&held);
        let mut keys: Keys = self.ring().iter().map(AuditKey::of).map(|key| (key.id(), key)).collect();
        for kept in audit::kept_keys(db)? {
            if let Ok(key) = self.open_audit_key(db, &kept) {
                keys.insert(kept.id, key);
            }
        }
        Ok(keys)
    }

    /// Keeps the keys of the rows from before a rotation, and seals those that are kept with the key that is current now.
    pub fn keep_audit_keys(&self, db: &mut WriteDb, now: DateTime<Utc>) -> Result<()> {
        secrets::lock_keys(db)?;
        let current = self.current(db, now)?;
        let own = AuditKey::of(&current).id();
        for kept in audit::kept_keys(db)? {
            if kept.id == own {
                // It is derived again from now on.
                audit::forget_key(db, &own)?;
            } else if kept.sealed_with != current.id() {
                match self.open_audit_key(db, &kept) {
                    Ok(key) => self.keep_audit_key(db, &current, &key)?,
                    Err(VaultError::Store(error)) => return Err(error.into()),
                    Err(error) => {
                        tracing::warn!(%error, "a key of the audit does not open: its rows cannot be checked");
                    }
                }
            }
        }
        for known in secrets::keys(db)?.into_iter().filter(|known| !known.current) {
            match self.key(db, &known.id) {
                Ok(old) => self.keep_audit_key(db, &current, &AuditKey::of(&old))?,
                Err(VaultError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(%error, "a key is not there: the rows of the audit from its time cannot be checked");
                }
            }
        }
        Ok(())
    }

    fn keep_audit_key(&self, db: &mut WriteDb, current: &super::Key, key: &AuditKey) -> Result<()> {
        let id = key.id();
        let mut nonce = [0; NONCE];
        nonce.iter_mut().zip(self.0.entropy.bytes()).for_each(|(to, random)| *to = random);
        let not_sealed = |_| VaultError::AuditKeyNotOpened { id: id.clone() };
        let sealed = seal::seal(current, nonce, PLACE, &id, key.bytes()).map_err(not_sealed)?;
        Ok(audit::keep_key(db, &SealedKey { id: id.clone(), sealed_with: current.id(), sealed })?)
    }

    fn open_audit_key(&self, db: &mut Db, kept: &SealedKey) -> Result<AuditKey> {
        let key = self.key(db, &kept.sealed_with)?;
        let not_opened = || VaultError::AuditKeyNotOpened { id: kept.id.clone() };
        let plain = seal::open(&key, PLACE, &kept.id, &kept.sealed).map_err(|_| not_opened())?;
        Ok(AuditKey::kept(plain.as_slice().try_into().map_err(|_| not_opened())?))
    }

    /// Whether rows of the audit were written with a key that only the key file has.
    pub(super) fn is_audited(db: &mut Db) -> store::Result<bool> {
        let unkeyed = AuditKey::kept(crate::codec::audit::NONE).id();
        Ok(audit::newest_key(db)?.is_some_and(|id| id != unkeyed))
    }
}
