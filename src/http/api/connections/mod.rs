//! `/v1/connections`: the links to source systems.

mod body;
mod callbacks;
mod check;
mod desktop;
mod pairs;
mod poll;
mod removal;
mod runs;
mod secret;

use std::collections::BTreeMap;

use axum::{Json, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::{access::action, words::Kind},
    http::{
        Gateway,
        extract::{ApiJson, ApiPath, ApiQuery},
        problem::ApiError,
    },
    service::connections::{self, Connection, ConnectionsQuery, Draft, NewConnection},
    sync::register::ConnectionChange,
};

use super::{
    auth::{Caller, guarded},
    page::PageBody,
    schema::{self, BadBodies, Conflicts, Refusals, SecretText, Text},
};
use body::{SettingValue, in_clear, texts};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(list_connections))
        .routes(guarded!(add_connection))
        .routes(guarded!(get_connection))
        .routes(guarded!(change_connection))
        .routes(guarded!(removal::delete_connection))
        .routes(guarded!(desktop::new_password))
        .routes(guarded!(secret::new_webhook_secret))
        .routes(guarded!(desktop::qwc_file))
        .routes(guarded!(poll::poll_connection))
        .routes(guarded!(check::test_connection))
        .routes(guarded!(callbacks::subscribe))
        .routes(guarded!(callbacks::unsubscribe))
        .routes(guarded!(runs::list_runs))
        .routes(guarded!(pairs::list_pairs))
        .routes(guarded!(pairs::count_pairs))
        .routes(guarded!(pairs::list_link_changes))
}

/// Lists the connections
///
/// Those of the companies that the token may see, oldest first.
#[utoipa::path(get, path = "/v1/connections", tag = "connections", params(ConnectionsQuery),
    responses((status = 200, description = "A page", body = PageBody<Connection>), Refusals))]
async fn list_connections(
    caller: Caller<action::Read>,
    ApiQuery(query): ApiQuery<ConnectionsQuery>,
) -> Result<Json<PageBody<Connection>>, ApiError> {
    let sources = caller.gateway.sources.clone();
    caller.read(move |db, attempt| connections::list(db, &sources, attempt, &query)).await.map(Json)
}

/// Shows a connection
#[utoipa::path(get, path = "/v1/connections/{id}", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The connection", body = Connection), Refusals))]
async fn get_connection(
    caller: Caller<action::Read>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Connection>, ApiError> {
    let sources = caller.gateway.sources.clone();
    caller.read(move |db, attempt| connections::show(db, &sources, attempt, &id)).await.map(Json)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionDraft {
    #[schema(schema_with = schema::kinds_here)]
    #[serde(deserialize_with = "schema::read_kind")]
    kind: Kind,
    /// The company's ID or name.
    company: Text,
    /// Its kind's name where it is left out.
    name: Option<Text>,
    #[serde(default)]
    #[schema(schema_with = schema::connection_settings)]
    settings: BTreeMap<String, SettingValue>,
    /// What the source wants to know of us, by name: stored sealed, never shown.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    secrets: BTreeMap<String, SecretText>,
}

/// Adds a connection
///
/// Needs the scope `manage`. Answers with what Rollcall made and does not show again: the Web Connector's user name and
/// password, or the secret of the source's webhooks.
#[utoipa::path(post, path = "/v1/connections", tag = "connections", request_body = ConnectionDraft,
    responses((status = 201, description = "The new connection", body = NewConnection), Refusals, Conflicts, BadBodies))]
async fn add_connection(
    caller: Caller<action::ManageConnections>,
    ApiJson(body): ApiJson<ConnectionDraft>,
) -> Result<(StatusCode, Json<NewConnection>), ApiError> {
    let draft = Draft {
        kind: body.kind,
        company: body.company.0,
        name: body.name.map(|name| name.0),
        settings: texts(body.settings),
        secrets: in_clear(body.secrets),
    };
    let sources = caller.gateway.sources.clone();
    let made = caller.write(move |db, attempt| connections::add(db, &sources, attempt, &draft)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionPatch {
    name: Option<Text>,
    paused: Option<bool>,
    #[serde(default)]
    #[schema(schema_with = schema::connection_settings)]
    settings: BTreeMap<String, SettingValue>,
    /// Only those to be replaced.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    secrets: BTreeMap<String, SecretText>,
    /// Takes the next company file that answers, whichever it is, and the FileID that it shows.
    #[serde(default)]
    forget_company_file: bool,
    /// Says that the company file in doubt, with another name and path, is the same company's; 409 `nothing_in_doubt`
    /// where there is none.
    #[serde(default)]
    same_company_file: bool,
    /// Makes a new OwnerID and FileID, which the Web Connector wants on a new computer (QBWC1039): download the `.qwc`
    /// file then, and add it anew.
    #[serde(default)]
    new_ids: bool,
}

/// Changes a connection
///
/// Needs the scope `manage`. What is left out stays as it is.
#[utoipa::path(patch, path = "/v1/connections/{id}", tag = "connections", params(("id" = String, Path)),
    request_body = ConnectionPatch,
    responses((status = 200, description = "The connection as it is now", body = Connection), Refusals, Conflicts, BadBodies))]
async fn change_connection(
    caller: Caller<action::ManageConnections>,
    ApiPath(id): ApiPath<String>,
    ApiJson(body): ApiJson<ConnectionPatch>,
) -> Result<Json<Connection>, ApiError> {
    let change = ConnectionChange {
        name: body.name.map(|name| name.0),
        paused: body.paused,
        settings: texts(body.settings),
        secrets: in_clear(body.secrets),
        forget_company_file: body.forget_company_file,
        same_company_file: body.same_company_file,
        new_ids: body.new_ids,
    };
    let sources = caller.gateway.sources.clone();
    caller.write(move |db, attempt| connections::change(db, &sources, attempt, &id, &change)).await.map(Json)
}
