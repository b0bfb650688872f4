//! The callbacks of a source: registered there by Rollcall, and taken back.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    connectors::source::Subscribed,
    http::{
        Gateway,
        api::{
            schema::{Conflicts, Refusals, SourceFailures},
            scoped::Admin,
        },
        extract::ApiPath,
        problem::ApiError,
    },
    sync::subscribe,
};

/// The callbacks that stand at the source.
#[derive(Debug, Serialize, ToSchema)]
pub struct Callbacks {
    /// The connection's ID.
    pub id: String,
    pub callbacks: Vec<Callback>,
}

/// One callback.
#[derive(Debug, Serialize, ToSchema)]
pub struct Callback {
    /// The source's word for what it tells of, such as `member` or `company`.
    #[serde(rename = "type")]
    pub kind: String,
    pub state: CallbackState,
}

/// What was done so that it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallbackState {
    Created,
    /// It stood already.
    Kept,
    /// The source had switched it off.
    EnabledAgain,
}

impl CallbackState {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Kept => "kept",
            Self::EnabledAgain => "enabled again",
        }
    }
}

impl Callbacks {
    /// In the order of their types.
    pub fn new(id: String, done: Subscribed) -> Self {
        let of = |kinds: Vec<String>, state| kinds.into_iter().map(move |kind| Callback { kind, state });
        let mut callbacks: Vec<Callback> = of(done.added, CallbackState::Created)
            .chain(of(done.renewed, CallbackState::EnabledAgain))
            .chain(of(done.present, CallbackState::Kept))
            .collect();
        callbacks.sort_by(|one, other| one.kind.cmp(&other.kind));
        Self { id, callbacks }
    }
}

/// Has the source send callbacks
///
/// Needs an admin's token. Registers the connection's `webhook_url` at the source, as often as one likes: what stands
/// there stays, what it has switched off is enabled again. From then on Rollcall looks every few hours that they stand. 409
/// `no_callbacks` where a person sets them up, 409 `address_not_reachable` where the source could not call the gateway.
#[utoipa::path(put, path = "/v1/connections/{id}/callbacks", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "What stands at the source", body = Callbacks),
        Refusals, Conflicts, SourceFailures))]
pub(super) async fn subscribe(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Callbacks>, ApiError> {
    let done = subscribe::subscribe(&gateway.reach, &id).await?;
    Ok(Json(Callbacks::new(id, done)))
}

/// Takes the callbacks back
///
/// Needs an admin's token. Where the source cannot be reached they stay as they are; polling goes on in any case.
#[utoipa::path(delete, path = "/v1/connections/{id}/callbacks", tag = "connections", params(("id" = String, Path)),
    responses((status = 204, description = "None stand at the source"), Refusals, Conflicts, SourceFailures))]
pub(super) async fn unsubscribe(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    subscribe::unsubscribe(&gateway.reach, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
