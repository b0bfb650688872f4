//! A buffered reader with look-ahead and a limit for each piece.

use std::io::{self, BufRead, Read};

const CAPACITY: usize = 64 * 1024;

/// A piece of markup or text that is longer than its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one tag or text takes more than {0} bytes")]
pub struct TooLong(pub usize);

/// A buffered reader that can look ahead, and that fails when one piece is longer than `limit` bytes: an XML reader
/// keeps a piece whole, so the limit bounds its memory.
pub struct LookaheadReader<R> {
    inner: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    limit: usize,
    taken: usize,
    /// Bytes taken from the beginning on: the position in errors.
    position: u64,
}

impl<R: Read> LookaheadReader<R> {
    /// `limit` is in bytes a piece; see [`LookaheadReader::next_piece`].
    pub fn new(inner: R, limit: usize) -> Self {
        Self {
            inner,
            buffer: vec![0; CAPACITY].into_boxed_slice(),
            start: 0,
            end: 0,
            limit,
            taken: 0,
            position: 0,
        }
    }

    /// Bytes taken from the beginning on.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Begins a new piece.
    pub fn next_piece(&mut self) {
        self.taken = 0;
    }

    /// Returns up to `bytes` (at most 64) of what follows without taking them; fewer only at the end of the stream.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn peek(&mut self, bytes: usize) -> io::Result<&[u8]> {
        while self.end - self.start < bytes {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            if self.read_more()? == 0 {
                break;
            }
        }
        Ok(self.buffer.get(self.start..self.end.min(self.start + bytes)).unwrap_or_default())
    }

    fn read_more(&mut self) -> io::Result<usize> {
        loop {
            let space = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.inner.read(space) {
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<R: Read> BufRead for LookaheadReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken > self.limit {
            return Err(io::Error::other(TooLong(self.limit)));
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            self.read_more()?;
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.start = (self.start + amount).min(self.end);
        self.taken += amount;
        self.position += amount as u64;
    }
}

impl<R: Read> Read for LookaheadReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}
