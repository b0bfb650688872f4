//! How a source is opened: with its connection's settings and secrets, and with a limiter that keeps to its rates.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`limiter`](DatabaseLimiter) | lets a request go where the lease is held and the shared rates allow it |
//! | [`leased_secrets`](LeasedSecrets) | secrets that a vendor replaces |
//! | `lent` | credentials of an account in place of the connection's own |

mod leased_secrets;
mod lent;
mod limiter;

pub use leased_secrets::LeasedSecrets;
pub(super) use lent::disabled as lent_by_disabled;
pub use limiter::{DatabaseLimiter, SparePermits, in_order};

use std::{sync::Arc, time::Duration};

use url::Url;

use crate::{
    clock::Ambient,
    connectors::{
        self, Polled, Source,
        outbound::{NotSent, Outbound, PollSlot, problems::failure},
        polled::SourceContext,
        source::{Failure, Fetched},
    },
    domain::{
        ids::ConnectionId,
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

/// The longest wait on the spot for the rate limit, or for what a source asks; longer waits are left to the schedule.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long somebody waits who wants one answer now.
const IMPATIENCE: Duration = Duration::from_secs(2);

/// What it takes to open the source of any connection. Cheap to clone.
#[derive(Clone)]
pub struct SourceAccess {
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
pub enum OpenError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Source(#[from] Failure),
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Source(failure) => failure,
            OpenError::Store(error) => NotSent::Unavailable(error.to_string()).into(),
            OpenError::Vault(VaultError::Store(error)) => NotSent::Unavailable(error.to_string()).into(),
            OpenError::Vault(error) => failure(
                Cause::Credentials,
                format!("The stored credentials cannot be read: {error}."),
                "Give the gateway the key that they were sealed with, or enter the credentials again.",
            ),
        }
    }
}

impl SourceAccess {
    /// Opens a connection's source: for polling with its `lease`, for one quick look without.
    ///
    /// # Errors
    /// Settings or secrets that cannot be used, or the database.
    pub async fn open(
        &self,
        connection_id: &ConnectionId,
        lease: Option<Lease>,
    ) -> Result<Opened, OpenError> {
        self.open_at(connection_id, lease, None).await
    }

    /// [`Self::open`], whose waits leave `slot` to others.
    pub(super) async fn open_at(
        &self,
        connection_id: &ConnectionId,
        lease: Option<Lease>,
        slot: Option<Arc<PollSlot>>,
    ) -> Result<Opened, OpenError> {
        self.open_with(connection_id, lease, slot, None).await
    }

    /// Opens a connection's source for one quick look, with the credentials of an account whatever it uses itself.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) async fn open_as(
        &self,
        connection_id: &ConnectionId,
        account_id: &str,
    ) -> Result<Opened, OpenError> {
        self.open_with(connection_id, None, None, Some(account_id.to_owned())).await
    }

    async fn open_with(
        &self,
        connection_id: &ConnectionId,
        lease: Option<Lease>,
        slot: Option<Arc<PollSlot>>,
        account_id: Option<String>,
    ) -> Result<Opened, OpenError> {
        let (id, vault) = (connection_id.to_owned(), self.vault.clone());
        let read = self.store.read(move |db| {
            let connection = connections::get(db, &id)?;
            let memory = polls::get(db, &id)?.memory;
            let secrets = lent::secrets(db, &vault, &connection, account_id)?;
            Ok::<_, OpenError>((connection, memory, secrets))
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
        let limiter = DatabaseLimiter {
            store: self.store.clone(),
            ambient: self.ambient.clone(),
            rates: in_order(settings.rates(&secrets)),
            in_flight: self.outbound.in_flight.clone(),
            patience: if lease.is_some() { PATIENCE } else { IMPATIENCE },
            lease,
            lease_for: self.lease_for,
            spare: SparePermits::default(),
            slot,
        };
        let source = settings.open(SourceContext {
            secrets: &secrets,
            memory: memory.as_deref(),
            outbound: &self.outbound,
            limiter: Arc::new(limiter),
            keeper: Arc::new(keeper),
        })?;
        Ok((connection, settings, source))
    }

    /// Fetches one record by its ID: what a webhook named.
    ///
    /// # Errors
    /// What keeps the source from answering.
    pub async fn fetch(
        &self,
        connection_id: &ConnectionId,
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
