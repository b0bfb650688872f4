//! `/v1/quicklinks`: links that open one company's lists without a sign-in.

use axum::{Json, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::access::action,
    http::{
        Gateway,
        extract::{ApiJson, ApiPath, ApiQuery},
        problem::ApiError,
    },
    service::{
        page::{PageBody, PageQuery},
        quicklinks::{self, NewQuicklink, Quicklink},
    },
};

use super::{
    auth::{Caller, guarded},
    schema::{BadBodies, Conflicts, Refusals, Text},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(list_quicklinks))
        .routes(guarded!(add_quicklink))
        .routes(guarded!(revoke_quicklink))
}

/// A Quicklink to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuicklinkDraft {
    /// The company that it opens, by ID or name.
    company_id: Text,
    /// The app that it acts for, by ID or name; the bearer chooses where it is left out.
    app_id: Option<Text>,
    /// The connection that it opens with, by ID or name.
    connection_id: Option<Text>,
    /// After how many days it stops working; 365 where it is left out.
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<u32>,
    /// On whose behalf it opens anything, by ID or e-mail; one's own account where it is left out.
    account_id: Option<Text>,
}

/// Lists Quicklinks
///
/// One's own, or all for an account-admin or an admin's token; with how often each was opened.
#[utoipa::path(get, path = "/v1/quicklinks", tag = "accounts", params(PageQuery),
    responses((status = 200, description = "A page", body = PageBody<Quicklink>), Refusals))]
async fn list_quicklinks(
    caller: Caller<action::ManageQuicklinks>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<PageBody<Quicklink>>, ApiError> {
    caller.read(move |db, attempt| quicklinks::list(db, attempt, &query)).await.map(Json)
}

/// Makes a Quicklink
///
/// An account makes them for itself; an account-admin, freshly signed in, or an admin's token for any account. The
/// address is not shown again.
#[utoipa::path(post, path = "/v1/quicklinks", tag = "accounts", request_body = QuicklinkDraft,
    responses((status = 201, description = "The new Quicklink", body = NewQuicklink), Refusals, Conflicts, BadBodies))]
async fn add_quicklink(
    caller: Caller<action::ManageQuicklinks>,
    ApiJson(body): ApiJson<QuicklinkDraft>,
) -> Result<(StatusCode, Json<NewQuicklink>), ApiError> {
    let (ambient, public_url) = (caller.gateway.ambient.clone(), caller.gateway.public_url.clone());
    let text = |text: Option<Text>| text.map(|text| text.0);
    let draft = quicklinks::QuicklinkDraft {
        company: body.company_id.0,
        app: text(body.app_id),
        connection: text(body.connection_id),
        expires_in_days: body.expires_in_days,
        account: text(body.account_id),
    };
    let added = caller.write(move |db, attempt| quicklinks::add(db, &ambient, &public_url, attempt, &draft));
    Ok((StatusCode::CREATED, Json(added.await?)))
}

/// Revokes a Quicklink
///
/// From then on it opens nothing, and browsers that have opened it see nothing more. It stays in the list.
#[utoipa::path(delete, path = "/v1/quicklinks/{id}", tag = "accounts", params(("id" = String, Path)),
    responses((status = 204, description = "It is revoked"), Refusals, Conflicts))]
async fn revoke_quicklink(
    caller: Caller<action::ManageQuicklinks>,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let ambient = caller.gateway.ambient.clone();
    caller.write(move |db, attempt| quicklinks::revoke(db, &ambient, attempt, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
