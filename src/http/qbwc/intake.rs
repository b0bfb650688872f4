//! The beginning of a call's body: read ahead without a thread, within bounds, until it shows what to do with the rest.

use std::{
    io::{self, Read},
    net::IpAddr,
    time::Duration,
};

use axum::body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::body::BodyStream;
use crate::http::{
    limits::BodyFailure,
    room::{Held, Room},
};

/// How long a call may take whose caller has not shown a good ticket.
const LONGEST: Duration = Duration::from_secs(300);

/// Why there is no more of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stopped {
    #[error(transparent)]
    Body(BodyFailure),
    #[error("it is larger than any call but an answer of QuickBooks may be (8 MiB)")]
    Large,
    /// Other calls have taken all the room.
    #[error("other calls take all the room")]
    Full,
}

/// A body and what was read of it.
pub(super) struct Intake {
    body: Body,
    read: Vec<u8>,
    ended: bool,
    held: Held,
    deadline: Instant,
}

impl Intake {
    pub(super) fn new(body: Body, room: &Room, from: IpAddr) -> Self {
        let deadline = Instant::now() + LONGEST;
        Self { body, read: Vec::new(), ended: false, held: room.enter(from), deadline }
    }

    /// Bytes that were read.
    pub(super) fn len(&self) -> usize {
        self.read.len()
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Waits for one more piece; `most` bytes are read in all.
    ///
    /// # Errors
    /// A body that stopped, is larger, or for which there is no room.
    pub(super) async fn more(&mut self, most: usize) -> Result<(), Stopped> {
        let frame = match timeout_at(self.deadline, self.body.frame()).await {
            Ok(frame) => frame,
            Err(_) => return Err(Stopped::Body(BodyFailure::TooSlow)),
        };
        match frame {
            None => self.ended = true,
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    if self.read.len().saturating_add(data.len()) > most {
                        return Err(Stopped::Large);
                    }
                    self.held.grow(data.len()).map_err(|_| Stopped::Full)?;
                    self.read.extend_from_slice(&data);
                }
            }
            Some(Err(error)) => return Err(Stopped::Body(BodyFailure::of(&error))),
        }
        Ok(())
    }

    /// What was read, from the start. At its end a reader is told to wait, unless the body has ended there.
    pub(super) fn start(&self) -> Start<'_> {
        Start { read: &self.read, ended: self.ended }
    }

    /// The whole body as a stream that blocks; the rest of it is read meanwhile.
    pub(super) fn into_stream(self) -> BodyStream {
        // The room is given back: whoever has a good ticket is no stranger.
        let rest = (!self.ended).then_some(self.body);
        BodyStream::new(self.read, rest)
    }
}

/// See [`Intake::start`].
pub(super) struct Start<'a> {
    read: &'a [u8],
    ended: bool,
}

impl Read for Start<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.read.is_empty() && !self.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.read.read(out)
    }
}
