//! `/v1/profiles`: the apps' own people and customers.

use axum::{Json, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::{access::action, details, words::List},
    http::{
        Gateway,
        extract::{ApiJson, ApiPath, ApiQuery},
        problem::ApiError,
    },
    service::{
        page::PageBody,
        profiles::{self, Input, Profile, ProfilesQuery, Written},
    },
};

use super::{
    auth::{Caller, guarded},
    schema::{self, AppQuery, BadBodies, Conflicts, ListWord, Refusals, Text},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(guarded!(put_profiles))
        .routes(guarded!(list_profiles))
        .routes(guarded!(get_profile))
        .routes(guarded!(put_profile))
        .routes(guarded!(delete_profile))
}

/// Lists the app's profiles
///
/// By name, with their links.
#[utoipa::path(get, path = "/v1/profiles/{list}", tag = "profiles",
    params(("list" = ListWord, Path), ProfilesQuery),
    responses((status = 200, description = "A page", body = PageBody<Profile>), Refusals))]
async fn list_profiles(
    caller: Caller<action::Read>,
    ApiPath(list): ApiPath<List>,
    ApiQuery(query): ApiQuery<ProfilesQuery>,
) -> Result<Json<PageBody<Profile>>, ApiError> {
    caller.read(move |db, attempt| profiles::list(db, attempt, list, &query)).await.map(Json)
}

/// Shows a profile with its links
#[utoipa::path(get, path = "/v1/profiles/{list}/{profile_id}", tag = "profiles",
    params(("list" = ListWord, Path), ("profile_id" = String, Path, description = "The app's ID"), AppQuery),
    responses((status = 200, description = "The profile", body = Profile), Refusals))]
async fn get_profile(
    caller: Caller<action::Read>,
    ApiPath((list, profile_id)): ApiPath<(List, String)>,
) -> Result<Json<Profile>, ApiError> {
    caller.read(move |db, attempt| profiles::show(db, attempt, list, &profile_id)).await.map(Json)
}

/// Where a customer is. A part that is left out or null is none.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressDraft {
    /// What stands above the city: street, building, `c/o`. At most 10, each of up to 200 characters, as the other parts.
    #[serde(default)]
    #[schema(max_items = 10)]
    lines: Vec<Text>,
    city: Option<Text>,
    /// A state, province or county.
    region: Option<Text>,
    postal_code: Option<Text>,
    /// Its name or code.
    country: Option<Text>,
}

impl From<AddressDraft> for details::Address {
    fn from(draft: AddressDraft) -> Self {
        let text = |text: Option<Text>| text.map(|text| text.0);
        Self {
            lines: draft.lines.into_iter().map(|line| line.0).collect(),
            city: text(draft.city),
            region: text(draft.region),
            postal_code: text(draft.postal_code),
            country: text(draft.country),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileDraft {
    #[schema(schema_with = schema::name)]
    name: Text,
    email: Option<Text>,
    /// Of a customer's profile only.
    address: Option<AddressDraft>,
    /// Of a customer's profile only: up to 4000 characters.
    description: Option<Text>,
    /// The company's ID or name; may be left out where the app sees only one, or the profile is there already.
    company: Option<Text>,
}

/// Makes or changes a profile
///
/// 201 where it is new, 200 where it was there. What is left out is taken away.
#[utoipa::path(put, path = "/v1/profiles/{list}/{profile_id}", tag = "profiles", request_body = ProfileDraft,
    params(("list" = ListWord, Path), ("profile_id" = String, Path, description = "The app's ID"), AppQuery),
    responses((status = 200, description = "It was there", body = Profile),
        (status = 201, description = "It is new", body = Profile), Refusals, Conflicts, BadBodies))]
async fn put_profile(
    caller: Caller<action::Link>,
    ApiPath((list, profile_id)): ApiPath<(List, String)>,
    ApiJson(body): ApiJson<ProfileDraft>,
) -> Result<(StatusCode, Json<Profile>), ApiError> {
    let ambient = caller.gateway.ambient.clone();
    let input = Input {
        list,
        profile_id,
        name: body.name.0,
        email: body.email.map(|email| email.0),
        address: body.address.map(Into::into),
        description: body.description.map(|text| text.0),
        company: body.company.map(|company| company.0),
    };
    let written = caller.write(move |db, attempt| profiles::put(db, &ambient, attempt, &input));
    let (profile, created) = written.await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(profile)))
}

/// Deletes a profile
///
/// One that is linked is kept: 409 `profile_linked` names its records.
#[utoipa::path(delete, path = "/v1/profiles/{list}/{profile_id}", tag = "profiles",
    params(("list" = ListWord, Path), ("profile_id" = String, Path, description = "The app's ID"), AppQuery),
    responses((status = 204, description = "It is gone"), Refusals, Conflicts))]
async fn delete_profile(
    caller: Caller<action::Link>,
    ApiPath((list, profile_id)): ApiPath<(List, String)>,
) -> Result<StatusCode, ApiError> {
    let ambient = caller.gateway.ambient.clone();
    caller.write(move |db, attempt| profiles::remove(db, &ambient, attempt, list, &profile_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// At most 500.
    #[schema(max_items = 500)]
    profiles: Vec<BatchDraft>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchDraft {
    #[schema(schema_with = schema::lists)]
    list: List,
    #[schema(schema_with = schema::profile_id)]
    profile_id: Text,
    #[schema(schema_with = schema::name)]
    name: Text,
    email: Option<Text>,
    /// Of a customer's profile only.
    address: Option<AddressDraft>,
    /// Of a customer's profile only: up to 4000 characters.
    description: Option<Text>,
    /// The company's ID or name; may be left out where the app sees only one, or the profile is there already.
    company: Option<Text>,
}

/// Makes or changes many profiles
///
/// All or nothing, in one transaction: an error's `index` says which profile was refused.
#[utoipa::path(post, path = "/v1/profiles/batch", tag = "profiles", params(AppQuery), request_body = Batch,
    responses((status = 200, description = "All are written", body = Written), Refusals, Conflicts, BadBodies))]
async fn put_profiles(
    caller: Caller<action::Link>,
    ApiJson(batch): ApiJson<Batch>,
) -> Result<Json<Written>, ApiError> {
    let ambient = caller.gateway.ambient.clone();
    let input = |each: BatchDraft| Input {
        list: each.list,
        profile_id: each.profile_id.0,
        name: each.name.0,
        email: each.email.map(|email| email.0),
        address: each.address.map(Into::into),
        description: each.description.map(|text| text.0),
        company: each.company.map(|company| company.0),
    };
    let inputs: Vec<Input> = batch.profiles.into_iter().map(input).collect();
    caller.write(move |db, attempt| profiles::put_all(db, &ambient, attempt, &inputs)).await.map(Json)
}
