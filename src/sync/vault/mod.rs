//! The secrets of connections and accounts: sealed in the database, in clear only here and where a request is signed.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod` | sealing and opening |
//! | `file` | the key file |
//! | `bodies` | messages that nobody understood |
//! | `audit` | the keys of the audit |
//! | `gateway` | keys of the gateway itself |
//! | `rotate` | a new key in place of the old one, while gateways run |
//! | `look` | which keys there are, and what they seal |
//! | `error` | why a secret cannot be kept or read |
//!
//! The database says which key seals; the ring, read from a setting or the key file, holds the keys themselves. So a
//! gateway that runs while the key is rotated never seals with the old one: it asks the database each time, and reads the
//! file again when it is told of a key that it does not hold.

mod audit;
mod bodies;
mod error;
mod file;
mod gateway;
mod look;
mod rotate;

pub use error::VaultError;
pub use gateway::SIGN_IN;
pub use look::{KeyReport, KeyStanding};
pub use rotate::{Begun, Rotation};

use std::{
    collections::BTreeMap,
    mem,
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use chrono::{DateTime, Utc};

use crate::{
    clock::Entropy,
    codec::seal::{self, NONCE},
    domain::{ids::ConnectionId, key::Key, secret::Secret},
    store::{
        self, Db, WriteDb,
        secrets::{self, SealedSecret},
    },
};

type Result<T> = std::result::Result<T, VaultError>;

/// Where the keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// From a setting: read once, at the start.
    Given(Vec<Key>),
    /// From a file, which is made where nothing is sealed yet, and read again when the key was rotated.
    File(PathBuf),
}

/// Seals and opens secrets. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    source: KeySource,
    /// The keys that were read so far. One that is gone from the file stays: a row that was read before it was sealed
    /// anew still opens.
    ring: RwLock<Vec<Key>>,
    /// It was seen that there is a key.
    ready: AtomicBool,
    entropy: Arc<dyn Entropy>,
}

impl Vault {
    /// Reads no file yet.
    pub fn new(source: KeySource, entropy: Arc<dyn Entropy>) -> Self {
        let ring = match &source {
            KeySource::Given(keys) => keys.clone(),
            KeySource::File(_) => Vec::new(),
        };
        Self(Arc::new(Inner { source, ring: RwLock::new(ring), ready: AtomicBool::new(false), entropy }))
    }

    /// Sees to it that secrets can be sealed, before the first is: at the first start it makes the key file. To be
    /// called in a transaction, as all that writes.
    ///
    /// # Errors
    /// A key file that is missing or must not be used; keys of another database.
    pub fn ready(&self, db: &mut WriteDb, now: DateTime<Utc>) -> Result<()> {
        self.current(db, now).map(drop)
    }

    /// The secrets of a connection, by name.
    pub fn secrets(&self, db: &mut Db, connection_id: &ConnectionId) -> Result<BTreeMap<String, Secret>> {
        self.open_all(db, |db| secrets::of(db, connection_id))
    }

    /// Those of an account whose names begin so.
    pub fn secrets_of_account(
        &self,
        db: &mut Db,
        account_id: &str,
        prefix: &str,
    ) -> Result<BTreeMap<String, Secret>> {
        self.open_all(db, |db| secrets::of_account(db, account_id, prefix))
    }

    fn open_all(
        &self,
        db: &mut Db,
        rows: impl Fn(&mut Db) -> store::Result<Vec<SealedSecret>>,
    ) -> Result<BTreeMap<String, Secret>> {
        let mut tries = 3;
        loop {
            let rows = rows(db)?;
            let opened = rows.iter().map(|row| Ok((row.name.clone(), self.open(db, row)?))).collect();
            match opened {
                // Rotations in quick succession: what was read is old by now.
                Err(VaultError::WrongKey { .. }) if tries > 0 => tries -= 1,
                opened => return opened,
            }
        }
    }

    /// Keeps a secret of a connection or an account in place of the one of that name.
    pub fn put(
        &self,
        db: &mut WriteDb,
        owner_id: &str,
        name: &str,
        secret: &Secret,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let key = self.current(db, now)?;
        let row = self.seal(&key, owner_id, name, secret.reveal().as_bytes())?;
        Ok(secrets::put(db, &row, now)?)
    }

    /// Forgets a secret; whether there was one.
    pub fn remove(&self, db: &mut WriteDb, owner_id: &str, name: &str) -> Result<bool> {
        Ok(secrets::remove(db, owner_id, name)?)
    }

    fn seal(&self, key: &Key, owner_id: &str, name: &str, plain: &[u8]) -> Result<SealedSecret> {
        let not_sealed = |_| VaultError::not_opened(owner_id, name);
        let mut nonce = [0; NONCE];
        nonce.iter_mut().zip(self.0.entropy.bytes()).for_each(|(to, random)| *to = random);
        let sealed = seal::seal(key, nonce, owner_id, name, plain).map_err(not_sealed)?;
        Ok(SealedSecret { owner_id: owner_id.into(), name: name.into(), key_id: key.id(), sealed })
    }

    fn open(&self, db: &mut Db, row: &SealedSecret) -> Result<Secret> {
        let key = self.key(db, &row.key_id)?;
        let not_opened = || VaultError::not_opened(&row.owner_id, &row.name);
        let mut plain = seal::open(&key, &row.owner_id, &row.name, &row.sealed).map_err(|_| not_opened())?;
        String::from_utf8(mem::take(&mut *plain)).map(Secret::new).map_err(|_| not_opened())
    }

    /// The key to seal with, which stays so until the transaction ends.
    fn current(&self, db: &mut WriteDb, now: DateTime<Utc>) -> Result<Key> {
        let current = match self.ring().is_empty() {
            true => None,
            false => secrets::hold_current(db)?,
        };
        let key = match current {
            Some(id) => self.key(db, &id)?,
            None => self.first(db, now)?,
        };
        self.0.ready.store(true, Relaxed);
        Ok(key)
    }

    /// The key to seal with as this process first asks for it; makes the first key known to the database. Only here a key
    /// file is made: while something is sealed, a file that is missing was lost, and a new one would open nothing.
    fn first(&self, db: &mut WriteDb, now: DateTime<Utc>) -> Result<Key> {
        secrets::lock_keys(db)?;
        let current = secrets::keys(db)?.into_iter().find(|key| key.current);
        let held = match &self.0.source {
            KeySource::File(path) if file::read(path)?.is_none() => return self.make(db, path, now),
            _ => self.read_again(db)?,
        };
        self.learn(&held);
        // A file that was made for a start that failed counts while nothing is sealed.
        let adopts =
            matches!(self.0.source, KeySource::File(_)) && !secrets::any(db)? && !Self::is_audited(db)?;
        if let Some(current) = current.filter(|key| !adopts || held.iter().any(|held| held.id() == key.id)) {
            return self.key(db, &current.id);
        }
        let first = held.into_iter().next();
        let key = first.ok_or_else(|| self.wrong_key("its first key"))?;
        secrets::set_current(db, &key.id(), now)?;
        Ok(key)
    }

    /// Makes the key file, and its key the current one.
    ///
    /// # Errors
    /// [`VaultError::Missing`] where something is sealed.
    fn make(&self, db: &mut WriteDb, path: &Path, now: DateTime<Utc>) -> Result<Key> {
        let new = self.new_key();
        // Waits for those who seal something with the key that is current now.
        secrets::set_current(db, &new.id(), now)?;
        let connections = secrets::owners(db)?;
        if secrets::any(db)? || Self::is_audited(db)? {
            return Err(VaultError::Missing { path: path.to_owned(), connections });
        }
        let made = file::create(path, new)?;
        self.learn(&made);
        let key = made.into_iter().next().ok_or_else(|| self.wrong_key("its first key"))?;
        secrets::set_current(db, &key.id(), now)?;
        secrets::forget_unused_keys(db)?;
        Ok(key)
    }

    /// The key of a fingerprint. The key file is read again where the ring does not have it.
    fn key(&self, db: &mut Db, id: &str) -> Result<Key> {
        if let Some(key) = self.ring().into_iter().find(|key| key.id() == id) {
            return Ok(key);
        }
        let held = self.read_again(db)?;
        self.learn(&held);
        held.into_iter().find(|key| key.id() == id).ok_or_else(|| self.wrong_key(id))
    }

    /// The keys as their source has them now.
    fn read_again(&self, db: &mut Db) -> Result<Vec<Key>> {
        match &self.0.source {
            KeySource::Given(keys) => Ok(keys.clone()),
            KeySource::File(path) => match file::read(path)? {
                Some(keys) => Ok(keys),
                None => Err(VaultError::Missing { path: path.clone(), connections: secrets::owners(db)? }),
            },
        }
    }

    fn ring(&self) -> Vec<Key> {
        self.0.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, keys: &[Key]) {
        let mut ring = self.0.ring.write().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            if !ring.contains(key) {
                ring.push(key.clone());
            }
        }
    }

    fn new_key(&self) -> Key {
        let (one, other) = (self.0.entropy.bytes(), self.0.entropy.bytes());
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(one.into_iter().chain(other)).for_each(|(to, random)| *to = random);
        Key::new(bytes)
    }

    fn wrong_key(&self, wanted: &str) -> VaultError {
        let held = self.ring().iter().map(Key::id).collect::<Vec<_>>().join(", ");
        VaultError::WrongKey { keys: self.0.source.clone(), held, wanted: wanted.to_owned() }
    }
}
