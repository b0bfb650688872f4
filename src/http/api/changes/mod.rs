//! `/v1/changes`: what has happened in a company, in the order of commits (promise 10).
//!
//! | file | what it holds |
//! | --- | --- |
//! | `body` | a change as it is shown, and the query |
//! | `look` | one look at the feed, in whose name, and waiting for the next |
//! | `stream` | the feed as server-sent events |
//! | `waiting` | how many may wait |

mod body;
mod look;
mod stream;
mod waiting;

pub use look::LONGEST_WAIT;
pub use waiting::Waiting;

use axum::{
    Extension, Json,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::access::action,
    http::{Gateway, extract::ApiQuery, problem::ApiError, stop::Stop},
    service::{feed::Part, find},
    sync::feed::{self, Start},
};

use super::{
    auth::{Caller, bearer, guarded, lane},
    errors::refuse,
    schema::{ProblemBody, Refusals},
};
use body::{ChangesPage, ChangesQuery};
use look::Reader;

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(guarded!(list_changes))
}

/// Reads the change feed of a company
///
/// In the order in which the changes were committed, each with its position: from 1 up, without gaps. Whoever remembers
/// `next` and sends it as `after` misses nothing and gets nothing twice. With `Accept: text/event-stream` the changes come
/// as server-sent events as they happen (`event: change`, `id:` the cursor, `data:` the change; `event: resync` where the
/// cursor was too old: read the lists whole, the stream goes on); `limit` and `wait` mean nothing then.
#[utoipa::path(get, path = "/v1/changes", tag = "changes", params(ChangesQuery),
    responses((status = 200, description = "A part of the feed", content(
            (ChangesPage = "application/json"), (String = "text/event-stream"))),
        (status = 410, description = "The cursor is too old: start anew", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 429, description = "The token has as many readers waiting as it may", body = ProblemBody,
            content_type = "application/problem+json"), Refusals))]
async fn list_changes(
    caller: Caller<action::Read>,
    stop: Option<Extension<Stop>>,
    headers: HeaderMap,
    ApiQuery(query): ApiQuery<ChangesQuery>,
) -> Result<Response, ApiError> {
    let streams = wants_events(&headers);
    let last_event = headers.get("last-event-id").filter(|_| streams);
    // What a browser saw last outranks the address that it was first given.
    let start = match last_event.map(|id| id.to_str().unwrap_or("?")).filter(|id| !id.is_empty()) {
        Some(id) => Start::read(Some(id)),
        None => Start::read(query.after.as_deref()),
    };
    let (most, wait, filter) = (query.most()?, query.wait()?, query.filter()?);
    let (gateway, asker) = (caller.gateway.clone(), caller.asker().clone());
    let company = query.company;
    let company = caller.read(move |db, attempt| find::one_company(db, attempt, company.as_deref())).await?;
    let start = start?;
    feed::ensure_epoch(&gateway.store, &gateway.ambient).await?;
    // The extractor has seen it.
    let token = bearer(&headers).ok_or_else(|| ApiError::internal("the token is gone"))?;
    let reader =
        Reader { asker, token: token.hash(), ambient: gateway.ambient.clone(), company, filter, most };
    let stop = stop.map(|Extension(stop)| stop);
    if !streams && wait.is_zero() {
        return Ok(page(reader.look(&gateway.store, &start).await?));
    }
    let place = gateway.waiting.enter(&reader.token).ok_or_else(too_many)?;
    if streams {
        // What is refused is refused with a status; a cursor that is too old gets its event.
        if let Err(refused) = reader.look(&gateway.store, &start).await
            && refused.status != StatusCode::GONE
        {
            return Err(refused);
        }
        return Ok(stream::answer(gateway.store, lane(&token), reader, start, stop, place));
    }
    Ok(page(reader.wait(&gateway.store, start, wait, stop).await?))
}

fn page(looked: Part) -> Response {
    Json(ChangesPage::of(looked)).into_response()
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        let kind = range.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("text/event-stream")
    })
}

fn too_many() -> ApiError {
    let mut refused = refuse(
        axum::http::StatusCode::TOO_MANY_REQUESTS,
        "too_many_readers",
        format!("As many readers of this token wait for changes as may: {}.", waiting::MOST),
        "Let one reader of a company serve all that need it, or close some.",
    );
    refused.retry_after = Some(5);
    refused
}
