//! `/v1/companies`: the tenants.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    http::{
        Gateway,
        extract::{ApiJson, ApiPath, ApiQuery},
        problem::ApiError,
    },
    store::{Db, companies},
    sync::{register, scope::Scope},
};

use super::{
    errors::in_use,
    page::{PageBody, PageQuery},
    schema::{self, BadBodies, Conflicts, Refusals, Text},
    scoped::{Admin, Caller},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(routes!(list_companies, add_company)).routes(routes!(
        get_company,
        rename_company,
        delete_company
    ))
}

/// One business whose lists are staged.
#[derive(Debug, Serialize, ToSchema)]
pub struct Company {
    #[schema(example = "com_0192f0c4a1b27c3e8d5f6a7b8c9d0e1f")]
    pub id: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

impl From<companies::Company> for Company {
    fn from(company: companies::Company) -> Self {
        Self { id: company.id, name: company.name, created_at: company.created_at }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyName {
    #[schema(schema_with = schema::name)]
    name: Text,
}

/// The company that a filter or a body names by ID or name, if the caller may see it.
pub(super) fn named(db: &mut Db, scope: &Scope, id_or_name: &str) -> Result<companies::Company, ApiError> {
    let company = companies::find(db, id_or_name)?;
    scope.check(&company.id, "company")?;
    Ok(company)
}

/// Lists the companies
///
/// Those that the token may see, oldest first.
#[utoipa::path(get, path = "/v1/companies", tag = "companies", params(PageQuery),
    responses((status = 200, description = "A page", body = PageBody<Company>), Refusals))]
async fn list_companies(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<PageBody<Company>>, ApiError> {
    let (limit, after) = query.read::<String>()?;
    let page =
        gateway.store.read(move |db| companies::page(db, scope.among(), after.as_deref(), limit)).await?;
    Ok(Json(PageBody::of(page, |company| company.id.clone())?))
}

/// Shows a company
#[utoipa::path(get, path = "/v1/companies/{id}", tag = "companies", params(("id" = String, Path)),
    responses((status = 200, description = "The company", body = Company), Refusals))]
async fn get_company(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Company>, ApiError> {
    let company = gateway.store.read(move |db| {
        let company = companies::get(db, &id)?;
        scope.check(&company.id, "company").map(|()| company)
    });
    Ok(Json(company.await?.into()))
}

/// Adds a company
///
/// Needs an admin's token.
#[utoipa::path(post, path = "/v1/companies", tag = "companies", request_body = CompanyName,
    responses((status = 201, description = "The new company", body = Company), Refusals, Conflicts, BadBodies))]
async fn add_company(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiJson(body): ApiJson<CompanyName>,
) -> Result<(StatusCode, Json<Company>), ApiError> {
    let ambient = gateway.ambient.clone();
    let company = gateway.store.write(move |db| register::company(db, &ambient, &body.name.0)).await?;
    Ok((StatusCode::CREATED, Json(company.into())))
}

/// Renames a company
///
/// Needs an admin's token.
#[utoipa::path(patch, path = "/v1/companies/{id}", tag = "companies", params(("id" = String, Path)),
    request_body = CompanyName,
    responses((status = 200, description = "The company as it is now", body = Company), Refusals, Conflicts, BadBodies))]
async fn rename_company(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiPath(id): ApiPath<String>,
    ApiJson(body): ApiJson<CompanyName>,
) -> Result<Json<Company>, ApiError> {
    let company = gateway.store.write(move |db| register::rename_company(db, &id, &body.name.0)).await?;
    Ok(Json(company.into()))
}

/// Deletes a company
///
/// Needs an admin's token. A company with connections or profiles is kept: 409 `company_in_use`.
#[utoipa::path(delete, path = "/v1/companies/{id}", tag = "companies", params(("id" = String, Path)),
    responses((status = 204, description = "It is gone"), Refusals, Conflicts))]
async fn delete_company(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let deleted = gateway.store.write(move |db| companies::delete(db, &id)).await;
    deleted.map_err(in_use(
        "company_in_use",
        "The company still has connections or profiles, or the rows of a connection that was deleted are still going.",
        "Delete its connections and its profiles first; what is going takes a minute at most.",
    ))?;
    Ok(StatusCode::NO_CONTENT)
}
