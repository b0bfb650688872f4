//! `/v1/companies`: the tenants.

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
        companies::{self, Company},
        page::{PageBody, PageQuery},
    },
};

use super::{
    auth::{Caller, guarded},
    schema::{self, BadBodies, Conflicts, Refusals, Text},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(list_companies))
        .routes(guarded!(add_company))
        .routes(guarded!(get_company))
        .routes(guarded!(rename_company))
        .routes(guarded!(delete_company))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyDraft {
    #[schema(schema_with = schema::name)]
    name: Text,
    /// IDs or e-mails of the users who are to see it; an account-admin sees it anyway.
    #[schema(max_items = 1000)]
    users: Option<Vec<Text>>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyName {
    #[schema(schema_with = schema::name)]
    name: Text,
}

/// Lists the companies
///
/// Those that the token may see, oldest first.
#[utoipa::path(get, path = "/v1/companies", tag = "companies", params(PageQuery),
    responses((status = 200, description = "A page", body = PageBody<Company>), Refusals))]
async fn list_companies(
    caller: Caller<action::ReadCompanies>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<PageBody<Company>>, ApiError> {
    caller.read(move |db, attempt| companies::list(db, attempt, &query)).await.map(Json)
}

/// Shows a company
#[utoipa::path(get, path = "/v1/companies/{id}", tag = "companies", params(("id" = String, Path)),
    responses((status = 200, description = "The company", body = Company), Refusals))]
async fn get_company(
    caller: Caller<action::ReadCompanies>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Company>, ApiError> {
    caller.read(move |db, attempt| companies::show(db, attempt, &id)).await.map(Json)
}

/// Adds a company
///
/// Needs an admin's token.
#[utoipa::path(post, path = "/v1/companies", tag = "companies", request_body = CompanyDraft,
    responses((status = 201, description = "The new company", body = Company), Refusals, Conflicts, BadBodies))]
async fn add_company(
    caller: Caller<action::Administer>,
    ApiJson(body): ApiJson<CompanyDraft>,
) -> Result<(StatusCode, Json<Company>), ApiError> {
    let ambient = caller.gateway.ambient.clone();
    let users: Vec<String> = body.users.unwrap_or_default().into_iter().map(|user| user.0).collect();
    let added = caller.write(move |db, attempt| companies::add(db, &ambient, attempt, &body.name.0, &users));
    Ok((StatusCode::CREATED, Json(added.await?)))
}

/// Renames a company
///
/// Needs an admin's token.
#[utoipa::path(patch, path = "/v1/companies/{id}", tag = "companies", params(("id" = String, Path)),
    request_body = CompanyName,
    responses((status = 200, description = "The company as it is now", body = Company), Refusals, Conflicts, BadBodies))]
async fn rename_company(
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
    ApiJson(body): ApiJson<CompanyName>,
) -> Result<Json<Company>, ApiError> {
    caller.write(move |db, attempt| companies::rename(db, attempt, &id, &body.name.0)).await.map(Json)
}

/// Deletes a company
///
/// Needs an admin's token. A company with connections or profiles is kept: 409 `company_in_use`.
#[utoipa::path(delete, path = "/v1/companies/{id}", tag = "companies", params(("id" = String, Path)),
    responses((status = 204, description = "It is gone"), Refusals, Conflicts))]
async fn delete_company(
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    caller.write(move |db, attempt| companies::remove(db, attempt, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
