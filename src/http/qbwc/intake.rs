//! The beginning of a call's body: read ahead without a thread, within bounds, until it shows what to do with the rest.

use std::{
    io::{self, Read},
    net::IpAddr,
    slice,
    time::Duration,
    vec,
};

use axum::body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::http::{
    limits::BodyFailure,
    room::{Held, Room},
};

/// How long a call may take whose caller has not shown a good ticket.
const LONGEST: Duration = Duration::from_secs(300);

/// Bytes of a piece. Pieces, because one buffer that grows is there twice for a moment.
const PIECE: usize = 64 * 1024;

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
    pieces: Vec<Vec<u8>>,
    length: usize,
    ended: bool,
    held: Held,
    deadline: Instant,
}

impl Intake {
    pub(super) fn new(body: Body, room: &Room, from: IpAddr) -> Self {
        let deadline = Instant::now() + LONGEST;
        Self { body, pieces: Vec::new(), length: 0, ended: false, held: room.enter(from), deadline }
    }

    /// Bytes that were read.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Waits for one more frame; `most` bytes are read in all.
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
                    if self.length.saturating_add(data.len()) > most {
                        return Err(Stopped::Large);
                    }
                    self.held.grow(data.len()).map_err(|_| Stopped::Full)?;
                    self.keep(&data);
                }
            }
            Some(Err(error)) => return Err(Stopped::Body(BodyFailure::of(&error))),
        }
        Ok(())
    }

    fn keep(&mut self, mut data: &[u8]) {
        self.length += data.len();
        while !data.is_empty() {
            let room = self.pieces.last().map_or(0, |last| PIECE - last.len());
            if room == 0 {
                // The first is mostly the only one, and small.
                let capacity = if self.pieces.is_empty() { 0 } else { PIECE };
                self.pieces.push(Vec::with_capacity(capacity));
                continue;
            }
            let (fitting, rest) = data.split_at(data.len().min(room));
            if let Some(last) = self.pieces.last_mut() {
                last.extend_from_slice(fitting);
            }
            data = rest;
        }
    }

    /// What was read, from the start. At its end a reader is told to wait, unless the body has ended there.
    pub(super) fn start(&self) -> Start<'_> {
        Start { rest: self.pieces.iter(), current: &[], ended: self.ended }
    }

    /// What was read, to be let go of piece by piece; the room for it is held beside it.
    pub(super) fn into_read(self) -> (Ahead, Held) {
        (Ahead::new(self.pieces), self.held)
    }

    /// What was read, and the rest of the body if there is more. The room is given back: whoever has a good ticket is no
    /// stranger.
    pub(super) fn into_parts(self) -> (Ahead, Option<Body>) {
        (Ahead::new(self.pieces), (!self.ended).then_some(self.body))
    }
}

/// See [`Intake::start`].
pub(super) struct Start<'a> {
    rest: slice::Iter<'a, Vec<u8>>,
    current: &'a [u8],
    ended: bool,
}

impl Read for Start<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.rest.next() {
                Some(piece) => self.current = piece,
                None if self.ended => return Ok(0),
                None => return Err(io::ErrorKind::WouldBlock.into()),
            }
        }
        self.current.read(out)
    }
}

/// Pieces that were read ahead.
pub(super) struct Ahead {
    rest: vec::IntoIter<Vec<u8>>,
    current: io::Cursor<Vec<u8>>,
}

impl Ahead {
    fn new(pieces: Vec<Vec<u8>>) -> Self {
        Self { rest: pieces.into_iter(), current: io::Cursor::default() }
    }
}

impl Read for Ahead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.current.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            match self.rest.next() {
                Some(piece) => self.current = io::Cursor::new(piece),
                None => return Ok(0),
            }
        }
    }
}
