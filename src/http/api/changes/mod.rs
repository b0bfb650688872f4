//! `/v1/changes`: what has happened in a company, in the order of commits (promise 10).
//!
//! | file | what it holds |
//! | --- | --- |
//! | `body` | the query, and a page of changes |
//! | `reader` | reads the feed, and waits for it to grow |
//! | `stream` | the feed as server-sent events |
//! | `waiting_readers` | limits how many readers may wait |

mod body;
mod reader;
mod stream;
mod waiting_readers;

pub use reader::LONGEST_WAIT;
pub use waiting_readers::WaitingReaders;

use axum::{
    Extension, Json,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::access::action,
    http::{Gateway, extract::ApiQuery, problem::ApiError, stop::Stop},
    service::feed::{self, FeedPage, FeedQuery},
    sync::feed::Start,
};

use super::{
    auth::{Caller, guarded},
    errors::refuse,
    schema::{ProblemBody, Refusals},
};
use body::{ChangesPage, ChangesQuery};
use reader::FeedReader;

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
    // The cursor in a browser's `Last-Event-ID` is newer than the one in the address.
    let start = match last_event.map(|id| id.to_str().unwrap_or("?")).filter(|id| !id.is_empty()) {
        Some(id) => Start::read(Some(id)),
        None => Start::read(query.after.as_deref()),
    };
    let start = start.ok();
    let wait = query.wait()?;
    let feed_query = FeedQuery { filter: query.filter()?, most: query.most()?, company: query.company };
    let (gateway, context) = (caller.gateway.clone(), caller.context().clone());
    let (secret_hash, requester) = (caller.secret_hash(), caller.requester());
    let (from, which) = (start.clone(), feed_query.clone());
    let first = caller.read(move |db, attempt| feed::read(db, attempt, &which, from.as_ref())).await;
    let (start, company) = match first {
        Ok(part) if !streams && (wait.is_zero() || !part.changes.is_empty()) => return Ok(page(part)),
        Ok(part) => {
            let company = part.next.company_id.clone();
            (start.filter(|_| streams).unwrap_or(Start::After(part.next)), company)
        }
        Err(refused) => match start {
            // A refusal is an answer with a status; only a cursor that is too old is an event of the stream.
            Some(Start::After(cursor)) if streams && refused.status == StatusCode::GONE => {
                (Start::After(cursor.clone()), cursor.company_id)
            }
            _ => return Err(refused),
        },
    };
    let permit = gateway.waiting_readers.admit(&secret_hash).ok_or_else(too_many)?;
    let reader = FeedReader { context, ambient: gateway.ambient.clone(), feed_query, company };
    let stop = stop.map(|Extension(stop)| stop);
    if streams {
        return Ok(stream::answer(gateway.store, requester, reader, start, stop, permit));
    }
    Ok(page(reader.wait(&gateway.store, start, wait, stop).await?))
}

fn page(part: FeedPage) -> Response {
    // The same address also serves a stream of events.
    ([(header::VARY, "accept")], Json(ChangesPage::of(part))).into_response()
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
        format!("As many readers of this token wait for changes as may: {}.", waiting_readers::MOST),
        "Let one reader of a company serve all that need it, or close some.",
    );
    refused.retry_after = Some(5);
    refused
}
