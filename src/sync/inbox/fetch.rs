//! One record, asked of its source.

use futures_util::future::BoxFuture;

use crate::{
    connectors::source::{Failure, Fetched},
    domain::{ids::ConnectionId, words::List},
    sync::source_access::SourceAccess,
};

/// Fetches what a webhook named.
pub trait Fetch: Send + Sync {
    fn fetch<'a>(
        &'a self,
        connection_id: &'a ConnectionId,
        list: List,
        external_id: &'a str,
    ) -> BoxFuture<'a, Result<Fetched, Failure>>;
}

impl Fetch for SourceAccess {
    fn fetch<'a>(
        &'a self,
        connection_id: &'a ConnectionId,
        list: List,
        external_id: &'a str,
    ) -> BoxFuture<'a, Result<Fetched, Failure>> {
        Box::pin(SourceAccess::fetch(self, connection_id, list, external_id))
    }
}
