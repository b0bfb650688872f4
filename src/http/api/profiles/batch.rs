//! Writing profiles, many at once: all or nothing.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::words::List,
    http::{
        Gateway,
        api::{
            auth::ForApp,
            errors::unacceptable,
            schema::{self, AppQuery, BadBodies, Conflicts, Refusals, Text},
        },
        extract::ApiJson,
        problem::ApiError,
    },
    store::{self, Db},
    sync::{profile, scope::Scope},
};

use super::{Profile, ProfileDraft, draft, with_links};

/// Profiles of one call.
const MOST: usize = 500;

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
    /// The company's ID or name; may be left out where the app sees only one, or the profile is there already.
    company: Option<Text>,
}

/// What a batch has written.
#[derive(Debug, Serialize, ToSchema)]
pub struct Written {
    /// In the order of the request.
    data: Vec<Profile>,
    /// How many of them are new.
    created: usize,
}

/// Makes or changes many profiles
///
/// All or nothing, in one transaction: an error's `index` says which profile was refused.
#[utoipa::path(post, path = "/v1/profiles/batch", tag = "profiles", params(AppQuery), request_body = Batch,
    responses((status = 200, description = "All are written", body = Written), Refusals, Conflicts, BadBodies))]
pub(super) async fn put_profiles(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    ApiJson(batch): ApiJson<Batch>,
) -> Result<Json<Written>, ApiError> {
    if batch.profiles.len() > MOST {
        return Err(unacceptable(
            "too_many",
            format!("The batch has {} profiles.", batch.profiles.len()),
            "Send at most 500 at once.",
        ));
    }
    let bodies = batch.profiles.into_iter().map(|each| {
        let body = ProfileDraft { name: each.name, email: each.email, company: each.company };
        ((each.list, each.profile_id.0), body)
    });
    let (data, created) = write(&gateway, scope, bodies.collect()).await.map_err(Failure::at)?;
    Ok(Json(Written { data, created }))
}

/// Why a batch was not written: which profile, if it was one, and what about it.
pub(super) struct Failure {
    index: Option<usize>,
    pub(super) error: Box<ApiError>,
    /// Whether another call made the same profile in between.
    raced: bool,
}

impl Failure {
    fn at(self) -> ApiError {
        match self.index {
            Some(index) => self.error.with("index", index),
            None => *self.error,
        }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        let raced = matches!(error, store::Error::Duplicate(_));
        Self { index: None, raced, error: Box::new(error.into()) }
    }
}

type Named = ((List, String), ProfileDraft);

/// Writes profiles in one transaction: them in their order, and how many are new.
pub(super) async fn write(
    gateway: &Gateway,
    scope: Scope,
    bodies: Vec<Named>,
) -> Result<(Vec<Profile>, usize), Failure> {
    let bodies = std::sync::Arc::new(bodies);
    let attempt = || {
        let (gateway, scope, bodies) = (gateway.clone(), scope.clone(), bodies.clone());
        let ambient = gateway.ambient.clone();
        async move { gateway.store.write(move |db| put(db, &ambient, &scope, &bodies)).await }
    };
    match attempt().await {
        Err(failure) if failure.raced => attempt().await,
        other => other,
    }
}

fn put(
    db: &mut Db,
    ambient: &crate::clock::Ambient,
    scope: &Scope,
    bodies: &[Named],
) -> Result<(Vec<Profile>, usize), Failure> {
    // In the order of their IDs, so that two batches wait for each other and never in a circle; the sort is stable,
    // so that of two for one profile the last one counts.
    let mut order: Vec<(usize, &Named)> = bodies.iter().enumerate().collect();
    order.sort_by(|(_, a), (_, b)| a.0.cmp(&b.0));
    let mut written = Vec::with_capacity(order.len());
    let mut created = 0;
    for (index, (key, body)) in order {
        let failed = |error: ApiError| Failure { index: Some(index), error: Box::new(error), raced: false };
        let draft = draft(db, scope, key.clone(), body).map_err(failed)?;
        let (profile, new) = profile::put(db, ambient, scope, &draft).map_err(|error| match error {
            profile::Error::Store(error) => Failure { index: Some(index), ..error.into() },
            other => failed(other.into()),
        })?;
        created += usize::from(new);
        written.push((index, profile));
    }
    written.sort_by_key(|(index, _)| *index);
    Ok((with_links(db, written.into_iter().map(|(_, profile)| profile).collect())?, created))
}
