//! A connection whose lease is held. A poll writes through it alone, so it writes nothing after the lease was lost.

use std::time::Duration;

use crate::{
    clock::Ambient,
    domain::schedule::span,
    store::{
        self, Store, WriteDb,
        connections::Connection,
        polls::{self, Lease},
    },
    sync::source_access::SourceAccess,
};

/// The lease of a connection, and what is done with it.
pub(super) struct LeasedConnection {
    pub store: Store,
    pub ambient: Ambient,
    pub lease: Lease,
    pub lease_for: Duration,
    pub connection: Connection,
}

impl LeasedConnection {
    pub(super) fn new(sources: &SourceAccess, lease: &Lease, connection: Connection) -> Self {
        Self {
            store: sources.store.clone(),
            ambient: sources.ambient.clone(),
            lease: lease.clone(),
            lease_for: sources.lease_for,
            connection,
        }
    }

    /// Runs `work` in a transaction that is committed only if the lease was still held at its end.
    ///
    /// # Errors
    /// [`store::Error::Stale`] where it was lost: nothing was written then.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut WriteDb) -> store::Result<T> + Send + 'static,
    ) -> store::Result<T> {
        self.store.write(self.while_held(work)).await
    }

    /// The same by [`Store::write_soft`].
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(super) async fn write_soft<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut WriteDb) -> store::Result<T> + Send + 'static,
    ) -> store::Result<T> {
        self.store.write_soft(self.while_held(work)).await
    }

    fn while_held<T, W: FnOnce(&mut WriteDb) -> store::Result<T>>(
        &self,
        work: W,
    ) -> impl FnOnce(&mut WriteDb) -> store::Result<T> + use<T, W> {
        let (lease, until) = (self.lease.clone(), self.ambient.now() + span(self.lease_for));
        move |db: &mut WriteDb| {
            // First of all: its row stays locked, so nobody can take the lease before the commit.
            polls::renew(db, &lease, until)?;
            work(db)
        }
    }
}
