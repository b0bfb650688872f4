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
    service::feed::{self, Part, Wanted},
    sync::feed::Start,
};

use super::{
    auth::{Caller, bearer, guarded, requester},
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
    let start = start.ok();
    let wait = query.wait()?;
    let wanted = Wanted { filter: query.filter()?, most: query.most()?, company: query.company };
    let (gateway, asker) = (caller.gateway.clone(), caller.asker().clone());
    // The extractor has seen it.
    let token = bearer(&headers).ok_or_else(|| ApiError::internal("the token is gone"))?;
    let (from, which) = (start.clone(), wanted.clone());
    let first = caller.read(move |db, attempt| feed::read(db, attempt, &which, from.as_ref())).await;
    let (start, company) = match first {
        Ok(part) if !streams && (wait.is_zero() || !part.changes.is_empty()) => return Ok(page(part)),
        Ok(part) => {
            let company = part.next.company_id.clone();
            (start.filter(|_| streams).unwrap_or(Start::After(part.next)), company)
        }
        Err(refused) => match start {
            // What is refused is refused with a status; a stream whose cursor is too old says so by an event.
            Some(Start::After(cursor)) if streams && refused.status == StatusCode::GONE => {
                (Start::After(cursor.clone()), cursor.company_id)
            }
            _ => return Err(refused),
        },
    };
    let place = gateway.waiting.enter(&token.hash()).ok_or_else(too_many)?;
    let reader = Reader { asker, ambient: gateway.ambient.clone(), wanted, company };
    let stop = stop.map(|Extension(stop)| stop);
    if streams {
        return Ok(stream::answer(gateway.store, requester(&token), reader, start, stop, place));
    }
    Ok(page(reader.wait(&gateway.store, start, wait, stop).await?))
}

fn page(looked: Part) -> Response {
    // The same address is a stream of events as well.
    ([(header::VARY, "accept")], Json(ChangesPage::of(looked))).into_response()
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
