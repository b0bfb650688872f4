//! The stream of a connection: it begins with the bytes that were read ahead, and fails when the client takes no bytes
//! for too long.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

use super::admission::ClientConnection;

/// The first bytes of each HTTP/2 client, RFC 9113 section 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A client that was answered early may go on sending for so long, and so many bytes, before it is cut off. It may be
/// silent for only so long: then it has the answer, or never reads it.
const LINGER: Duration = Duration::from_secs(30);
const LINGER_BYTES: usize = 256 << 20;
const LINGER_SILENCE: Duration = Duration::from_secs(2);

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Reads only as much as it takes to tell the protocol. The bytes that were read must be served first.
pub(super) async fn tell_protocol(io: &mut (impl AsyncRead + Unpin)) -> io::Result<(Protocol, Bytes)> {
    let mut start = BytesMut::with_capacity(PREFACE.len());
    while start.len() < PREFACE.len() {
        let room = PREFACE.len() - start.len();
        let read = io.read_buf(&mut (&mut start).limit(room)).await?;
        if read == 0 || !PREFACE.starts_with(&start) {
            return Ok((Protocol::Http1, start.freeze()));
        }
    }
    Ok((Protocol::Http2, start.freeze()))
}

/// A stream whose first bytes were read ahead.
pub(super) struct Socket<I> {
    /// Read ahead, and not yet served.
    start: Bytes,
    inner: I,
    /// The longest wait for the client to take bytes: clients that never read would hold every slot.
    stall: Duration,
    /// Runs while the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Whether our half is shut down.
    shut: bool,
    /// Set while the client may still send after that.
    linger: Option<Linger>,
    /// Gets each activity.
    client: Arc<ClientConnection>,
}

/// The time and bytes left for a client that was answered before it had sent all.
struct Linger {
    end: Instant,
    left: usize,
    silence: Pin<Box<Sleep>>,
}

impl<I> Socket<I> {
    pub(super) fn new(start: Bytes, inner: I, stall: Duration, client: Arc<ClientConnection>) -> Self {
        Self { start, inner, stall, stalled: None, shut: false, linger: None, client }
    }

    fn note_write(&self, written: io::Result<usize>) -> io::Result<usize> {
        if written.as_ref().is_ok_and(|bytes| *bytes > 0) {
            self.client.writes.fetch_add(1, Relaxed);
            self.client.touch();
        }
        written
    }

    /// Passes the result of a write on, or an error if it has been pending for too long.
    fn watched<T>(&mut self, cx: &mut Context<'_>, write: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if write.is_ready() {
            self.stalled = None;
            return write;
        }
        let stall = self.stall;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(stall)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<I: AsyncRead + Unpin> Socket<I> {
    /// Reads and drops what the client is still sending. Closing with unread bytes, or before they come, resets the
    /// connection (RFC 1122 section 4.2.2.13), and the reset can destroy an answer that the client has not read yet,
    /// such as the 413 to an upload.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut scratch = [0; 16 * 1024];
        loop {
            let mut buf = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.inner).poll_read(cx, &mut buf) {
                // The client sends: wait for more.
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    let read = buf.filled().len();
                    let linger = self.linger.get_or_insert_with(Linger::new);
                    linger.left = linger.left.saturating_sub(read);
                    if linger.left == 0 || linger.end <= Instant::now() {
                        return Poll::Ready(Ok(()));
                    }
                    linger.silence.as_mut().reset(Instant::now() + LINGER_SILENCE);
                }
                // The client has ended its half, or broken off.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    if self.client.unread.load(Relaxed) {
                        self.linger.get_or_insert_with(Linger::new);
                    }
                    return match &mut self.linger {
                        Some(linger) => linger.silence.as_mut().poll(cx).map(Ok),
                        None => Poll::Ready(Ok(())),
                    };
                }
            }
        }
    }
}

impl Linger {
    fn new() -> Self {
        let now = Instant::now();
        Self { end: now + LINGER, left: LINGER_BYTES, silence: Box::pin(sleep(LINGER_SILENCE)) }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Socket<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.start.is_empty() {
            let before = buf.filled().len();
            let read = Pin::new(&mut self.inner).poll_read(cx, buf);
            if buf.filled().len() > before {
                self.client.touch();
            }
            return read;
        }
        let most = self.start.len().min(buf.remaining());
        buf.put_slice(&self.start.split_to(most));
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Socket<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.watched(cx, write).map(|write| self.note_write(write))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flush = Pin::new(&mut self.inner).poll_flush(cx);
        self.watched(cx, flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.shut {
            let shutdown = Pin::new(&mut self.inner).poll_shutdown(cx);
            ready!(self.watched(cx, shutdown))?;
            self.shut = true;
            self.client.write_shut.store(true, Relaxed);
        }
        self.poll_linger(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.watched(cx, write).map(|write| self.note_write(write))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
