//! Secrets that a vendor replaces while it is polled, such as refresh tokens that are good once.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::{
    clock::Ambient,
    connectors::{outbound::NotSent, polled::SecretKeeper},
    domain::{schedule::span, secret::Secret},
    store::{
        self, Store, WriteDb, locks,
        polls::{self, Lease},
    },
    sync::vault::{Vault, VaultError},
};

/// Keeps what the source of a connection replaces, while its lease is held.
pub struct LeasedSecrets {
    pub store: Store,
    pub ambient: Ambient,
    pub vault: Vault,
    /// Without one nothing may be replaced: two who ask at once would each make the other's secret worthless.
    pub lease: Option<Lease>,
    pub lease_for: Duration,
}

impl LeasedSecrets {
    async fn put(&self, name: &'static str, secret: Secret) -> Result<(), VaultError> {
        let lease = self.lease.clone().ok_or(store::Error::Stale("lease"))?;
        let (vault, now) = (self.vault.clone(), self.ambient.now());
        let until = now + span(self.lease_for);
        let put = move |db: &mut WriteDb| {
            // A person who gives another secret locks the connection first, too, and ends the lease.
            locks::of(&lease.connection_id).connection(db)?;
            polls::renew(db, &lease, until)?;
            vault.put(db, &lease.connection_id, name, &secret, now)
        };
        self.store.write(put).await
    }
}

impl SecretKeeper for LeasedSecrets {
    fn replace(&self, name: &'static str, secret: Secret) -> BoxFuture<'_, Result<(), NotSent>> {
        Box::pin(async move {
            self.put(name, secret).await.map_err(|error| match error {
                VaultError::Store(store::Error::Stale(_)) => NotSent::LeaseLost,
                other => NotSent::Unavailable(other.to_string()),
            })
        })
    }
}
