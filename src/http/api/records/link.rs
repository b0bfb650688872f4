//! Linking, unlinking, and the green plus (promises 4 and 5).

use axum::{Extension, Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::words::List,
    http::{
        Gateway,
        api::{
            auth::ForApp,
            links::Link,
            profiles::{Profile, check_profile_id},
            schema::{self, AppQuery, BadBodies, Conflicts, Refusals, Text},
        },
        extract::{ApiJson, ApiPath},
        problem::ApiError,
    },
    sync::link,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkDraft {
    /// The app's ID.
    #[schema(schema_with = schema::profile_id)]
    profile_id: Text,
}

/// Links a record to a profile
///
/// The same link again is no error. Where either side is taken, 409 names the other party; nothing is moved.
#[utoipa::path(put, path = "/{id}/link", params(("id" = String, Path), AppQuery), request_body = LinkDraft,
    responses((status = 200, description = "It was there already", body = Link),
        (status = 201, description = "It is new", body = Link), Refusals, Conflicts, BadBodies))]
pub(super) async fn link_record(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    Extension(list): Extension<List>,
    ApiPath(id): ApiPath<String>,
    ApiJson(body): ApiJson<LinkDraft>,
) -> Result<(StatusCode, Json<Link>), ApiError> {
    let linked = link::link(&gateway.store, &gateway.ambient, &scope, list, &id, &body.profile_id.0).await?;
    let status = if linked.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(linked.link.into())))
}

/// Unlinks a record
///
/// Both sides are free again. 204 also where there was no link.
#[utoipa::path(delete, path = "/{id}/link", params(("id" = String, Path), AppQuery),
    responses((status = 204, description = "It has no link"), Refusals, Conflicts))]
pub(super) async fn unlink_record(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    Extension(list): Extension<List>,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let ambient = gateway.ambient.clone();
    gateway.store.write(move |db| link::unlink(db, &ambient, &scope, list, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProfile {
    /// The app's ID for it; made up where it is left out.
    profile_id: Option<Text>,
}

/// A profile just made, and its link.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedProfile {
    profile: Profile,
    link: Link,
}

/// Makes a profile from a record
///
/// The profile gets the name and e-mail of the record, and is linked to it: the green plus.
#[utoipa::path(post, path = "/{id}/profile", params(("id" = String, Path), AppQuery),
    request_body = Option<NewProfile>,
    responses((status = 201, description = "Both are new", body = CreatedProfile), Refusals, Conflicts, BadBodies))]
pub(super) async fn create_record_profile(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    Extension(list): Extension<List>,
    ApiPath(id): ApiPath<String>,
    body: Option<ApiJson<NewProfile>>,
) -> Result<(StatusCode, Json<CreatedProfile>), ApiError> {
    let wanted = body.and_then(|ApiJson(body)| body.profile_id).map(|id| id.0);
    if let Some(wanted) = &wanted {
        check_profile_id(wanted)?;
    }
    let (store, ambient) = (&gateway.store, &gateway.ambient);
    let (profile, link) = link::create_profile(store, ambient, &scope, list, &id, wanted.as_deref()).await?;
    let profile = Profile::new(vec![link.clone().into()], profile);
    Ok((StatusCode::CREATED, Json(CreatedProfile { profile, link: link.into() })))
}
