//! The policy's word comes first: who may not know of an object, or may not do what a route does, is told so (401, 404,
//! 403) before anything is said of the query or the body that was sent (400, 413, 415, 422).

use std::{fmt, sync::Arc};

use axum::{
    extract::{FromRequestParts, MatchedPath, RawPathParams},
    http::{Extensions, request::Parts},
};
use futures_util::future::BoxFuture;

use super::problem::ApiError;
use crate::{domain::words::List, service::named::Named};

/// Asks the policy of the route for this request: an extension of requests of known routes.
#[derive(Clone)]
pub(super) struct Policy(Arc<dyn Fn() -> BoxFuture<'static, Result<(), ApiError>> + Send + Sync>);

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Policy")
    }
}

impl Policy {
    pub(super) fn new(
        ask: impl Fn() -> BoxFuture<'static, Result<(), ApiError>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(ask))
    }

    /// Of a request with these extensions. One that came through no route of the API has none.
    pub(super) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().cloned()
    }
}

/// What a request is refused with that is wrong as `wrong` says: the policy's word, where that refuses it too.
pub(super) async fn first(policy: Option<Policy>, wrong: ApiError) -> ApiError {
    match policy {
        Some(Policy(ask)) => ask().await.err().unwrap_or(wrong),
        None => wrong,
    }
}

/// What the address of a request names. A new resource whose routes name an object is to be added here: the test of the
/// policy fails until it is.
pub(super) async fn named(parts: &mut Parts) -> Named {
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let resource = route.as_ref().and_then(|route| route.as_str().split('/').nth(2)).unwrap_or_default();
    let parameters = RawPathParams::from_request_parts(parts, &()).await;
    let id = parameters.iter().flatten().find(|(name, _)| *name == "id").map(|(_, id)| id.to_owned());
    let Some(id) = id else { return Named::Nothing };
    match resource {
        "companies" => Named::Company(id),
        "connections" => Named::Connection(id),
        "runs" => Named::Run(id),
        "messages" => Named::Message(id),
        "apps" => Named::App(id),
        resource => match List::ALL.iter().find(|list| list.plural() == resource) {
            Some(list) => Named::Record(*list, id),
            None => Named::Nothing,
        },
    }
}
