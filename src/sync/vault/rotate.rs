//! A new key in place of the old one, while gateways run.
//!
//! Five steps, each of which leaves a state from which the next call goes on: [`Vault::begin_rotation`] makes the new key
//! current, the keys of the audit from before are kept, [`Vault::reseal`] seals one secret after the other with it, [`Vault::forget_keys`] drops the old keys from the
//! database, and [`Vault::trim_file`] from the key file. A key leaves the file only after the database has forgotten it,
//! and it forgets none that still seals something.

use chrono::{DateTime, Utc};

use crate::{
    codec::seal,
    domain::{
        access::{Actor, Origin},
        audit::Act,
        words::AuditAction,
    },
    store::{
        Store, WriteDb, audit,
        secrets::{self, SealedSecret},
    },
};

use super::{KeySource, Result, Vault, VaultError, file};

/// Secrets that are looked up at once.
const PAGE: i64 = 200;

/// How a rotation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// With a new key.
    New,
    /// With the key of a rotation that did not end.
    Resumed,
    /// Not: the given key is current, and nothing is sealed with another.
    Nothing,
}

/// What a rotation did.
#[derive(Debug, Clone)]
pub struct Rotation {
    pub begun: Begun,
    /// The fingerprint of the key that is current now.
    pub key_id: String,
    /// How many secrets were sealed anew.
    pub resealed: u64,
    /// Those that do not open: connection and name. Their keys are kept.
    pub left: Vec<(String, String)>,
}

impl Vault {
    /// Rotates the key. To be called again if it fails: it goes on where it was.
    ///
    /// # Errors
    /// What keeps the new key from being made current; a secret that does not open is no error, but told of.
    pub async fn rotate(&self, store: &Store, now: DateTime<Utc>) -> Result<Rotation> {
        let vault = self.clone();
        let (begun, key_id) = store.write(move |db| vault.begin_rotation(db, now)).await?;
        let vault = self.clone();
        store.write(move |db| vault.keep_audit_keys(db, now)).await?;
        let mut rotation = Rotation { begun, key_id, resealed: 0, left: Vec::new() };
        let key_id = rotation.key_id.clone();
        let own = store.read(move |db| secrets::gateway_keys_not_sealed_with(db, &key_id)).await?;
        self.reseal_all(store, own, &mut rotation, now).await?;
        let mut after = (String::new(), String::new());
        loop {
            let (key_id, from) = (rotation.key_id.clone(), after.clone());
            let rows = store.read(move |db| secrets::not_sealed_with(db, &key_id, &from, PAGE)).await?;
            let Some(last) = rows.last() else { break };
            after = (last.owner_id.clone(), last.name.clone());
            self.reseal_all(store, rows, &mut rotation, now).await?;
        }
        let vault = self.clone();
        store.write(move |db| vault.forget_keys(db)).await?;
        let vault = self.clone();
        store.write(move |db| vault.trim_file(db)).await?;
        Ok(rotation)
    }

    async fn reseal_all(
        &self,
        store: &Store,
        rows: Vec<SealedSecret>,
        rotation: &mut Rotation,
        now: DateTime<Utc>,
    ) -> Result<()> {
        for row in rows {
            let place = (row.owner_id.clone(), row.name.clone());
            let vault = self.clone();
            // One a transaction: who writes several rows at once might wait for who removes them.
            match store.write(move |db| vault.reseal(db, &row, now)).await {
                Ok(done) => rotation.resealed += u64::from(done),
                Err(VaultError::NotOpened { .. } | VaultError::WrongKey { .. }) => rotation.left.push(place),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes a new key current, or goes on with that of a rotation that did not end. With a key file, the file has the
    /// new key before the database knows it; in between, it is only a key more.
    pub fn begin_rotation(&self, db: &mut WriteDb, now: DateTime<Utc>) -> Result<(Begun, String)> {
        // The lock first: two that hold the current key would wait for each other.
        secrets::lock_keys(db)?;
        let current = self.current(db, now)?.id();
        let known = secrets::keys(db)?;
        let held = self.read_again(db)?;
        self.learn(&held);
        if !held.iter().any(|key| key.id() == current) {
            return Err(self.wrong_key(&current));
        }
        let Some(first) = held.first() else { return Err(self.wrong_key(&current)) };
        let is_known = known.iter().any(|key| key.id == first.id());
        let unfinished = known.iter().any(|key| !key.current);
        let (begun, next) = match &self.0.source {
            KeySource::Given(_) if first.id() != current => (Begun::New, first.clone()),
            KeySource::Given(_) if !unfinished => return Ok((Begun::Nothing, current)),
            KeySource::File(_) if !is_known => (Begun::Resumed, first.clone()),
            KeySource::File(path) if !unfinished => {
                let new = self.new_key();
                file::replace(path, &[std::slice::from_ref(&new), &held].concat())?;
                (Begun::New, new)
            }
            KeySource::Given(_) | KeySource::File(_) => return Ok((Begun::Resumed, current)),
        };
        self.learn(std::slice::from_ref(&next));
        secrets::set_current(db, &next.id(), now)?;
        let act =
            Act::new(AuditAction::KeyRotated, "key", next.id()).turned("id", Some(current), Some(next.id()));
        // Only who runs commands on the machine of the key can do this.
        audit::note_by(db, &Actor::command_line(), &Origin::at(now), act);
        Ok((begun, next.id()))
    }

    /// Seals a secret with the current key; whether it was sealed with another, and still is what was read.
    pub fn reseal(&self, db: &mut WriteDb, row: &SealedSecret, now: DateTime<Utc>) -> Result<bool> {
        let key = self.current(db, now)?;
        if row.key_id == key.id() {
            return Ok(false);
        }
        let old = self.key(db, &row.key_id)?;
        let plain = seal::open(&old, &row.owner_id, &row.name, &row.sealed)
            .map_err(|_| VaultError::not_opened(&row.owner_id, &row.name))?;
        let sealed = self.seal(&key, &row.owner_id, &row.name, &plain)?;
        Ok(secrets::reseal(db, row, &sealed.key_id, &sealed.sealed)?)
    }

    /// Drops the keys that seal nothing any more from the database.
    pub fn forget_keys(&self, db: &mut WriteDb) -> Result<usize> {
        secrets::lock_keys(db)?;
        Ok(secrets::forget_unused_keys(db)?)
    }

    /// Drops the keys that the database has forgotten from the key file.
    pub fn trim_file(&self, db: &mut WriteDb) -> Result<()> {
        let KeySource::File(path) = &self.0.source else { return Ok(()) };
        secrets::lock_keys(db)?;
        let known = secrets::keys(db)?;
        let held = self.read_again(db)?;
        let mut kept = held.clone();
        kept.retain(|key| known.iter().any(|known| known.id == key.id()));
        if kept.len() < held.len() && !kept.is_empty() { file::replace(path, &kept) } else { Ok(()) }
    }
}
