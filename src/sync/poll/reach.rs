//! A source, opened with its connection's settings, secrets and gate.

use std::{sync::Arc, time::Duration};

use url::Url;

use crate::{
    clock::Ambient,
    connectors::{
        self, Polled, Source,
        outbound::{Closed, Outbound, Place, problems::failure},
        polled::Ways,
        source::{Failure, Fetched},
    },
    domain::{
        problem::Problem,
        words::{Cause, List},
    },
    store::{
        self, Store,
        connections::{self, Connection},
        polls::{self, Lease},
    },
    sync::vault::{Vault, VaultError},
};

use super::{
    gate::{DatabaseGate, Spare, in_order},
    holder::Holder,
    keeper::LeasedSecrets,
};

/// The longest wait on the spot for the rate limit, or for what a source asks; longer waits are left to the schedule.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long somebody waits who wants one answer now.
const IMPATIENCE: Duration = Duration::from_secs(2);

/// All that it takes to reach sources. Cheap to clone.
#[derive(Clone)]
pub struct Reach {
    pub store: Store,
    pub ambient: Ambient,
    pub vault: Vault,
    pub outbound: Outbound,
    /// How others reach this gateway: where sources send their webhooks.
    pub public_url: Url,
    /// How long the lease of a connection that is polled holds.
    pub lease_for: Duration,
}

/// A connection with its settings and its source.
pub(super) type Opened = (Connection, Box<dyn Polled>, Box<dyn Source>);

/// Why a source could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Source(#[from] Failure),
}

impl From<ReachError> for Failure {
    fn from(error: ReachError) -> Self {
        match error {
            ReachError::Source(failure) => failure,
            ReachError::Store(error) => Closed::Unavailable(error.to_string()).into(),
            ReachError::Vault(VaultError::Store(error)) => Closed::Unavailable(error.to_string()).into(),
            ReachError::Vault(error) => failure(
                Cause::Credentials,
                format!("The stored credentials cannot be read: {error}."),
                "Give the gateway the key that they were sealed with, or enter the credentials again.",
            ),
        }
    }
}

impl Reach {
    /// Opens a connection's source: for polling with its `lease`, for one quick look without.
    ///
    /// # Errors
    /// Settings or secrets that cannot be used, or the database.
    pub async fn open(&self, connection_id: &str, lease: Option<Lease>) -> Result<Opened, ReachError> {
        self.open_at(connection_id, lease, None).await
    }

    /// [`Self::open`], whose waits leave `place` to others.
    pub(super) async fn open_at(
        &self,
        connection_id: &str,
        lease: Option<Lease>,
        place: Option<Arc<Place>>,
    ) -> Result<Opened, ReachError> {
        let (id, vault) = (connection_id.to_owned(), self.vault.clone());
        let read = self.store.read(move |db| {
            let connection = connections::get(db, &id)?;
            let memory = polls::get(db, &id)?.memory;
            let secrets = vault.secrets(db, &id)?;
            Ok::<_, ReachError>((connection, memory, secrets))
        });
        let (connection, memory, secrets) = read.await?;
        let settings = connectors::polled(connection.kind, &connection.settings).map_err(unreadable)?;
        let keeper = LeasedSecrets {
            store: self.store.clone(),
            ambient: self.ambient.clone(),
            vault: self.vault.clone(),
            lease: lease.clone(),
            lease_for: self.lease_for,
        };
        let gate = DatabaseGate {
            store: self.store.clone(),
            ambient: self.ambient.clone(),
            rates: in_order(settings.rates(&secrets)),
            in_flight: self.outbound.in_flight.clone(),
            patience: if lease.is_some() { PATIENCE } else { IMPATIENCE },
            lease,
            lease_for: self.lease_for,
            spare: Spare::default(),
            place,
        };
        let source = settings.open(Ways {
            secrets: &secrets,
            memory: memory.as_deref(),
            outbound: &self.outbound,
            gate: Arc::new(gate),
            keeper: Arc::new(keeper),
        })?;
        Ok((connection, settings, source))
    }

    pub(super) fn holder(&self, lease: &Lease, connection: Connection) -> Holder {
        Holder {
            store: self.store.clone(),
            ambient: self.ambient.clone(),
            lease: lease.clone(),
            lease_for: self.lease_for,
            connection,
        }
    }

    /// Fetches one record by its ID: what a webhook named.
    ///
    /// # Errors
    /// What keeps the source from answering.
    pub async fn fetch(
        &self,
        connection_id: &str,
        list: List,
        external_id: &str,
    ) -> Result<Fetched, Failure> {
        let (_, _, source) = self.open(connection_id, None).await?;
        source.fetch(list, external_id).await
    }
}

fn unreadable(error: impl std::fmt::Display) -> Failure {
    Failure::Source {
        cause: Cause::Server,
        problem: Problem::new(
            "invalid_settings",
            format!("The settings of the connection cannot be used: {error}."),
            "Correct them with `rollcall connection set`.",
        ),
        retry_after: None,
    }
}
