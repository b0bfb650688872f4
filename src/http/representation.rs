//! Adds entity tags to JSON answers, and compresses long ones: a client that has the answer already gets only a 304.
//!
//! The tag is a hash of the body, so it changes whenever the body does. That saves bandwidth, not work. Only answers to
//! GET are compressed: a secret is shown once, by POST, and its compressed length must tell nothing about it to those
//! who choose the text beside it (BREACH).

use std::{
    convert::Infallible,
    io::{self, Write},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, response::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body::{Body as _, Frame, SizeHint};

use super::{
    negotiation::{Codings, KnownTags},
    problem::ApiError,
};

/// The layer of routes that answer in JSON. Bodies that are not in memory as a whole, such as a stream of events, pass
/// unchanged.
pub(super) async fn represent(request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let (known, codings) = (KnownTags::of(request.headers()), Codings::of(request.headers()));
    let response = next.run(request).await;
    let whole = response.body().size_hint().exact().is_some();
    if response.status() != StatusCode::OK || !whole || !is_json(response.headers()) {
        return response;
    }
    tagged(response, &known, codings).await.unwrap_or_else(IntoResponse::into_response)
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

async fn tagged(response: Response, known: &KnownTags, codings: Codings) -> Result<Response, ApiError> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(ApiError::internal)?;
    let (tag, gzip) = (tag_of(&body), codings.gzip(body.len()));
    answer(parts, &tag, known, gzip, || if gzip { compressed(&body).map(Bytes::from) } else { Ok(body) })
}

/// An answer in JSON that is the same for all who ask, as long as the process lives: it is compressed once.
#[derive(Debug, Clone)]
pub(super) struct FixedJson {
    tag: Arc<str>,
    plain: Bytes,
    gzip: Bytes,
}

impl FixedJson {
    pub(super) fn new(plain: Bytes) -> Self {
        // Writing to memory does not fail.
        let gzip = compressed(&plain).unwrap_or_default().into();
        Self { tag: tag_of(&plain).into(), plain, gzip }
    }

    /// The answer to a GET with these headers. The bytes are shared: no request copies them.
    pub(super) fn answer(&self, headers: &HeaderMap) -> Result<Response, ApiError> {
        let (known, codings) = (KnownTags::of(headers), Codings::of(headers));
        let gzip = !self.gzip.is_empty() && codings.gzip(self.plain.len());
        let body = if gzip { &self.gzip } else { &self.plain };
        let json = [(header::CONTENT_TYPE, "application/json")];
        let (parts, _) = json.into_response().into_parts();
        answer(parts, &self.tag, &known, gzip, || Ok(body.clone()))
    }
}

fn tag_of(body: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(blake3::hash(body).as_bytes())
}

/// `body` gives the bytes, compressed if `gzip` says so, where the client does not have them.
fn answer(
    mut parts: Parts,
    tag: &str,
    known: &KnownTags,
    gzip: bool,
    body: impl FnOnce() -> io::Result<Bytes>,
) -> Result<Response, ApiError> {
    // A strong tag would not be right for both the plain and the compressed bytes.
    let weak = if gzip { "W/" } else { "" };
    let etag = HeaderValue::from_str(&format!("{weak}\"{tag}\"")).map_err(ApiError::internal)?;
    let headers = &mut parts.headers;
    headers.insert(header::ETAG, etag);
    // Clients may keep the answer, but must ask before they use it: tokens are revoked, people are unlinked.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.append(header::VARY, HeaderValue::from_static("authorization, cookie, accept-encoding"));
    headers.remove(header::CONTENT_LENGTH);
    if known.has(tag) {
        headers.remove(header::CONTENT_TYPE);
        parts.status = StatusCode::NOT_MODIFIED;
        return Ok(Response::from_parts(parts, Body::new(Nothing)));
    }
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(Response::from_parts(parts, Body::from(body().map_err(ApiError::internal)?)))
}

/// Compresses at once, not piece by piece as the client reads: the compressor needs a third of a megabyte, and so there
/// is never more than one for each thread. The fastest level takes a millisecond or two for the longest page.
fn compressed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

/// A body of unknown length, without bytes: the length in a 304 is that of the body which is not sent (RFC 9110 section
/// 8.6).
struct Nothing;

impl http_body::Body for Nothing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
