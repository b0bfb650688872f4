//! Buffers the beginning of a call's body without a thread, within bounds, until it shows what to do with the rest.

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
    memory_budget::{MemoryBudget, Reservation},
};

/// How long a call may take before its caller has shown an open ticket.
const LONGEST: Duration = Duration::from_mins(5);

/// Bytes of a piece. The buffer is in pieces, because one that grows is copied, and held twice for a moment.
const PIECE: usize = 64 * 1024;

/// Why no more of a call was buffered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotBuffered {
    #[error(transparent)]
    Body(BodyFailure),
    #[error("it is larger than any call but an answer of QuickBooks may be (8 MiB)")]
    Large,
    /// The bodies of other calls use up the memory budget.
    #[error("other calls take all the room")]
    Full,
}

/// A body, and what was read of it.
pub(super) struct BufferedBody {
    body: Body,
    pieces: Vec<Vec<u8>>,
    length: usize,
    ended: bool,
    reservation: Reservation,
    deadline: Instant,
}

impl BufferedBody {
    pub(super) fn new(body: Body, budget: &MemoryBudget, from: IpAddr) -> Self {
        let deadline = Instant::now() + LONGEST;
        Self {
            body,
            pieces: Vec::new(),
            length: 0,
            ended: false,
            reservation: budget.reserve(from),
            deadline,
        }
    }

    /// Bytes that were read.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Reads one more frame; `most` bytes are read in all.
    ///
    /// # Errors
    /// A body that stopped, is too large, or exceeds the memory budget.
    pub(super) async fn more(&mut self, most: usize) -> Result<(), NotBuffered> {
        let Ok(frame) = timeout_at(self.deadline, self.body.frame()).await else {
            return Err(NotBuffered::Body(BodyFailure::TooSlow));
        };
        match frame {
            None => self.ended = true,
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    if self.length.saturating_add(data.len()) > most {
                        return Err(NotBuffered::Large);
                    }
                    self.reservation.grow(data.len()).map_err(|_| NotBuffered::Full)?;
                    self.keep(&data);
                }
            }
            Some(Err(error)) => return Err(NotBuffered::Body(BodyFailure::of(&error))),
        }
        Ok(())
    }

    fn keep(&mut self, mut data: &[u8]) {
        self.length += data.len();
        while !data.is_empty() {
            let room = self.pieces.last().map_or(0, |last| PIECE - last.len());
            if room == 0 {
                // The first piece is mostly the only one, and small.
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

    /// Reads what is buffered, from the start. At its end the reader gets `WouldBlock`, unless the body has ended
    /// there.
    pub(super) fn start(&self) -> BufferedStart<'_> {
        BufferedStart { rest: self.pieces.iter(), current: &[], ended: self.ended }
    }

    /// The buffered bytes, freed piece by piece as they are read, and the reservation for them.
    pub(super) fn into_read(self) -> (BufferedBytes, Reservation) {
        (BufferedBytes::new(self.pieces), self.reservation)
    }

    /// The buffered bytes, and the rest of the body if there is more. The reservation ends, because the caller has
    /// shown an open ticket.
    pub(super) fn into_parts(self) -> (BufferedBytes, Option<Body>) {
        (BufferedBytes::new(self.pieces), (!self.ended).then_some(self.body))
    }
}

/// See [`BufferedBody::start`].
pub(super) struct BufferedStart<'a> {
    rest: slice::Iter<'a, Vec<u8>>,
    current: &'a [u8],
    ended: bool,
}

impl Read for BufferedStart<'_> {
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

/// The buffered pieces, freed as they are read.
pub(super) struct BufferedBytes {
    rest: vec::IntoIter<Vec<u8>>,
    current: io::Cursor<Vec<u8>>,
}

impl BufferedBytes {
    fn new(pieces: Vec<Vec<u8>>) -> Self {
        Self { rest: pieces.into_iter(), current: io::Cursor::default() }
    }
}

impl Read for BufferedBytes {
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
