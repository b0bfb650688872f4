//! What webhooks told: looked at, and tried again.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::words::MessageState,
    http::{
        Gateway,
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    store::{self, connections, inbox},
};

use super::{
    errors::conflict,
    page::{self, PageBody},
    schema::{self, Conflicts, Hint, Refusals},
    scoped::{Admin, Caller},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(list_messages))
        .routes(routes!(get_message))
        .routes(routes!(replay_message))
}

/// A message of a webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    pub id: String,
    pub connection_id: String,
    /// The sender's own ID of it.
    pub message_id: String,
    /// The sender's name for what happened.
    pub event: String,
    #[schema(schema_with = schema::message_states)]
    pub state: MessageState,
    pub received_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub attempts: u32,
    /// When it is tried (again), while it is pending.
    pub next_at: Option<DateTime<Utc>>,
    /// Why it waits, or was given up; where it is done, what of it did not count.
    pub problem: Option<Hint>,
    /// What is kept of it until it is done: only what is staged. Null in lists, and for who is no admin.
    #[schema(value_type = Option<Object>)]
    pub content: Option<serde_json::Value>,
}

impl Message {
    /// With what is kept of it where `admin`.
    pub fn of(message: inbox::Message, admin: bool) -> Self {
        let content = message.body.filter(|_| admin).and_then(|body| serde_json::from_str(&body).ok());
        Self {
            next_at: (message.state == MessageState::Pending).then_some(message.next_at),
            id: message.id,
            connection_id: message.connection_id,
            message_id: message.message_id,
            event: message.event,
            state: message.state,
            received_at: message.received_at,
            updated_at: message.updated_at,
            attempts: message.attempts,
            problem: message.problem.map(Hint::from),
            content,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// Only those in this state.
    #[param(schema_with = schema::message_states)]
    state: Option<MessageState>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    cursor: Option<String>,
}

/// Lists what webhooks told
///
/// Newest first. Those that are `dead` were given up: `problem` says why.
#[utoipa::path(get, path = "/v1/connections/{id}/messages", tag = "webhooks",
    params(("id" = String, Path, description = "The connection"), MessagesQuery),
    responses((status = 200, description = "A page", body = PageBody<Message>), Refusals))]
async fn list_messages(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<MessagesQuery>,
) -> Result<Json<PageBody<Message>>, ApiError> {
    let (limit, before) = page::read::<String>(query.limit, query.cursor.as_deref())?;
    let admin = scope.app.admin;
    let read = gateway.store.read(move |db| {
        let connection = connections::get(db, &id)?;
        scope.check(&connection.company_id, "connection")?;
        inbox::page(db, &connection.id, query.state, before.as_deref(), limit)
    });
    let page = read.await?;
    let next = page.rows.last().filter(|_| page.more).map(|message| message.id.clone());
    let rows = page.rows.into_iter().map(|message| Message::of(message, admin)).collect();
    Ok(Json(PageBody::new(rows, next.as_ref())?))
}

/// Shows what a webhook told
///
/// With what is kept of it, for an admin's token.
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "webhooks", params(("id" = String, Path)),
    responses((status = 200, description = "The message", body = Message), Refusals))]
async fn get_message(
    State(gateway): State<Gateway>,
    Caller(scope): Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Message>, ApiError> {
    let admin = scope.app.admin;
    let read = gateway.store.read(move |db| {
        let message = inbox::get(db, &id)?;
        let connection = connections::get(db, &message.connection_id)?;
        scope.check(&connection.company_id, "message")?;
        Ok::<_, store::Error>(message)
    });
    Ok(Json(Message::of(read.await?, admin)))
}

/// Tries a message again that was given up
///
/// Needs an admin's token. A message that carries records counts as of its own time: what was told since stays.
#[utoipa::path(post, path = "/v1/messages/{id}/replay", tag = "webhooks", params(("id" = String, Path)),
    responses((status = 200, description = "The message as it is now", body = Message), Refusals, Conflicts))]
async fn replay_message(
    State(gateway): State<Gateway>,
    _: Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Message>, ApiError> {
    let now = gateway.ambient.now();
    let replayed = gateway.store.write(move |db| {
        let known = inbox::get(db, &id)?;
        if inbox::replay(db, inbox::Which::Message(&known.id), now)? == 0 {
            return Err(store::Error::Stale("message"));
        }
        inbox::get(db, &id)
    });
    let message = replayed.await.map_err(not_dead)?;
    gateway.inbox.arrived().notify_one();
    Ok(Json(Message::of(message, true)))
}

fn not_dead(error: store::Error) -> ApiError {
    match error {
        store::Error::Stale("message") => conflict(
            "message_not_dead",
            "The message was not given up, or not any more: there is nothing to replay.",
            "Look at the message: `state` says where it stands.",
        ),
        other => other.into(),
    }
}
