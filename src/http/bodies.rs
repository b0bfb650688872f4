//! The bodies of requests and answers. A request's body that comes too slowly is given up; an answer's body is handed
//! to hyper in small pieces.

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll},
    time::Duration,
};

use axum::BoxError;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};
use tokio::{
    sync::watch,
    time::{Instant, Sleep, sleep},
};

use super::{
    admission::{Admitted, ClientConnection, Exchange},
    stop::stopping,
};

/// The bytes of one answer that hyper holds for a client; it asks for more when the client has taken them.
const PIECE: usize = 16 * 1024;

/// Once the gateway stops, a body must bring so many bytes in each such time (4 KiB a second); a slower one is not
/// waited for.
pub(super) const SHUTDOWN_WINDOW: Duration = Duration::from_secs(2);
const SHUTDOWN_BYTES: u64 = 8 * 1024;

/// The rate that a body must keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct MinRate {
    /// The time over which the rate is averaged. Only waiting for the client counts.
    pub(super) window: Duration,
    /// Bytes in each window.
    pub(super) bytes: u64,
}

/// A body came too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body came too slowly")]
pub(super) struct TooSlow;

/// The gateway stops, and the body stood still or came too slowly to be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the gateway stops, and the body came too slowly to be waited for")]
pub(super) struct Stopping;

/// A request's body.
pub(super) struct IncomingBody<B: Body> {
    inner: B,
    client: Arc<ClientConnection>,
    exchange: Option<Arc<Exchange>>,
    rate: MinRate,
    /// Bytes in this window.
    received_bytes: u64,
    /// How much of this window has passed, without the wait that is going on.
    waited: Duration,
    since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    stopped: Option<BoxFuture<'static, ()>>,
    ended: bool,
}

impl<B: Body> IncomingBody<B> {
    pub(super) fn new(
        inner: B,
        rate: MinRate,
        client: Arc<ClientConnection>,
        exchange: Option<Arc<Exchange>>,
        mut stop: watch::Receiver<bool>,
    ) -> Self {
        let stopped: BoxFuture<'static, ()> = Box::pin(async move { stopping(&mut stop).await });
        let mut body = Self {
            inner,
            client,
            exchange,
            rate,
            received_bytes: 0,
            waited: Duration::ZERO,
            since: None,
            timer: Box::pin(sleep(rate.window)),
            stopped: Some(stopped),
            ended: false,
        };
        if body.inner.is_end_stream() {
            body.end();
        }
        body
    }

    fn received(&mut self, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
        self.received_bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        if self.received_bytes >= self.rate.bytes {
            (self.received_bytes, self.waited) = (0, Duration::ZERO);
        }
        if let Some(exchange) = &self.exchange {
            exchange.touch();
        }
    }

    fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            self.exchange.iter().for_each(|exchange| exchange.request_complete());
        }
    }

    /// Waits for the client, as long as the rate allows, and no longer than a stopping gateway does.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<BoxError> {
        if self.stopped.as_mut().is_some_and(|stopped| stopped.as_mut().poll(cx).is_ready()) {
            self.stopped = None;
            self.rate = MinRate { window: SHUTDOWN_WINDOW, bytes: SHUTDOWN_BYTES };
            (self.received_bytes, self.waited, self.since) = (0, Duration::ZERO, None);
        }
        if self.since.is_none() {
            let now = Instant::now();
            self.since = Some(now);
            self.timer.as_mut().reset(now + self.rate.window.saturating_sub(self.waited));
        }
        let stops = self.stopped.is_none();
        self.timer.as_mut().poll(cx).map(|()| if stops { Stopping.into() } else { TooSlow.into() })
    }
}

impl<B> Body for IncomingBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.received(frame.data_ref().map_or(0, Bytes::len));
                if this.inner.is_end_stream() {
                    this.end();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => {
                this.end();
                Poll::Ready(None)
            }
            Poll::Pending => this.poll_wait(cx).map(|error| Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Body> Drop for IncomingBody<B> {
    fn drop(&mut self) {
        if !self.ended {
            self.client.unread.store(true, Relaxed);
        }
    }
}

/// An answer's body. It holds the slot of its request until the client has taken it.
pub(super) struct OutgoingBody<B> {
    inner: B,
    client: Arc<ClientConnection>,
    exchange: Option<Admitted<Exchange>>,
    /// The rest of the frame that is being handed on.
    rest: Bytes,
    /// Bytes of it that count as unsent.
    unsent: usize,
}

impl<B: Body> OutgoingBody<B> {
    pub(super) fn new(inner: B, client: Arc<ClientConnection>, exchange: Option<Admitted<Exchange>>) -> Self {
        let unsent = inner.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
        client.unsent.fetch_add(unsent, Relaxed);
        if let Some(exchange) = &exchange {
            exchange.0.responding();
        }
        Self { inner, client, exchange, rest: Bytes::new(), unsent }
    }

    fn next_piece(&mut self) -> Bytes {
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        let counted = piece.len().min(self.unsent);
        self.unsent -= counted;
        self.client.unsent.fetch_sub(counted, Relaxed);
        match &self.exchange {
            Some(exchange) => exchange.0.touch(),
            None => self.client.touch(),
        }
        piece
    }
}

impl<B> Body for OutgoingBody<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        if this.rest.is_empty() {
            match Pin::new(&mut this.inner).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                Poll::Pending => {
                    // The client waits for the gateway.
                    if let Some(exchange) = &this.exchange {
                        exchange.0.waits_for_server.store(true, Relaxed);
                    }
                    return Poll::Pending;
                }
                other => return other,
            }
        }
        Poll::Ready(Some(Ok(Frame::data(this.next_piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, mut hint) = (self.inner.size_hint(), SizeHint::new());
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(inner.lower().saturating_add(rest));
        hint
    }
}

impl<B> Drop for OutgoingBody<B> {
    fn drop(&mut self) {
        self.client.unsent.fetch_sub(self.unsent, Relaxed);
    }
}
