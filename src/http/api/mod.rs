//! The REST API under `/v1`: one file a resource, and one list that is both the route table and its description.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`auth`] | authentication, and the action of a route |
//! | [`errors`] | refusals as problems |
//! | [`schema`] | what the descriptions of all resources share |

pub mod accounts;
pub mod apps;
pub mod audit;
pub mod auth;
pub mod changes;
pub mod companies;
pub mod connections;
pub mod errors;
pub mod links;
pub mod me;
pub mod member_credentials;
pub mod messages;
pub mod profiles;
pub mod quicklinks;
pub mod records;
pub mod runs;
pub mod schema;
pub mod second_factor;
pub mod session;
pub mod tokens;
pub mod workers;

use axum::{
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use utoipa_axum::router::OpenApiRouter;

use super::{Gateway, representation::represent};
use crate::{service::page, store::on_behalf_of};

/// The routes under `/v1`, with their description, but for those of the other routers here.
pub fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .merge(companies::router())
        .merge(connections::router())
        .merge(messages::router())
        .merge(runs::router())
        .merge(records::router())
        .merge(profiles::router())
        .merge(links::router())
        .merge(apps::router())
        .merge(tokens::router())
        .merge(accounts::router())
        .merge(me::router())
        .merge(member_credentials::router())
        .merge(session::router())
        .merge(quicklinks::router())
        .merge(second_factor::router())
        .merge(workers::router())
        .merge(audit::router())
        .with_layers()
}

/// The routes that may wait for something to happen: see [`changes::LONGEST_WAIT`].
pub fn waiting_router() -> OpenApiRouter<Gateway> {
    changes::router().with_layers()
}

/// The routes that take passwords: their bodies are bounded more closely.
pub fn sign_in_router() -> OpenApiRouter<Gateway> {
    session::sign_in_router().with_layers()
}

trait Layers {
    fn with_layers(self) -> Self;
}

impl Layers for OpenApiRouter<Gateway> {
    fn with_layers(self) -> Self {
        self.layer(from_fn(in_turn)).layer(from_fn(represent))
    }
}

/// Queues the caller's reads of the database by its token or session, so that others do not wait behind them.
async fn in_turn(request: Request, next: Next) -> Response {
    match auth::queue(request.headers()) {
        Some(requester) => on_behalf_of(requester, next.run(request)).await,
        None => next.run(request).await,
    }
}
