//! `/v1/apps`: the downstream systems.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::{access::Scopes, words::Scope},
    http::{
        Gateway,
        extract::{ApiJson, ApiPath, ApiQuery},
        problem::ApiError,
    },
    store::apps,
    sync::register,
};

use super::{
    companies,
    errors::in_use,
    page::{PageBody, PageQuery},
    schema::{self, BadBodies, Conflicts, Refusals, Text},
    scoped::Admin,
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(list_apps, add_app))
        .routes(routes!(get_app, change_app, delete_app))
}

/// A downstream system.
#[derive(Debug, Serialize, ToSchema)]
pub struct App {
    pub id: String,
    pub name: String,
    /// Sees all companies and manages everything.
    pub admin: bool,
    /// IDs of the companies that it may see; an admin's list is empty and means all.
    pub companies: Vec<String>,
    /// What its tokens may be used for at most; without meaning for an admin's app.
    #[schema(schema_with = schema::scope_list)]
    pub scopes: Vec<Scope>,
    pub created_at: DateTime<Utc>,
}

impl From<apps::App> for App {
    fn from(app: apps::App) -> Self {
        Self {
            id: app.id,
            name: app.name,
            admin: app.admin,
            companies: app.companies,
            scopes: app.scopes.as_slice().to_vec(),
            created_at: app.created_at,
        }
    }
}

/// An app just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewApp {
    #[serde(flatten)]
    pub app: App,
    /// Its first token, shown only here.
    pub token: String,
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
    State(gateway): State<Gateway>,
    _: Admin,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<PageBody<App>>, ApiError> {
    let (limit, after) = query.read::<String>()?;
    let page = gateway.store.read(move |db| apps::page(db, after.as_deref(), limit)).await?;
    Ok(Json(PageBody::of(page, |app| app.id.clone())?))
}

/// Shows an app
///
/// Needs an admin's token.
#[utoipa::path(get, path = "/v1/apps/{id}", tag = "apps", params(("id" = String, Path)),
    responses((status = 200, description = "The app", body = App), Refusals))]
async fn get_app(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<App>, ApiError> {
    let app = gateway.store.read(move |db| apps::get(db, &id)).await?;
    Ok(Json(app.into()))
}

/// Adds an app
///
/// Needs an admin's token. Answers with the app's first token, which is not shown again. An admin's app is made by
/// the command line only.
#[utoipa::path(post, path = "/v1/apps", tag = "apps", request_body = AppDraft,
    responses((status = 201, description = "The new app", body = NewApp), Refusals, Conflicts, BadBodies))]
async fn add_app(
    State(gateway): State<Gateway>,
    Admin(scope): Admin,
    ApiJson(body): ApiJson<AppDraft>,
) -> Result<(StatusCode, Json<NewApp>), ApiError> {
    let ambient = gateway.ambient.clone();
    let made = gateway.store.write(move |db| {
        let companies: Result<Vec<String>, ApiError> =
            body.companies.iter().map(|name| Ok(companies::named(db, &scope, &name.0)?.id)).collect();
        let draft = register::AppDraft {
            name: body.name.0,
            companies: companies?,
            admin: false,
            scopes: body.scopes.as_deref().map(Scopes::new).unwrap_or_default(),
        };
        let first = register::TokenDraft::default();
        Ok::<_, ApiError>(register::new_app(db, &ambient, &draft, &first)?)
    });
    let (app, made) = made.await?;
    Ok((StatusCode::CREATED, Json(NewApp { app: app.into(), token: made.secret.reveal().to_owned() })))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppPatch {
    name: Option<Text>,
    /// All companies that it may see from now on, by ID or name; at least one.
    companies: Option<Vec<Text>>,
}

/// Changes an app
///
/// Needs an admin's token. What is left out stays as it is. A company in which the app has profiles cannot be taken away:
/// 409 `company_in_use` tells how many.
#[utoipa::path(patch, path = "/v1/apps/{id}", tag = "apps", params(("id" = String, Path)), request_body = AppPatch,
    responses((status = 200, description = "The app as it is now", body = App), Refusals, Conflicts, BadBodies))]
async fn change_app(
    State(gateway): State<Gateway>,
    Admin(scope): Admin,
    ApiPath(id): ApiPath<String>,
    ApiJson(body): ApiJson<AppPatch>,
) -> Result<Json<App>, ApiError> {
    let changed = gateway.store.write(move |db| {
        let companies = match &body.companies {
            Some(names) => {
                let ids: Result<Vec<String>, ApiError> =
                    names.iter().map(|name| Ok(companies::named(db, &scope, &name.0)?.id)).collect();
                Some(ids?)
            }
            None => None,
        };
        let name = body.name.as_ref().map(|name| name.0.as_str());
        Ok::<_, ApiError>(register::change_app(db, &id, name, companies.as_deref())?)
    });
    Ok(Json(changed.await?.into()))
}

/// Deletes an app
///
/// Needs an admin's token. Its tokens go with it; an app that has profiles is kept: 409 `app_in_use`.
#[utoipa::path(delete, path = "/v1/apps/{id}", tag = "apps", params(("id" = String, Path)),
    responses((status = 204, description = "It is gone"), Refusals, Conflicts))]
async fn delete_app(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let deleted = gateway.store.write(move |db| apps::delete(db, &id)).await;
    deleted.map_err(in_use("app_in_use", "The app still has profiles.", "Delete its profiles first."))?;
    Ok(StatusCode::NO_CONTENT)
}
