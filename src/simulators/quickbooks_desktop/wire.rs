//! HTTP/1.1 as the Web Connector's .NET client speaks it: the same headers in the same order, `Expect: 100-continue`
//! on every call, one connection kept for the session. The bytes are those of a captured session.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

use super::body::Body;
use super::options::SessionOptions;
use super::tls::platform_trust;

const USER_AGENT: &str = "Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol 2.0.50727.1433)";
/// Larger than any reply that makes sense, in bytes.
const MAX_REPLY: usize = 16 * 1024 * 1024;
const MAX_HEADERS: usize = 64;
/// How much of a body is written at once, in bytes.
const WRITE_SIZE: usize = 32 * 1024;

/// Why a call got no HTTP reply.
#[derive(Debug, Error)]
pub enum WireError {
    #[error("«{0}» is no address of a service")]
    Url(String),
    #[error("could not connect to {address}: {source}")]
    Connect { address: String, source: io::Error },
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("The request was aborted: {0}")]
    Io(#[from] io::Error),
    #[error("The operation has timed out")]
    Timeout,
    #[error("the reply is not HTTP: {0}")]
    NotHttp(String),
    /// The service closed the connection before it got the body: safe to try again on a new one.
    #[error("The connection was closed before the request was sent: {0}")]
    Early(io::Error),
    #[error("the connection was cut on demand")]
    Cut,
}

/// An HTTP reply.
#[derive(Debug)]
pub(super) struct HttpReply {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The head of a reply.
struct Head {
    status: u16,
    content_type: String,
    length: Option<usize>,
    chunked: bool,
    keep: bool,
}

/// The connection to the service.
pub(super) struct Wire {
    host: String,
    port: u16,
    /// The value of the `Host` header.
    authority: String,
    path: String,
    tls: Option<Arc<rustls::ClientConfig>>,
    continue_wait: Duration,
    reply_timeout: Duration,
    stream: Option<Box<dyn Stream>>,
    /// What was read and not used yet.
    buffer: Vec<u8>,
    /// `Connection: Keep-Alive` is only on the first call.
    first: bool,
}

impl Wire {
    pub(super) fn new(options: &SessionOptions) -> Result<Self, WireError> {
        let bad = || WireError::Url(options.url.clone());
        let url = Url::parse(&options.url).map_err(|_| bad())?;
        let host = url.host_str().ok_or_else(bad)?.to_owned();
        let tls = match (url.scheme(), &options.tls) {
            ("http", _) => None,
            ("https", Some(config)) => Some(Arc::clone(config)),
            ("https", None) => Some(platform_trust()?),
            _ => return Err(bad()),
        };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self {
            authority: url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}")),
            port: url.port_or_known_default().ok_or_else(bad)?,
            path: format!("{}{query}", url.path()),
            host: host.trim_matches(['[', ']']).to_owned(),
            tls,
            continue_wait: options.continue_wait,
            reply_timeout: options.reply_timeout,
            stream: None,
            buffer: Vec::new(),
            first: true,
        })
    }

    /// Makes one call. A kept connection that the service closed meanwhile is opened anew, once.
    pub(super) async fn post(&mut self, action: &str, body: &Body<'_>) -> Result<HttpReply, WireError> {
        let kept = self.stream.is_some();
        match self.attempt(action, body, u64::MAX).await {
            Err(WireError::Early(_)) if kept => {
                self.stream = None;
                self.attempt(action, body, u64::MAX).await
            }
            done => done,
        }
    }

    /// Sends half of a call, and closes the connection.
    pub(super) async fn post_half(&mut self, action: &str, body: &Body<'_>) -> WireError {
        let done = self.attempt(action, body, body.length() / 2).await;
        self.stream = None;
        done.err().unwrap_or(WireError::Cut)
    }

    async fn attempt(&mut self, action: &str, body: &Body<'_>, limit: u64) -> Result<HttpReply, WireError> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect().await?,
        };
        self.buffer.clear();
        let head = self.head(action, body.length());
        stream.write_all(head.as_bytes()).await.map_err(WireError::Early)?;
        stream.flush().await.map_err(WireError::Early)?;
        self.first = false;
        match timeout(self.continue_wait, self.read_head(&mut stream)).await {
            // Without an answer the body goes out anyway.
            Err(_) => {}
            Ok(Err(WireError::Io(error))) if self.buffer.is_empty() => return Err(WireError::Early(error)),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(head)) if head.status == 100 => {}
            // The service decided without the body; the connection is of no more use.
            Ok(Ok(head)) => {
                let reply = timeout(self.reply_timeout, self.read_body(&mut stream, &head)).await;
                return reply.map_err(|_| WireError::Timeout)?;
            }
        }
        let sent = self.write_body(&mut stream, body, limit).await;
        if limit < body.length() {
            return Err(WireError::Cut);
        }
        let head = loop {
            match timeout(self.reply_timeout, self.read_head(&mut stream)).await {
                Err(_) => return Err(WireError::Timeout),
                Ok(Ok(head)) if head.status == 100 => {}
                Ok(Ok(head)) => break head,
                Ok(Err(error)) => return Err(sent.err().unwrap_or(error)),
            }
        };
        let reply = timeout(self.reply_timeout, self.read_body(&mut stream, &head)).await;
        let reply = reply.map_err(|_| WireError::Timeout)??;
        if head.keep && sent.is_ok() {
            self.stream = Some(stream);
        }
        Ok(reply)
    }

    fn head(&self, action: &str, length: u64) -> String {
        let connection = if self.first { "Connection: Keep-Alive\r\n" } else { "" };
        format!(
            "POST {} HTTP/1.1\r\nUser-Agent: {USER_AGENT}\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: \"{action}\"\r\nHost: {}\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n{connection}\r\n",
            self.path, self.authority,
        )
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, WireError> {
        let failed = |source| WireError::Connect { address: self.authority.clone(), source };
        let connecting = TcpStream::connect((self.host.as_str(), self.port));
        let stream =
            timeout(self.reply_timeout, connecting).await.map_err(|_| WireError::Timeout)?.map_err(failed)?;
        stream.set_nodelay(true)?;
        let Some(config) = &self.tls else { return Ok(Box::new(stream)) };
        let name = ServerName::try_from(self.host.clone()).map_err(|_| WireError::Url(self.host.clone()))?;
        let connecting = TlsConnector::from(Arc::clone(config)).connect(name, stream);
        let stream =
            timeout(self.reply_timeout, connecting).await.map_err(|_| WireError::Timeout)?.map_err(failed)?;
        Ok(Box::new(stream))
    }

    async fn write_body(
        &self,
        stream: &mut Box<dyn Stream>,
        body: &Body<'_>,
        limit: u64,
    ) -> Result<(), WireError> {
        let mut pieces = body.pieces();
        let mut text = String::new();
        let mut left = limit;
        let mut more = true;
        while more && left > 0 {
            more = pieces.next(&mut text);
            if more && text.len() < WRITE_SIZE {
                continue;
            }
            let keep = usize::try_from(left).unwrap_or(usize::MAX).min(text.len());
            left -= keep as u64;
            let bytes = text.as_bytes().get(..keep).unwrap_or_default();
            timeout(self.reply_timeout, stream.write_all(bytes)).await.map_err(|_| WireError::Timeout)??;
            text.clear();
        }
        stream.flush().await?;
        Ok(())
    }

    /// Waits for more bytes; false at the end of the stream. May be dropped at any time without losing any.
    async fn read_more(&mut self, stream: &mut Box<dyn Stream>) -> Result<bool, WireError> {
        if self.buffer.len() > MAX_REPLY {
            return Err(WireError::NotHttp("it is too long".to_owned()));
        }
        self.buffer.reserve(8 * 1024);
        Ok(stream.read_buf(&mut self.buffer).await? > 0)
    }

    async fn read_head(&mut self, stream: &mut Box<dyn Stream>) -> Result<Head, WireError> {
        loop {
            if let Some((head, used)) = parse_head(&self.buffer)? {
                self.buffer.drain(..used);
                return Ok(head);
            }
            if !self.read_more(stream).await? {
                let text = "The connection was closed unexpectedly.";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text).into());
            }
        }
    }

    async fn read_body(&mut self, stream: &mut Box<dyn Stream>, head: &Head) -> Result<HttpReply, WireError> {
        let body = if head.chunked {
            let mut body = Vec::new();
            while let Some(chunk) = self.read_chunk(stream).await? {
                body.extend(chunk);
                if body.len() > MAX_REPLY {
                    return Err(WireError::NotHttp("it is too long".to_owned()));
                }
            }
            body
        } else if let Some(length) = head.length {
            self.read_exactly(stream, length).await?
        } else {
            while self.read_more(stream).await? {}
            std::mem::take(&mut self.buffer)
        };
        Ok(HttpReply { status: head.status, content_type: head.content_type.clone(), body })
    }

    async fn read_exactly(
        &mut self,
        stream: &mut Box<dyn Stream>,
        length: usize,
    ) -> Result<Vec<u8>, WireError> {
        while self.buffer.len() < length {
            if !self.read_more(stream).await? {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
        Ok(self.buffer.drain(..length).collect())
    }

    /// The next chunk; none after the last one, whose trailers are passed over.
    async fn read_chunk(&mut self, stream: &mut Box<dyn Stream>) -> Result<Option<Vec<u8>>, WireError> {
        let size = loop {
            match httparse::parse_chunk_size(&self.buffer) {
                Ok(httparse::Status::Complete((used, size))) => {
                    self.buffer.drain(..used);
                    break usize::try_from(size).unwrap_or(usize::MAX);
                }
                Ok(httparse::Status::Partial) if self.read_more(stream).await? => {}
                _ => return Err(WireError::NotHttp("a chunk size is wrong".to_owned())),
            }
        };
        if size == 0 {
            while self.read_line(stream).await? > 2 {}
            return Ok(None);
        }
        if size > MAX_REPLY {
            return Err(WireError::NotHttp("it is too long".to_owned()));
        }
        let mut chunk = self.read_exactly(stream, size + 2).await?;
        chunk.truncate(size);
        Ok(Some(chunk))
    }

    /// Passes over a line; its length with the line end, in bytes.
    async fn read_line(&mut self, stream: &mut Box<dyn Stream>) -> Result<usize, WireError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                self.buffer.drain(..=end);
                return Ok(end + 1);
            }
            if !self.read_more(stream).await? {
                return Ok(0);
            }
        }
    }
}

/// The head at the start of the bytes and its length; none if it is not complete yet.
fn parse_head(bytes: &[u8]) -> Result<Option<(Head, usize)>, WireError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(|error| WireError::NotHttp(error.to_string()))?;
    let httparse::Status::Complete(used) = parsed else { return Ok(None) };
    let find = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        header.map(|header| String::from_utf8_lossy(header.value).trim().to_lowercase())
    };
    let connection = find("connection").unwrap_or_default();
    let chunked = find("transfer-encoding").is_some_and(|coding| coding == "chunked");
    let status = response.code.unwrap_or(0);
    let bodiless = status == 204 || status == 304 || (100..200).contains(&status);
    let length = match find("content-length").map(|text| text.parse::<usize>()) {
        _ if bodiless => Some(0),
        Some(Ok(length)) if length <= MAX_REPLY => Some(length),
        Some(_) => return Err(WireError::NotHttp("the Content-Length is wrong".to_owned())),
        None => None,
    };
    let head = Head {
        status,
        content_type: find("content-type").unwrap_or_default(),
        keep: response.version == Some(1) && connection != "close" && (chunked || length.is_some()),
        length,
        chunked,
    };
    Ok(Some((head, used)))
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
