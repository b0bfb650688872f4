//! Bodies that must keep moving: what is sent to us too slowly is given up, and what is sent by us is handed on in small
//! pieces.

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
    door::{Guest, Seated, Visit},
    stop::stopping,
};

/// What waits in hyper for a client at a time, of one answer: it asks for more when this is taken.
const PIECE: usize = 16 * 1024;

/// What a body gets once the gateway stops, and in each such time it must come with so many bytes (4 KiB a second): what
/// dribbles is not waited for, what really moves is.
pub(super) const LAST_WAIT: Duration = Duration::from_secs(2);
const LAST_BYTES: u64 = 8 * 1024;

/// How fast a body must come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The time over which it is averaged. Only waiting for the client counts.
    pub(super) window: Duration,
    /// Bytes in each such time.
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
pub(super) struct Paced<B: Body> {
    inner: B,
    guest: Arc<Guest>,
    visit: Option<Arc<Visit>>,
    pace: Pace,
    /// Bytes of this window.
    got: u64,
    /// What of this window has passed, but for the wait that is going on.
    waited: Duration,
    since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    stopped: Option<BoxFuture<'static, ()>>,
    ended: bool,
}

impl<B: Body> Paced<B> {
    pub(super) fn new(
        inner: B,
        pace: Pace,
        guest: Arc<Guest>,
        visit: Option<Arc<Visit>>,
        mut stop: watch::Receiver<bool>,
    ) -> Self {
        let stopped: BoxFuture<'static, ()> = Box::pin(async move { stopping(&mut stop).await });
        let mut paced = Self {
            inner,
            guest,
            visit,
            pace,
            got: 0,
            waited: Duration::ZERO,
            since: None,
            timer: Box::pin(sleep(pace.window)),
            stopped: Some(stopped),
            ended: false,
        };
        if paced.inner.is_end_stream() {
            paced.end();
        }
        paced
    }

    fn came(&mut self, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
        self.got += u64::try_from(bytes).unwrap_or(u64::MAX);
        if self.got >= self.pace.bytes {
            (self.got, self.waited) = (0, Duration::ZERO);
        }
        if let Some(visit) = &self.visit {
            visit.stir();
        }
    }

    fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            self.visit.iter().for_each(|visit| visit.whole());
        }
    }

    /// Waits for the client: no longer than the pace allows, nor than a gateway has that stops.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<BoxError> {
        if self.stopped.as_mut().is_some_and(|stopped| stopped.as_mut().poll(cx).is_ready()) {
            self.stopped = None;
            self.pace = Pace { window: LAST_WAIT, bytes: LAST_BYTES };
            (self.got, self.waited, self.since) = (0, Duration::ZERO, None);
        }
        if self.since.is_none() {
            let now = Instant::now();
            self.since = Some(now);
            self.timer.as_mut().reset(now + self.pace.window.saturating_sub(self.waited));
        }
        let stops = self.stopped.is_none();
        self.timer.as_mut().poll(cx).map(|()| if stops { Stopping.into() } else { TooSlow.into() })
    }
}

impl<B> Body for Paced<B>
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
                this.came(frame.data_ref().map_or(0, Bytes::len));
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

impl<B: Body> Drop for Paced<B> {
    fn drop(&mut self) {
        if !self.ended {
            self.guest.unread.store(true, Relaxed);
        }
    }
}

/// An answer's body. It keeps the place of its request until the client has taken it.
pub(super) struct Outgoing<B> {
    inner: B,
    guest: Arc<Guest>,
    visit: Option<Seated<Visit>>,
    /// Of the frame that is handed on piece by piece.
    rest: Bytes,
    /// What of it counts as unsent.
    unsent: usize,
}

impl<B: Body> Outgoing<B> {
    pub(super) fn new(inner: B, guest: Arc<Guest>, visit: Option<Seated<Visit>>) -> Self {
        let unsent = inner.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
        guest.unsent.fetch_add(unsent, Relaxed);
        if let Some(visit) = &visit {
            visit.0.answered();
        }
        Self { inner, guest, visit, rest: Bytes::new(), unsent }
    }

    fn hand_on(&mut self) -> Bytes {
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        let counted = piece.len().min(self.unsent);
        self.unsent -= counted;
        self.guest.unsent.fetch_sub(counted, Relaxed);
        match &self.visit {
            Some(visit) => visit.0.stir(),
            None => self.guest.stir(),
        }
        piece
    }
}

impl<B> Body for Outgoing<B>
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
                    // It is the client who waits, for us.
                    if let Some(visit) = &this.visit {
                        visit.0.ours.store(true, Relaxed);
                    }
                    return Poll::Pending;
                }
                other => return other,
            }
        }
        Poll::Ready(Some(Ok(Frame::data(this.hand_on()))))
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

impl<B> Drop for Outgoing<B> {
    fn drop(&mut self) {
        self.guest.unsent.fetch_sub(self.unsent, Relaxed);
    }
}
