//! With what messages are verified: a connection's settings and secrets as they were read. Reading them for each message
//! would cost more than keeping it; so what was read is used again, and the transaction that keeps a message makes sure
//! that it still stands. A secret that was changed, or a connection that was deleted, counts at once, whichever gateway
//! did it.

use std::collections::BTreeMap;

use crate::{
    domain::{ids::ConnectionId, secret::Secret, words::Kind},
    store::{
        self, Db,
        connections::{self, Connection},
        inbox::Verified,
        secrets::{self, SealedSecret},
    },
    sync::vault::{Vault, VaultError},
};

/// With what a connection's messages are verified.
pub struct WebhookCredentials {
    pub id: ConnectionId,
    pub kind: Kind,
    pub settings: String,
    pub secrets: BTreeMap<String, Secret>,
    /// The same, as it is stored: what it is recognised by.
    sealed: Vec<SealedSecret>,
    /// The same once more, for a statement that compares it with what is stored.
    pub(super) verified: Verified,
}

impl WebhookCredentials {
    /// `None` where there is no such connection; it takes as many queries to find that out.
    pub fn read(db: &mut Db, vault: &Vault, id: &ConnectionId) -> Result<Option<Self>, VaultError> {
        let connection = find(db, id)?;
        // Before they are opened: if they change in between, this one does not stand.
        let sealed = secrets::of(db, id)?;
        let secrets = vault.secrets(db, id)?;
        let known = |Connection { id, kind, settings, .. }: Connection| {
            let verified = Verified::new(&id, &settings, &sealed);
            Self { id, kind, settings, secrets, sealed, verified }
        };
        Ok(connection.map(known))
    }

    /// Whether both were read of the same.
    pub fn is_as(&self, other: &Self) -> bool {
        self.settings == other.settings && self.sealed == other.sealed
    }

    /// Whether the connection is still there and still has these settings and secrets.
    pub(super) fn stands(&self, db: &mut Db) -> store::Result<bool> {
        let Some(connection) = find(db, &self.id)? else { return Ok(false) };
        Ok(connection.settings == self.settings && secrets::of(db, &self.id)? == self.sealed)
    }
}

fn find(db: &mut Db, id: &ConnectionId) -> store::Result<Option<Connection>> {
    match connections::get(db, id) {
        Ok(connection) => Ok(Some(connection)),
        Err(store::Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
