//! Messages that nobody understood, sealed. Each connection has a key of its own for them, which is a secret among its
//! others: so a new key of the gateway seals that one anew, and not each message.

use std::mem;

use chrono::{DateTime, Utc};

use crate::{
    codec::seal::{self, NONCE},
    domain::{
        ids::{ConnectionId, MessageId},
        key::Key,
        secret::Secret,
    },
    store::{
        Db, WriteDb, locks,
        secrets::{self, MESSAGE_KEY},
    },
};

use super::{Result, Vault, VaultError};

impl Vault {
    /// The key that seals a connection's messages; made where there is none yet.
    pub fn message_key(
        &self,
        db: &mut WriteDb,
        connection_id: &ConnectionId,
        now: DateTime<Utc>,
    ) -> Result<Key> {
        // Two that make one at the same time: what the first has sealed would not open with the second's.
        locks::of(connection_id).connection(db)?;
        if let Some(key) = self.known_message_key(db, connection_id)? {
            return Ok(key);
        }
        let key = self.new_key();
        self.put(db, connection_id, MESSAGE_KEY, &Secret::new(key.to_text()), now)?;
        Ok(key)
    }

    fn known_message_key(&self, db: &mut Db, connection_id: &ConnectionId) -> Result<Option<Key>> {
        let Some(row) = secrets::message_key(db, connection_id)? else { return Ok(None) };
        let key = self.open(db, &row)?;
        let read = Key::read_all(key.reveal()).ok().and_then(|keys| keys.into_iter().next());
        read.map(Some).ok_or_else(|| VaultError::not_opened(connection_id, MESSAGE_KEY))
    }

    /// Seals a message for its place.
    pub fn seal_message(
        &self,
        key: &Key,
        connection_id: &ConnectionId,
        inbox_id: &MessageId,
        body: &[u8],
    ) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE];
        nonce.iter_mut().zip(self.0.entropy.bytes()).for_each(|(to, random)| *to = random);
        seal::seal(key, nonce, connection_id, inbox_id, body)
            .map_err(|_| VaultError::not_opened(connection_id, inbox_id))
    }

    /// Opens a message.
    ///
    /// # Errors
    /// One of another place or key, or damaged.
    pub fn open_message(
        &self,
        db: &mut Db,
        connection_id: &ConnectionId,
        inbox_id: &MessageId,
        sealed: &[u8],
    ) -> Result<Vec<u8>> {
        let not_opened = || VaultError::not_opened(connection_id, inbox_id);
        let key = self.known_message_key(db, connection_id)?.ok_or_else(not_opened)?;
        let opened = seal::open(&key, connection_id, inbox_id, sealed).map_err(|_| not_opened());
        opened.map(|mut plain| mem::take(&mut *plain))
    }
}
