//! `/v1/profiles`: the apps' own people and customers.

mod batch;
mod body;

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::words::List,
    http::{
        Gateway,
        extract::{ApiJson, ApiPath, ApiQuery},
        problem::ApiError,
    },
    store::{self, profiles},
    sync::profile,
};

pub use body::{Profile, ProfileDraft, ProfileLink, check_profile_id};
use body::{draft, with_links};

use super::{
    auth::ForApp,
    companies,
    errors::refuse,
    page::{self, PageBody},
    schema::{AppQuery, BadBodies, Conflicts, ListWord, Refusals},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(batch::put_profiles))
        .routes(routes!(list_profiles))
        .routes(routes!(get_profile, put_profile, delete_profile))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProfilesQuery {
    /// Only this company's, by ID or name.
    company: Option<String>,
    /// Only those with a link, or only those without.
    linked: Option<bool>,
    /// Anywhere in the name, e-mail and ID; case and accents do not matter.
    #[param(max_length = 200)]
    q: Option<String>,
    /// An app's ID or name: an admin's token acts for that app.
    #[expect(dead_code, reason = "read by `ForApp`")]
    app: Option<String>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    cursor: Option<String>,
}

/// Lists the app's profiles
///
/// By name, with their links.
#[utoipa::path(get, path = "/v1/profiles/{list}", tag = "profiles",
    params(("list" = ListWord, Path), ProfilesQuery),
    responses((status = 200, description = "A page", body = PageBody<Profile>), Refusals))]
async fn list_profiles(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    ApiPath(list): ApiPath<List>,
    ApiQuery(query): ApiQuery<ProfilesQuery>,
) -> Result<Json<PageBody<Profile>>, ApiError> {
    let (limit, after) = page::read::<(String, String)>(query.limit, query.cursor.as_deref())?;
    let search = page::search(query.q)?;
    let read = gateway.store.read(move |db| {
        let company = query.company.as_deref().map(|name| companies::named(db, &scope, name)).transpose()?;
        let filter =
            profiles::Filter { company_id: company.map(|company| company.id), linked: query.linked, search };
        let page = profiles::page(db, &scope.app.id, list, &filter, after, limit)?;
        let last = page.rows.last().filter(|_| page.more);
        let next = last.map(|profile| (profile.sort_name.clone(), profile.key.clone()));
        PageBody::new(with_links(db, page.rows)?, next.as_ref())
    });
    Ok(Json(read.await?))
}

/// Shows a profile with its links
#[utoipa::path(get, path = "/v1/profiles/{list}/{profile_id}", tag = "profiles",
    params(("list" = ListWord, Path), ("profile_id" = String, Path, description = "The app's ID"), AppQuery),
    responses((status = 200, description = "The profile", body = Profile), Refusals))]
async fn get_profile(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    ApiPath((list, profile_id)): ApiPath<(List, String)>,
) -> Result<Json<Profile>, ApiError> {
    let read = gateway.store.read(move |db| {
        let profile = profiles::find(db, &scope.app.id, list, &profile_id)?;
        with_links(db, vec![profile.ok_or(store::Error::NotFound("profile"))?])
    });
    // There is one: exactly one was asked for.
    read.await?.pop().map(Json).ok_or_else(|| store::Error::NotFound("profile").into())
}

/// Makes or changes a profile
///
/// 201 where it is new, 200 where it was there.
#[utoipa::path(put, path = "/v1/profiles/{list}/{profile_id}", tag = "profiles", request_body = ProfileDraft,
    params(("list" = ListWord, Path), ("profile_id" = String, Path, description = "The app's ID"), AppQuery),
    responses((status = 200, description = "It was there", body = Profile),
        (status = 201, description = "It is new", body = Profile), Refusals, Conflicts, BadBodies))]
async fn put_profile(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    ApiPath(key): ApiPath<(List, String)>,
    ApiJson(body): ApiJson<ProfileDraft>,
) -> Result<(StatusCode, Json<Profile>), ApiError> {
    let one = vec![(key, body)];
    let (mut written, created) =
        batch::write(&gateway, scope, one).await.map_err(|failure| *failure.error)?;
    let profile = written.pop().ok_or_else(|| ApiError::internal("no profile was written"))?;
    let status = if created == 1 { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(profile)))
}

/// Deletes a profile
///
/// One that is linked is kept: 409 `profile_linked` names its records.
#[utoipa::path(delete, path = "/v1/profiles/{list}/{profile_id}", tag = "profiles",
    params(("list" = ListWord, Path), ("profile_id" = String, Path, description = "The app's ID"), AppQuery),
    responses((status = 204, description = "It is gone"), Refusals, Conflicts))]
async fn delete_profile(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    ApiPath((list, profile_id)): ApiPath<(List, String)>,
) -> Result<StatusCode, ApiError> {
    let attempt = || {
        let (ambient, scope, profile_id) = (gateway.ambient.clone(), scope.clone(), profile_id.clone());
        gateway.store.write(move |db| profile::delete(db, &ambient, &scope, list, &profile_id))
    };
    let deleted = match attempt().await {
        // It was linked between our look and our delete: look again, to name the record.
        Err(profile::Error::Store(store::Error::Referred(_))) => attempt().await,
        other => other,
    };
    if deleted? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(refuse(
        StatusCode::NOT_FOUND,
        "profile_not_found",
        "The app has no such profile.",
        "Check the list and the ID.",
    ))
}
