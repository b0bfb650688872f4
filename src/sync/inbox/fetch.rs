//! One record, asked of its source.

use futures_util::future::BoxFuture;

use crate::{
    connectors::source::{Failure, Fetched},
    domain::words::List,
    sync::poll::Reach,
};

/// Fetches what a webhook named.
pub trait Fetch: Send + Sync {
    fn fetch<'a>(
        &'a self,
        connection_id: &'a str,
        list: List,
        external_id: &'a str,
    ) -> BoxFuture<'a, Result<Fetched, Failure>>;
}

impl Fetch for Reach {
    fn fetch<'a>(
        &'a self,
        connection_id: &'a str,
        list: List,
        external_id: &'a str,
    ) -> BoxFuture<'a, Result<Fetched, Failure>> {
        Box::pin(Reach::fetch(self, connection_id, list, external_id))
    }
}
