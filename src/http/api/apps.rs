//! `/v1/apps`: the downstream systems.

use axum::{Json, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::{
        access::{Scopes, action},
        words::Scope,
    },
    http::{
        Gateway,
        extract::{ApiJson, ApiPath, ApiQuery},
        problem::ApiError,
    },
    service::{
        apps::{self, App, NewApp},
        page::{PageBody, PageQuery},
    },
};

use super::{
    auth::{Caller, guarded},
    schema::{self, BadBodies, Conflicts, Refusals, Text},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(list_apps))
        .routes(guarded!(add_app))
        .routes(guarded!(get_app))
        .routes(guarded!(change_app))
        .routes(guarded!(delete_app))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppDraft {
    #[schema(schema_with = schema::name)]
    name: Text,
    /// The companies that it may see, by ID or name; at least one.
    #[schema(min_items = 1)]
    companies: Vec<Text>,
    /// What its tokens may be used for at most, the first one among them: `read`, `link` and `poll` where they are left out.
    #[schema(schema_with = schema::scope_list)]
    scopes: Option<Vec<Scope>>,
}

/// Lists the apps
///
/// Needs an admin's token.
#[utoipa::path(get, path = "/v1/apps", tag = "apps", params(PageQuery),
    responses((status = 200, description = "A page", body = PageBody<App>), Refusals))]
async fn list_apps(
    caller: Caller<action::Administer>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<PageBody<App>>, ApiError> {
    caller.read(move |db, attempt| apps::list(db, attempt, &query)).await.map(Json)
}

/// Shows an app
///
/// Needs an admin's token.
#[utoipa::path(get, path = "/v1/apps/{id}", tag = "apps", params(("id" = String, Path)),
    responses((status = 200, description = "The app", body = App), Refusals))]
async fn get_app(
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<App>, ApiError> {
    caller.read(move |db, attempt| apps::show(db, attempt, &id)).await.map(Json)
}

/// Adds an app
///
/// Needs an admin's token. Answers with the app's first token, which is not shown again. An admin's app is made by
/// the command line only.
#[utoipa::path(post, path = "/v1/apps", tag = "apps", request_body = AppDraft,
    responses((status = 201, description = "The new app", body = NewApp), Refusals, Conflicts, BadBodies))]
async fn add_app(
    caller: Caller<action::Administer>,
    ApiJson(body): ApiJson<AppDraft>,
) -> Result<(StatusCode, Json<NewApp>), ApiError> {
    let ambient = caller.gateway.ambient.clone();
    let draft = apps::Draft {
        name: body.name.0,
        companies: texts(body.companies),
        admin: false,
        scopes: body.scopes.as_deref().map(Scopes::new).unwrap_or_default(),
    };
    let added = caller.write(move |db, attempt| apps::add(db, &ambient, attempt, &draft));
    Ok((StatusCode::CREATED, Json(added.await?)))
}

fn texts(names: Vec<Text>) -> Vec<String> {
    names.into_iter().map(|name| name.0).collect()
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppPatch {
    name: Option<Text>,
    /// All companies that it may see from now on, by ID or name; at least one.
    #[schema(min_items = 1)]
    companies: Option<Vec<Text>>,
    /// All that its tokens may be used for from now on, at most; at least one.
    #[schema(schema_with = schema::scope_list)]
    #[schema(min_items = 1)]
    scopes: Option<Vec<Scope>>,
}

/// Changes an app
///
/// Needs an admin's token. What is left out stays as it is. A company in which the app has profiles cannot be taken away:
/// 409 `company_in_use` tells how many. A scope that is taken away is gone from all of its tokens at once.
#[utoipa::path(patch, path = "/v1/apps/{id}", tag = "apps", params(("id" = String, Path)), request_body = AppPatch,
    responses((status = 200, description = "The app as it is now", body = App), Refusals, Conflicts, BadBodies))]
async fn change_app(
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
    ApiJson(body): ApiJson<AppPatch>,
) -> Result<Json<App>, ApiError> {
    let change = apps::Change {
        name: body.name.map(|name| name.0),
        companies: body.companies.map(texts),
        scopes: body.scopes.as_deref().map(Scopes::new),
    };
    caller.write(move |db, attempt| apps::change(db, attempt, &id, &change)).await.map(Json)
}

/// Deletes an app
///
/// Needs an admin's token. Its tokens go with it; an app that has profiles is kept: 409 `app_in_use`.
#[utoipa::path(delete, path = "/v1/apps/{id}", tag = "apps", params(("id" = String, Path)),
    responses((status = 204, description = "It is gone"), Refusals, Conflicts))]
async fn delete_app(
    caller: Caller<action::Administer>,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    caller.write(move |db, attempt| apps::remove(db, attempt, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
