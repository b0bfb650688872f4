//! Routes for connections to QuickBooks Desktop only: the Web Connector's password and its `.qwc` file.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::{
    domain::access::action,
    http::{
        api::{
            auth::Caller,
            schema::{Conflicts, Refusals},
        },
        extract::ApiPath,
        problem::ApiError,
    },
    service::connections::{self, Password},
};

/// Gives the Web Connector a new password
///
/// Needs the scope `manage`. The old one stops working; type the new one into the Web Connector.
#[utoipa::path(post, path = "/v1/connections/{id}/password", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The new password", body = Password), Refusals, Conflicts))]
pub(super) async fn new_password(
    caller: Caller<action::ManageConnections>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Password>, ApiError> {
    let sources = caller.gateway.sources.clone();
    caller.write(move |db, attempt| connections::new_password(db, &sources, attempt, &id)).await.map(Json)
}

/// Downloads the `.qwc` file
///
/// Needs the scope `manage`. Open it on the machine that runs QuickBooks: the Web Connector adds the gateway. It holds no
/// password.
#[utoipa::path(get, path = "/v1/connections/{id}/qwc", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The file", body = String, content_type = "text/xml"), Refusals, Conflicts))]
pub(super) async fn qwc_file(
    caller: Caller<action::ManageConnections>,
    ApiPath(id): ApiPath<String>,
) -> Result<Response, ApiError> {
    let sources = caller.gateway.sources.clone();
    let (text, name) = caller.read(move |db, attempt| connections::qwc(db, &sources, attempt, &id)).await?;
    // A slug is ASCII without quotes.
    let name = format!("attachment; filename=\"{name}\"");
    let name = HeaderValue::from_str(&name).map_err(ApiError::internal)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8")),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text).into_response())
}
