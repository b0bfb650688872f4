//! Sends the requests of one connection: to its own host alone, through its limiter, with its credentials.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use url::Url;

use crate::{codec::json, connectors::source::Failure};

use super::{
    Outbound, RequestLimiter, Timeouts,
    address_guard::{self, NotAllowed},
    classify,
    problems::{self, Fault, Phase},
    retry,
};

/// The longest body that is read, unless the caller asks for less.
const BODY_CAP: usize = 32 * 1024 * 1024;

/// How long an answer is waited for before others may be polled meanwhile.
const SOON: Duration = Duration::from_secs(1);

/// Sends requests to one origin (scheme, host and port) and to no other.
#[derive(Clone)]
pub struct OriginClient {
    client: reqwest::Client,
    base: Url,
    host: String,
    allow_private: bool,
    limiter: Arc<dyn RequestLimiter>,
    /// Sent with every request: who asks.
    headers: HeaderMap,
    timeouts: Timeouts,
    body_cap: usize,
    retries: bool,
}

/// One request. `target` is a path, or an address of the same origin.
#[derive(Clone)]
pub struct Request<'a> {
    pub method: Method,
    pub target: &'a str,
    /// Added to the target, escaped.
    pub query: &'a [(&'a str, &'a str)],
    pub headers: HeaderMap,
    pub body: Option<Bytes>,
}

impl<'a> Request<'a> {
    pub fn get(target: &'a str, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { method: Method::GET, target, query, headers: HeaderMap::new(), body: None }
    }
}

/// What came back with a status of 2xx, 3xx or 4xx; redirects are never followed.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: T,
}

impl OriginClient {
    /// `allow_private` lets this connection reach private addresses; it holds for the host of `base`, because nothing
    /// is sent to another. Without it `base` must be https, or local: then each request is refused.
    ///
    /// # Errors
    /// An address that is not http(s), holds credentials, or is not encrypted.
    pub fn new(
        outbound: &Outbound,
        base: Url,
        allow_private: bool,
        limiter: Arc<dyn RequestLimiter>,
        headers: HeaderMap,
    ) -> Result<Self, Failure> {
        let host = base.host_str().unwrap_or_default().to_owned();
        let plain = allow_private || address_guard::is_local(&base);
        let scheme_fits = base.scheme() == "https" || (plain && base.scheme() == "http");
        if host.is_empty() || !scheme_fits || !base.username().is_empty() || base.password().is_some() {
            return Err(problems::failure(
                crate::domain::words::Cause::Tls,
                "The address of the source does not begin with https:// and its host's name.",
                "Correct the address in the settings of this connection.",
            ));
        }
        let client = if allow_private { &outbound.any } else { &outbound.public };
        Ok(Self {
            client: client.clone(),
            base,
            host,
            allow_private,
            limiter,
            headers,
            timeouts: outbound.timeouts,
            body_cap: BODY_CAP,
            retries: true,
        })
    }

    /// Each request is sent once: for tests of a connection, where a person waits.
    #[must_use]
    pub fn without_retries(self) -> Self {
        Self { retries: false, ..self }
    }

    /// Sends these with every request.
    #[must_use]
    pub fn with_headers(self, headers: HeaderMap) -> Self {
        Self { headers, ..self }
    }

    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    #[must_use]
    pub fn with_body_cap(self, body_cap: usize) -> Self {
        Self { body_cap, ..self }
    }

    /// The host's name, for messages.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn base(&self) -> &Url {
        &self.base
    }

    pub fn limiter(&self) -> &Arc<dyn RequestLimiter> {
        &self.limiter
    }

    /// Sends a request; any body is taken.
    ///
    /// # Errors
    /// Everything but an answer of 2xx, 3xx or 4xx, after the retries.
    pub async fn send(&self, request: Request<'_>) -> Result<Answer<Bytes>, Failure> {
        self.judged(request, |answer| Ok(answer.body)).await
    }

    /// Gets JSON. `Err` in the body is one that was not read as `T`: of an answer of 3xx or 4xx, or an empty one.
    ///
    /// # Errors
    /// As [`Self::send`]; JSON that is broken off, after the retries, or that is not `T`.
    pub async fn get_json<T: DeserializeOwned>(
        &self,
        target: &str,
        query: &[(&str, &str)],
        headers: HeaderMap,
    ) -> Result<Answer<Result<T, Bytes>>, Failure> {
        self.send_json(Request { headers, ..Request::get(target, query) }).await
    }

    /// [`Self::get_json`] for any request.
    ///
    /// # Errors
    /// As [`Self::get_json`].
    pub async fn send_json<T: DeserializeOwned>(
        &self,
        request: Request<'_>,
    ) -> Result<Answer<Result<T, Bytes>>, Failure> {
        self.judged(request, |answer| {
            if !answer.status.is_success() || answer.body.trim_ascii().is_empty() {
                return Ok(Err(answer.body));
            }
            json::read(&answer.body).map(Ok).map_err(|error| {
                // Where a text breaks off or is garbled, the next may be whole; one of another shape stays so.
                let again = !error.is_data();
                let why = if again { "it breaks off or is not JSON" } else { "it is JSON of another shape" };
                let at = format!("{why} (line {}, column {})", error.line(), error.column());
                problems::unreadable(&self.host, again, &at)
            })
        })
        .await
    }

    async fn judged<T>(
        &self,
        request: Request<'_>,
        judge: impl Fn(Answer<Bytes>) -> Result<T, Fault>,
    ) -> Result<Answer<T>, Failure> {
        let url = self.address(&request)?;
        let (mut attempt, mut waits) = (1, 0);
        loop {
            let passed = self.limiter.acquire().await?;
            let answered = self.patient(&request, &url).await;
            drop(passed);
            let fault = match answered {
                Err(fault) => fault,
                Ok(answer) => {
                    let (status, headers) = (answer.status, answer.headers.clone());
                    if let Some(wait) = retry::asked_to_wait(status, &headers, self.limiter.now()) {
                        self.limiter.back_off(wait).await?;
                        waits += 1;
                        if !self.retries || waits >= retry::WAITS {
                            return Err(problems::rate_limited(&self.host, wait));
                        }
                        continue;
                    }
                    waits = 0;
                    let judged = if status.is_server_error() {
                        Err(problems::server_error(&self.host, status))
                    } else {
                        judge(answer)
                    };
                    match judged {
                        Ok(body) => return Ok(Answer { status, headers, body }),
                        Err(fault) => fault,
                    }
                }
            };
            if !fault.again || !self.retries || attempt >= retry::ATTEMPTS {
                return Err(fault.into());
            }
            self.limiter.pause(retry::pause(attempt, self.limiter.jitter())).await;
            attempt += 1;
        }
    }

    /// Where a request goes: never elsewhere than the origin of `base`, whatever an answer pointed to.
    fn address(&self, request: &Request<'_>) -> Result<Url, Fault> {
        let mut url = self.base.join(request.target).map_err(|_| problems::elsewhere(&self.host, None))?;
        let same = url.scheme() == self.base.scheme()
            && url.host() == self.base.host()
            && url.port_or_known_default() == self.base.port_or_known_default();
        if !same {
            let origin = |url: &Url| url.origin().ascii_serialization();
            return Err(problems::elsewhere(&self.host, Some((&origin(&url), &origin(&self.base)))));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(problems::elsewhere(&self.host, None));
        }
        if !self.allow_private {
            address_guard::literal(&url)
                .map_err(|NotAllowed { address, .. }| problems::not_allowed(&self.host, address))?;
        }
        url.set_fragment(None);
        add_query(&mut url, request.query);
        Ok(url)
    }

    /// An attempt during which others may take the slot of this poll if it lasts.
    async fn patient(&self, request: &Request<'_>, url: &Url) -> Result<Answer<Bytes>, Fault> {
        let mut attempt = std::pin::pin!(self.attempt(request, url));
        match timeout(SOON, &mut attempt).await {
            Ok(done) => done,
            Err(_) => {
                let _yielded = self.limiter.yield_slot();
                attempt.await
            }
        }
    }

    async fn attempt(&self, request: &Request<'_>, url: &Url) -> Result<Answer<Bytes>, Fault> {
        let mut headers = self.headers.clone();
        headers.extend(request.headers.clone());
        let mut call = self.client.request(request.method.clone(), url.clone()).headers(headers);
        if let Some(body) = &request.body {
            call = call.body(body.clone());
        }
        // The client bounds the time to connect by itself.
        let head = timeout(self.timeouts.connect + self.timeouts.head, call.send()).await;
        let response = head
            .map_err(|_| problems::timeout(&self.host, Phase::Head))?
            .map_err(|error| classify::classify(&self.host, &error, Phase::Head))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = timeout(self.timeouts.body, self.body(response)).await;
        let body = body.map_err(|_| problems::timeout(&self.host, Phase::Body))??;
        Ok(Answer { status, headers, body })
    }

    /// Chunk by chunk, so that no more than the cap is ever held.
    async fn body(&self, mut response: reqwest::Response) -> Result<Bytes, Fault> {
        let mut body = BytesMut::new();
        loop {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|error| classify::classify(&self.host, &error, Phase::Body))?;
            let Some(chunk) = chunk else { return Ok(body.freeze()) };
            if body.len().saturating_add(chunk.len()) > self.body_cap {
                return Err(problems::too_large(&self.host, self.body_cap));
            }
            body.extend_from_slice(&chunk);
        }
    }
}

/// Escapes with `%20` for a space: `+` is one in forms only, and a path's reader may take it as it stands.
fn add_query(url: &mut Url, query: &[(&str, &str)]) {
    let escape = |text: &str| {
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    };
    let more: Vec<String> =
        query.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    if !more.is_empty() {
        let before = url.query().map(|before| format!("{before}&")).unwrap_or_default();
        url.set_query(Some(&format!("{before}{}", more.join("&"))));
    }
}
