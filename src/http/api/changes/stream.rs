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
    service::feed::Part,
    store::{Requester, Store, on_behalf_of},
    sync::feed::Start,
};

use super::{
    look::{PERIOD, Reader},
    waiting::Place,
};

/// What keeps proxies from taking a quiet stream for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Milliseconds after which a client comes back whose stream has ended.
const RETRY: u32 = 2000;

struct Streaming {
    store: Store,
    /// Its looks wait in the caller's own line, as its other requests do.
    requester: Requester,
    reader: Reader,
    start: Start,
    grows: watch::Receiver<()>,
    stop: Option<Stop>,
    begun: bool,
    heartbeat: Instant,
    _place: Place,
}

/// The answer: its head at once, and then the changes.
pub(super) fn answer(
    store: Store,
    requester: Requester,
    reader: Reader,
    start: Start,
    stop: Option<Stop>,
    place: Place,
) -> Response {
    // Before the first look: nothing that is committed after it goes unnoticed.
    let grows = store.feed_grows(&reader.company);
    let heartbeat = Instant::now() + HEARTBEAT;
    let streaming =
        Streaming { store, requester, reader, start, grows, stop, begun: false, heartbeat, _place: place };
    let events = stream::unfold(streaming, |mut streaming| async {
        let text = streaming.next().await?;
        streaming.heartbeat = Instant::now() + HEARTBEAT;
        Some((Ok::<_, Infallible>(Bytes::from(text)), streaming))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // nginx would gather what is to be seen at once.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(events)).into_response()
}

impl Streaming {
    /// The next text to be sent; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            let looked =
                on_behalf_of(self.requester.clone(), self.reader.look(&self.store, &self.start)).await;
            let looked = match looked {
                Ok(looked) => looked,
                Err(error) if error.status == StatusCode::GONE => return self.resync(&error).await,
                // The client comes back, and is told what is wrong as an answer.
                Err(_) => return None,
            };
            let next = looked.next.clone();
            let more = looked.more;
            self.start = Start::After(next.clone());
            let text = events(looked);
            if !self.begun {
                self.begun = true;
                // Without an event it tells where the stream stands: who comes back before the first one misses nothing.
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

    /// Says that changes are gone, and goes on with what is to come.
    async fn resync(&mut self, expired: &ApiError) -> Option<String> {
        let newest =
            on_behalf_of(self.requester.clone(), self.reader.look(&self.store, &Start::Newest)).await.ok()?;
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

/// Moves the client's cursor over what its filter leaves out, too.
fn heartbeat(next: &Cursor) -> String {
    format!(": still here\nid: {}\n\n", next.to_text())
}

fn events(part: Part) -> String {
    let mut text = String::new();
    for change in part.changes {
        let id = Cursor { position: change.position, ..part.next.clone() }.to_text();
        // Texts and numbers always serialize, and JSON of `serde_json` is one line.
        let data = serde_json::to_string(&change).unwrap_or_default();
        text.push_str(&format!("event: change\nid: {id}\ndata: {data}\n\n"));
    }
    text
}
