//! The feed as server-sent events (WHATWG HTML section 9.2): it goes on until the client, the token or the gateway ends it.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::json;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    domain::cursor::Cursor,
    http::{problem::ApiError, stop::Stop},
    service::feed::FeedPage,
    store::{Requester, Store, on_behalf_of},
    sync::feed::Start,
};

use super::{
    reader::{FeedReader, PERIOD},
    waiting_readers::WaitPermit,
};

/// How often a comment is sent, so that proxies do not take a quiet stream for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Milliseconds after which a client reconnects when its stream has ended.
const RETRY: u32 = 2000;

struct Streaming {
    store: Store,
    /// Its reads wait in the caller's own queue, as its other requests do.
    requester: Requester,
    reader: FeedReader,
    start: Start,
    grows: watch::Receiver<()>,
    stop: Option<Stop>,
    begun: bool,
    heartbeat: Instant,
    _permit: WaitPermit,
}

/// The answer: its head at once, and then the changes.
pub(super) fn answer(
    store: Store,
    requester: Requester,
    reader: FeedReader,
    start: Start,
    stop: Option<Stop>,
    permit: WaitPermit,
) -> Response {
    // Subscribed before the first read, so that nothing committed after it is missed.
    let grows = store.feed_grows(&reader.company);
    let heartbeat = Instant::now() + HEARTBEAT;
    let streaming =
        Streaming { store, requester, reader, start, grows, stop, begun: false, heartbeat, _permit: permit };
    let events = stream::unfold(streaming, |mut streaming| async {
        let text = streaming.next().await?;
        streaming.heartbeat = Instant::now() + HEARTBEAT;
        Some((Ok::<_, Infallible>(Bytes::from(text)), streaming))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Tells nginx not to buffer the stream.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(events)).into_response()
}

impl Streaming {
    /// The next text to be sent; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            let part = on_behalf_of(self.requester.clone(), self.reader.read(&self.store, &self.start)).await;
            let part = match part {
                Ok(part) => part,
                Err(error) if error.status == StatusCode::GONE => return self.resync(&error).await,
                // The client reconnects, and gets the refusal as an answer.
                Err(_) => return None,
            };
            let next = part.next.clone();
            let more = part.more;
            self.start = Start::After(next.clone());
            let text = events(part);
            if !self.begun {
                self.begun = true;
                // The cursor without an event, so that a client that reconnects before the first event misses nothing.
                return Some(format!("retry: {RETRY}\n\n{text}id: {}\n\n", next.to_text()));
            }
            if !text.is_empty() {
                return Some(text);
            }
            if more {
                continue;
            }
            tokio::select! {
                Ok(()) = self.grows.changed() => {}
                () = sleep(PERIOD) => {}
                () = sleep_until(self.heartbeat) => return Some(heartbeat(&next)),
                () = Stop::stopped(self.stop.clone()) => return None,
            }
        }
    }

    /// Reports that changes are gone, and goes on with new ones.
    async fn resync(&mut self, expired: &ApiError) -> Option<String> {
        let newest =
            on_behalf_of(self.requester.clone(), self.reader.read(&self.store, &Start::Newest)).await.ok()?;
        let next = newest.next;
        let data = json!({
            "code": expired.problem.code,
            "detail": expired.problem.detail,
            "remedy": "Read the lists, profiles and links whole now; this stream goes on from before that.",
            "next": next.to_text(),
        });
        let text = format!("retry: {RETRY}\n\nevent: resync\nid: {}\ndata: {data}\n\n", next.to_text());
        (self.start, self.begun) = (Start::After(next), true);
        Some(text)
    }
}

/// The cursor of the client also moves over changes that its filter leaves out.
fn heartbeat(next: &Cursor) -> String {
    format!(": still here\nid: {}\n\n", next.to_text())
}

fn events(part: FeedPage) -> String {
    let mut text = String::new();
    for change in part.changes {
        let id = Cursor { position: change.position, ..part.next.clone() }.to_text();
        // Texts and numbers always serialize, and JSON of `serde_json` is one line.
        let data = serde_json::to_string(&change).unwrap_or_default();
        text.push_str(&format!("event: change\nid: {id}\ndata: {data}\n\n"));
    }
    text
}
