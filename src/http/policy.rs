//! Lets the policy answer first: a caller who may not know of an object, or may not do what a route does, is told so
//! (401, 404, 403) before anything is said about the query or the body (400, 413, 415, 422).

use std::{fmt, sync::Arc};

use axum::{
    extract::{FromRequestParts, MatchedPath, RawPathParams},
    http::{Extensions, request::Parts},
};
use futures_util::future::BoxFuture;

use super::problem::ApiError;
use crate::{domain::words::List, service::target::Target};

/// Asks the policy about this request: an extension of the requests of known routes.
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

    /// The policy for a request with these extensions; `None` for one that came through no route of the API.
    pub(super) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().cloned()
    }
}

/// The refusal of a request whose query or body is wrong: the policy's refusal, if there is one, else `wrong`.
pub(super) async fn first(policy: Option<Policy>, wrong: ApiError) -> ApiError {
    match policy {
        Some(Policy(ask)) => ask().await.err().unwrap_or(wrong),
        None => wrong,
    }
}

/// The object that the path of a request names. A new resource whose routes name an object must be added here: the test
/// of the policy fails until it is.
pub(super) async fn target(parts: &mut Parts) -> Target {
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let resource = route.as_ref().and_then(|route| route.as_str().split('/').nth(2)).unwrap_or_default();
    let parameters = RawPathParams::from_request_parts(parts, &()).await;
    let id = parameters.iter().flatten().find(|(name, _)| *name == "id").map(|(_, id)| id.to_owned());
    let Some(id) = id else { return Target::Nothing };
    match resource {
        "companies" => Target::Company(id),
        "connections" => Target::Connection(id),
        "runs" => Target::Run(id),
        "messages" => Target::Message(id),
        "apps" => Target::App(id),
        "accounts" => Target::Account(id),
        "quicklinks" => Target::Quicklink(id),
        resource => match List::ALL.iter().find(|list| list.plural() == resource) {
            Some(list) => Target::Record(*list, id),
            None => Target::Nothing,
        },
    }
}
