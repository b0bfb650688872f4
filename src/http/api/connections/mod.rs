//! `/v1/connections`: the links to source systems.

mod body;
mod callbacks;
mod check;
mod desktop;
mod poll;
mod removal;
mod runs;
mod secret;

pub use body::{Connection, NewConnection};
pub use callbacks::{Callback, Callbacks};
pub use check::TestResult;
pub use removal::Removal;

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::words::Kind,
    http::{
        Gateway,
        extract::{ApiJson, ApiPath, ApiQuery},
        problem::ApiError,
    },
    store::{self, Db, connections},
    sync::{
        register::{self, ConnectionChange},
        scope::Scope,
    },
};

use super::{
    companies,
    page::{self, PageBody},
    schema::{self, BadBodies, Conflicts, Refusals, Text},
    scoped::{Admin, Caller},
};
use body::{SecretText, SettingValue, in_clear, texts};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(list_connections, add_connection))
        .routes(routes!(get_connection, change_connection, removal::delete_connection))
        .routes(routes!(desktop::new_password))
        .routes(routes!(secret::new_webhook_secret))
        .routes(routes!(desktop::qwc_file))
        .routes(routes!(poll::poll_connection))
        .routes(routes!(check::test_connection))
        .routes(routes!(callbacks::subscribe, callbacks::unsubscribe))
        .routes(routes!(runs::list_runs))
}

/// A connection that the caller may see.
fn visible(db: &mut Db, scope: &Scope, id: &str) -> store::Result<connections::Connection> {
    let connection = connections::get(db, id)?;
    scope.check(&connection.company_id, "connection").map(|()| connection)
}

/// A connection as the caller may see it.
fn shown(
    db: &mut Db,
    scope: &Scope,
    connection: connections::Connection,
    public_url: &url::Url,
    now: DateTime<Utc>,
) -> store::Result<Connection> {
    Ok(for_caller(scope, Connection::read(db, connection, public_url, now)?))
}

fn for_caller(scope: &Scope, shown: Connection) -> Connection {
    if scope.app.admin { shown } else { shown.for_all() }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConnectionsQuery {
    /// Only this company's, by ID or name.
    company: Option<String>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    cursor: Option<String>,
}

/// Lists the connections
///
/// Those of the companies that the token may see, oldest first.
#[utoipa::path(get, path = "/v1/connections", tag = "connections", params(ConnectionsQuery),
    responses((status = 200, description = "A page", body = PageBody<Connection>), Refusals))]
async fn list_connections(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiQuery(query): ApiQuery<ConnectionsQuery>,
) -> Result<Json<PageBody<Connection>>, ApiError> {
    let (limit, after) = page::read::<String>(query.limit, query.cursor.as_deref())?;
    let now = gateway.ambient.now();
    let public_url = gateway.public_url.clone();
    let read = gateway.store.read(move |db| {
        let one = query.company.as_deref().map(|name| companies::named(db, &scope, name)).transpose()?;
        let one = one.map(|company| [company.id]);
        let among = one.as_ref().map_or_else(|| scope.among(), |one| Some(one.as_slice()));
        let page = connections::page(db, among, after.as_deref(), limit)?;
        let next = page.rows.last().filter(|_| page.more).map(|connection| connection.id.clone());
        let rows = Connection::read_all(db, page.rows, &public_url, now)?;
        let rows = rows.into_iter().map(|row| for_caller(&scope, row)).collect();
        Ok::<_, ApiError>(PageBody::new(rows, next.as_ref())?)
    });
    Ok(Json(read.await?))
}

/// Shows a connection
#[utoipa::path(get, path = "/v1/connections/{id}", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The connection", body = Connection), Refusals))]
async fn get_connection(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Connection>, ApiError> {
    let now = gateway.ambient.now();
    let public_url = gateway.public_url.clone();
    let read = gateway.store.read(move |db| {
        let connection = visible(db, &scope, &id)?;
        shown(db, &scope, connection, &public_url, now)
    });
    Ok(Json(read.await?))
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
/// Needs an admin's token. Answers with what Rollcall made and does not show again: the Web Connector's user name and
/// password, or the secret of the source's webhooks.
#[utoipa::path(post, path = "/v1/connections", tag = "connections", request_body = ConnectionDraft,
    responses((status = 201, description = "The new connection", body = NewConnection), Refusals, Conflicts, BadBodies))]
async fn add_connection(
    State(gateway): State<Gateway>,
    Admin(scope): Admin,
    ApiJson(body): ApiJson<ConnectionDraft>,
) -> Result<(StatusCode, Json<NewConnection>), ApiError> {
    let Gateway { ambient, vault, public_url, .. } = gateway.clone();
    let made = gateway.store.write(move |db| {
        let draft = register::ConnectionDraft {
            kind: body.kind,
            company_id: companies::named(db, &scope, &body.company.0)?.id,
            name: body.name.map(|name| name.0),
            settings: texts(body.settings),
            secrets: in_clear(body.secrets),
        };
        let new = register::connection(db, &ambient, &vault, &draft)?;
        Ok::<_, ApiError>(NewConnection::read(db, new, &public_url, ambient.now())?)
    });
    Ok((StatusCode::CREATED, Json(made.await?)))
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
/// Needs an admin's token. What is left out stays as it is.
#[utoipa::path(patch, path = "/v1/connections/{id}", tag = "connections", params(("id" = String, Path)),
    request_body = ConnectionPatch,
    responses((status = 200, description = "The connection as it is now", body = Connection), Refusals, Conflicts, BadBodies))]
async fn change_connection(
    State(gateway): State<Gateway>,
    _: Admin,
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
    let Gateway { ambient, vault, public_url, .. } = gateway.clone();
    let changed = gateway.store.write(move |db| {
        if change.is_of_desktop() {
            desktop::check_kind(&connections::get(db, &id)?)?;
        }
        let connection = register::change_connection(db, &ambient, &vault, &id, &change)?;
        Ok::<_, ApiError>(Connection::read(db, connection, &public_url, ambient.now())?)
    });
    changed.await.map(Json)
}
