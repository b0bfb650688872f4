//! Keys of the gateway itself, each a random one that is sealed like the secrets of connections: so a new key of the vault
//! seals them anew, and what they protect stays as it is.

use chrono::{DateTime, Utc};

use crate::{
    domain::key::Key,
    store::{
        Db, WriteDb,
        secrets::{self, GATEWAY},
    },
};

use super::{Result, Vault, VaultError};

/// Protects what belongs to signing in: second factors, browsers that are known, flows to identity providers. What each
/// needs is derived from it.
pub const SIGN_IN: &str = "sign_in";

impl Vault {
    /// A key of the gateway, if it was made.
    ///
    /// # Errors
    /// A key that does not open.
    pub fn known_gateway_key(&self, db: &mut Db, name: &str) -> Result<Option<Key>> {
        let Some(row) = secrets::gateway_key(db, name)? else { return Ok(None) };
        let text = self.open(db, &row)?;
        let key = Key::read_all(text.reveal()).ok().and_then(|keys| keys.into_iter().next());
        key.map(Some).ok_or_else(|| VaultError::not_opened(GATEWAY, name))
    }

    /// A key of the gateway; made where there is none.
    ///
    /// # Errors
    /// As [`Vault::put`].
    pub fn gateway_key(&self, db: &mut WriteDb, name: &str, now: DateTime<Utc>) -> Result<Key> {
        if let Some(key) = self.known_gateway_key(db, name)? {
            return Ok(key);
        }
        let current = self.current(db, now)?;
        let new = self.new_key();
        let row = self.seal(&current, GATEWAY, name, new.to_text().as_bytes())?;
        if secrets::add_gateway_key(db, &row, now)? {
            return Ok(new);
        }
        // Another gateway was faster.
        self.known_gateway_key(db, name)?.ok_or_else(|| VaultError::not_opened(GATEWAY, name))
    }
}
