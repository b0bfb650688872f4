//! What only connections to QuickBooks Desktop have: the Web Connector's password and its `.qwc` file.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    connectors::{self, Moves},
    domain::name::slug,
    http::{
        Gateway,
        api::{
            errors::conflict,
            schema::{Conflicts, Refusals},
            scoped::{Admin, Caller},
        },
        extract::ApiPath,
        problem::ApiError,
    },
    store::{companies, connections::Connection, desktop},
    sync::{calls_in, register},
};

use super::visible;

/// # Errors
/// 409 `not_quickbooks_desktop`.
pub(super) fn check_kind(connection: &Connection) -> Result<(), ApiError> {
    let kind = connection.kind;
    if connectors::spec(kind).is_some_and(|spec| spec.moves == Moves::CallsIn) {
        return Ok(());
    }
    Err(conflict(
        "not_quickbooks_desktop",
        format!("The connection is of kind {kind}; only QuickBooks Desktop has this."),
        "Choose a connection of kind quickbooks_desktop.",
    ))
}

/// The Web Connector's new password.
#[derive(Debug, Serialize, ToSchema)]
pub struct Password {
    username: String,
    /// Shown only here.
    password: String,
}

/// Gives the Web Connector a new password
///
/// Needs an admin's token. The old one stops working; type the new one into the Web Connector.
#[utoipa::path(post, path = "/v1/connections/{id}/password", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The new password", body = Password), Refusals, Conflicts))]
pub(super) async fn new_password(
    State(gateway): State<Gateway>,
    Admin(scope): Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Password>, ApiError> {
    let ambient = gateway.ambient.clone();
    let changed = gateway.store.write(move |db| {
        check_kind(&visible(db, &scope, &id)?)?;
        let password = register::new_password(db, &ambient, &id)?;
        let username = desktop::get(db, &id)?.username;
        Ok::<_, ApiError>(Password { username, password: password.reveal().to_owned() })
    });
    changed.await.map(Json)
}

/// Downloads the `.qwc` file
///
/// Open it on the machine that runs QuickBooks: the Web Connector adds the gateway. It holds no password.
#[utoipa::path(get, path = "/v1/connections/{id}/qwc", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The file", body = String, content_type = "text/xml"), Refusals, Conflicts))]
pub(super) async fn qwc_file(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Response, ApiError> {
    let public_url = gateway.public_url.clone();
    let read = gateway.store.read(move |db| {
        let connection = visible(db, &scope, &id)?;
        check_kind(&connection)?;
        let text = calls_in::setup_file(db, &connection.id, &public_url)?;
        Ok::<_, ApiError>((text, companies::get(db, &connection.company_id)?.name))
    });
    let (text, company) = read.await?;
    // A slug is ASCII without quotes.
    let name = format!("attachment; filename=\"{}.qwc\"", slug(&company));
    let name = HeaderValue::from_str(&name).map_err(ApiError::internal)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8")),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text).into_response())
}
