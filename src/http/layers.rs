//! The layers that each request passes through.

use std::{any::Any, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header, uri::Authority},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use tokio::time::Instant;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use url::Url;

use super::{
    log_throttle::OutageThrottle,
    operations, pages,
    problem::{ApiError, MEDIA_TYPE},
    request_id::{REQUEST_ID, RequestId},
};
use crate::{clock::Ambient, domain::problem::Problem};

/// Puts the layers around a complete `router`, and answers requests that no route takes (a fallback of `router` itself
/// is replaced; one of a nested router stays).
///
/// Routes choose their own size and time with [`super::limits`].
pub fn stack(router: Router, ambient: Ambient, transport: Transport) -> Router {
    // Set before the layers, so that their answers pass through them as well.
    let router = router.fallback(no_such_route).method_not_allowed_fallback(no_such_method);
    router.layer(
        ServiceBuilder::new()
            // The outermost layer gives the request its ID, which all log lines and answers carry.
            .layer(from_fn_with_state(ambient, identify))
            // Outside of every layer that answers, so that no answer lacks these headers.
            .layer(from_fn_with_state(transport, harden))
            // Inside the span of the request, so that the logged cause has its ID.
            .layer(from_fn_with_state(Arc::<OutageThrottle>::default(), explain))
            // Inside `explain`, which turns these answers into bodies.
            .layer(from_fn(turn_away))
            .layer(CatchPanicLayer::custom(panicked)),
    )
}

/// Gives the request its ID and its span, and logs one line when the head of its answer is ready.
async fn identify(State(ambient): State<Ambient>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers(), &ambient);
    request.extensions_mut().insert(id.clone());
    // At the level of errors, so that a filter that hides the line for each request still keeps the ID on the lines of
    // errors.
    let routine = operations::is_routine(request.uri().path());
    let span = tracing::error_span!(
        "request",
        method = %method(&request),
        path = route(&request),
        request_id = id.as_str(),
    );
    async move {
        let mut line = Line { start: Instant::now(), status: None, routine };
        let mut response = next.run(request).await;
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        line.status = Some(response.status());
        response
    }
    .instrument(span)
    .await
}

/// The route of a request. The path itself is not logged, nor is its query: people paste secrets into addresses.
fn route(request: &Request) -> &str {
    request.extensions().get::<MatchedPath>().map_or("(no such route)", MatchedPath::as_str)
}

/// The method, if it is one of HTTP's own: clients may send any word.
fn method(request: &Request) -> &str {
    match *request.method() {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS
        | Method::TRACE
        | Method::CONNECT => request.method().as_str(),
        _ => "(other)",
    }
}

/// The line that a request leaves in the log. It is written on drop, because the handler of a client that goes away is
/// dropped at its current await.
struct Line {
    start: Instant,
    status: Option<StatusCode>,
    /// Monitoring asks this all the time, so it is logged at a lower level.
    routine: bool,
}

impl Drop for Line {
    fn drop(&mut self) {
        let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match self.status {
            Some(status) if self.routine => tracing::debug!(status = status.as_u16(), ms, "answered"),
            Some(status) => tracing::info!(status = status.as_u16(), ms, "answered"),
            None => tracing::info!(ms, "the client went away before the answer"),
        }
    }
}

/// An extension of a request that got no slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Busy;

/// The seconds after which a slot may be free.
const BUSY_FOR: u16 = 5;

/// Refuses requests that got no slot, and those that do not name their host once and clearly (RFC 9112 section 3.2):
/// two programs might read two different hosts.
async fn turn_away(request: Request, next: Next) -> Response {
    if request.extensions().get::<Busy>().is_some() {
        let mut error = ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            Problem::new(
                "too_busy",
                "The gateway has as many requests at work, of this address or in all, as it takes.",
                "Send the request again in a moment, and fewer at once.",
            ),
        );
        error.retry_after = Some(BUSY_FOR);
        return error.into_response();
    }
    if let Some(wrong) = wrong_host(&request) {
        let remedy = "Send one Host header with the host of the address, and its port if there is one.";
        return ApiError::new(StatusCode::BAD_REQUEST, Problem::new("bad_host", wrong, remedy))
            .into_response();
    }
    next.run(request).await
}

fn wrong_host(request: &Request) -> Option<&'static str> {
    let mut hosts = request.headers().get_all(header::HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => Some("The request has more than one Host header."),
        (None, None) if request.version() == Version::HTTP_11 => Some("The request has no Host header."),
        (Some(host), None) => {
            let sound =
                |host: &str| host.is_empty() || (!host.contains('@') && host.parse::<Authority>().is_ok());
            let sound = host.to_str().is_ok_and(sound);
            (!sound).then_some("The Host header of the request is not a host.")
        }
        (None, None) => None,
    }
}

/// How clients reach the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// The public address is https, whoever speaks it: then browsers are told to use nothing else.
    Https,
    Http,
}

impl Transport {
    pub fn of(public_url: &Url) -> Self {
        if public_url.scheme() == "https" { Self::Https } else { Self::Http }
    }
}

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Sets the headers that keep browsers and caches from guessing. A handler's own value is kept.
async fn harden(State(transport): State<Transport>, request: Request, next: Next) -> Response {
    let api = is_api(request.uri());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    // Whatever is no page of ours is nothing that a browser should run, load into others, or put into a frame.
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    set(CROSS_ORIGIN_OPENER_POLICY, "same-origin");
    set(CROSS_ORIGIN_RESOURCE_POLICY, "same-origin");
    if transport == Transport::Https {
        // A year, without `includeSubDomains`: what else runs under the operator's domain is not ours to decide.
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if api {
        // Answers of the API hold people's data.
        set(header::CACHE_CONTROL, "no-store");
    }
    response
}

/// Writes the bodies of errors: as a page for browsers, else as a problem. An error of the API that was answered by other code, such as an extractor of axum's
/// own, becomes a problem as well.
async fn explain(State(outages): State<Arc<OutageThrottle>>, request: Request, next: Next) -> Response {
    let api = is_api(request.uri());
    let shows_pages = !api && pages::problem::shows_pages(request.headers());
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let status = response.status();
    let foreign = api && (status.is_client_error() || status.is_server_error()) && !is_problem(&response);
    let mut error = match response.extensions_mut().remove::<ApiError>() {
        Some(error) => error,
        None if foreign => general(status),
        None => return response,
    };
    let Some(id) = id else { return response };
    let (mut parts, _) = response.into_parts();
    // The status of the response counts: a handler may have answered with another than the error's.
    error.status = status;
    error.log(&outages);
    if shows_pages {
        let mut page = pages::problem::of(&error, id.as_str());
        // What the handler has set, such as `Allow`, stays.
        let own = parts.headers.into_iter().filter(|(name, _)| *name != Some(header::CONTENT_TYPE));
        page.headers_mut().extend(own);
        return page;
    }
    let body = error.body(&id);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body))
}

fn is_api(uri: &Uri) -> bool {
    uri.path() == "/v1" || uri.path().starts_with("/v1/")
}

fn is_problem(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == MEDIA_TYPE.as_bytes())
}

/// An error of which only the status is known.
fn general(status: StatusCode) -> ApiError {
    let phrase = status.canonical_reason().unwrap_or("Error");
    let code = phrase.to_ascii_lowercase().replace([' ', '-'], "_").replace('\'', "");
    let detail = format!("The gateway answered: {phrase}.");
    ApiError::new(
        status,
        Problem::new(code, detail, "Compare the request with the API's description at /docs."),
    )
}

async fn no_such_route() -> ApiError {
    ApiError::no_such_route()
}

/// axum adds the `Allow` header.
async fn no_such_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        Problem::new(
            "method_not_allowed",
            "This address does not answer to this method.",
            "Use one of the methods in the Allow header.",
        ),
    )
}

/// The panic hook prints the place and message; this line adds the request.
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    ApiError::internal(format!("a handler panicked: {message}")).into_response()
}
