//! A request's body as a blocking stream: the answer of QuickBooks is parsed on a thread of its own while it arrives.

use std::{
    io::{self, Read},
    time::Duration,
};

use axum::body::Body;
use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use super::buffered_body::BufferedBytes;
use crate::http::limits::BodyFailure;

/// Pieces that may wait for the reader.
const WAITING: usize = 8;

/// How long a body may take in all: QuickBooks' largest lists take minutes.
const LONGEST: Duration = Duration::from_hours(1);

/// The stream: first the bytes that were buffered, then the rest.
pub(super) struct BlockingBody {
    ahead: BufferedBytes,
    current: Bytes,
    rest: mpsc::Receiver<Result<Bytes, BodyFailure>>,
    /// Set when the body broke off: the next reads fail again, so that nobody takes it for the end.
    broke: Option<BodyFailure>,
}

/// The error of a stream that broke off.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(transparent)]
pub(super) struct BodyBroke(pub BodyFailure);

impl BlockingBody {
    /// A stream of the buffered bytes and the `rest`, which arrives while the stream is read.
    pub(super) fn new(ahead: BufferedBytes, rest: Option<Body>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        if let Some(body) = rest {
            tokio::spawn(pump(body, sender));
        }
        Self { ahead, current: Bytes::new(), rest: receiver, broke: None }
    }
}

/// Hands the body on until it ends, breaks off, takes too long, or nobody reads the stream any more.
async fn pump(mut body: Body, sender: mpsc::Sender<Result<Bytes, BodyFailure>>) {
    let deadline = tokio::time::Instant::now() + LONGEST;
    loop {
        let piece = match tokio::time::timeout_at(deadline, body.frame()).await {
            Ok(None) => return,
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => Ok(data),
                Err(_) => continue,
            },
            Ok(Some(Err(error))) => Err(BodyFailure::of(&error)),
            Err(_) => Err(BodyFailure::TooSlow),
        };
        let last = piece.is_err();
        if sender.send(piece).await.is_err() || last {
            return;
        }
    }
}

impl Read for BlockingBody {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let ahead = self.ahead.read(out)?;
        if ahead > 0 || out.is_empty() {
            return Ok(ahead);
        }
        while self.current.is_empty() {
            if let Some(failure) = self.broke {
                return Err(io::Error::other(BodyBroke(failure)));
            }
            match self.rest.blocking_recv() {
                None => return Ok(0),
                Some(Ok(piece)) => self.current = piece,
                Some(Err(failure)) => self.broke = Some(failure),
            }
        }
        let some = self.current.len().min(out.len());
        self.current.copy_to_slice(out.get_mut(..some).unwrap_or_default());
        Ok(some)
    }
}
