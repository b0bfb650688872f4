//! Linking, unlinking, and the green plus (promises 4 and 5).

use axum::{Extension, Json, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::{access::action, words::List},
    http::{
        api::{
            auth::Caller,
            schema::{self, AppQuery, BadBodies, Conflicts, Refusals, Text},
        },
        extract::{ApiJson, ApiPath},
        problem::ApiError,
    },
    service::links::{self, CreatedProfile, Link},
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkDraft {
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
    caller: Caller<action::Link>,
    Extension(list): Extension<List>,
    ApiPath(id): ApiPath<String>,
    ApiJson(body): ApiJson<LinkDraft>,
) -> Result<(StatusCode, Json<Link>), ApiError> {
    let ambient = caller.gateway.ambient.clone();
    let linked =
        caller.write(move |db, attempt| links::add(db, &ambient, attempt, list, &id, &body.profile_id.0));
    let (link, created) = linked.await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(link)))
}

/// Unlinks a record
///
/// Both sides are free again. 204 also where there was no link.
#[utoipa::path(delete, path = "/{id}/link", params(("id" = String, Path), AppQuery),
    responses((status = 204, description = "It has no link"), Refusals, Conflicts))]
pub(super) async fn unlink_record(
    caller: Caller<action::Link>,
    Extension(list): Extension<List>,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let ambient = caller.gateway.ambient.clone();
    caller.write(move |db, attempt| links::remove(db, &ambient, attempt, list, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProfile {
    /// The app's ID for it; made up where it is left out.
    profile_id: Option<Text>,
}

/// Makes a profile from a record
///
/// The profile gets the name and e-mail of the record, a customer's its address and description as well, and is linked to
/// it: the green plus.
#[utoipa::path(post, path = "/{id}/profile", params(("id" = String, Path), AppQuery),
    request_body = Option<NewProfile>,
    responses((status = 201, description = "Both are new", body = CreatedProfile), Refusals, Conflicts, BadBodies))]
pub(super) async fn create_record_profile(
    caller: Caller<action::Link>,
    Extension(list): Extension<List>,
    ApiPath(id): ApiPath<String>,
    body: Option<ApiJson<NewProfile>>,
) -> Result<(StatusCode, Json<CreatedProfile>), ApiError> {
    let wanted = body.and_then(|ApiJson(body)| body.profile_id).map(|id| id.0);
    let ambient = caller.gateway.ambient.clone();
    let created = caller
        .write(move |db, attempt| links::create_profile(db, &ambient, attempt, list, &id, wanted.as_deref()));
    Ok((StatusCode::CREATED, Json(created.await?)))
}
