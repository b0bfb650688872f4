//! Serves one connection, from its first byte to its last.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, Version, header},
    response::Response,
};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};
use tower::ServiceExt;

use super::{
    admission::{Admission, Admitted, ClientConnection, Exchange},
    bodies::{IncomingBody, MinRate, OutgoingBody, SHUTDOWN_WINDOW},
    forwarded,
    layers::Busy,
    operations,
    peer::Peer,
    server_limits::Limits,
    socket::{Protocol, Socket},
    stop::{Stop, stopping},
};

/// Bytes of a request's head; names, values and request line together.
const MAX_HEAD: u32 = 64 * 1024;
/// Bytes that HTTP/1.1 reads ahead.
const READ_AHEAD: usize = 64 * 1024;
/// Requests that one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 128;
/// Bytes that a client may send before they are read, for one stream and for the connection: it bounds the memory of a
/// connection, and the speed of an upload over a long line.
const WINDOW: u32 = 256 * 1024;
/// A connection with more bytes of answers unsent gets no further answer.
const UNSENT: usize = 8 * 1024 * 1024;
/// Pings find an HTTP/2 peer that has vanished.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// What serves a connection.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) router: Router,
    pub(super) peer: SocketAddr,
    pub(super) limits: Arc<Limits>,
    pub(super) admission: Arc<Admission>,
    pub(super) client: Arc<ClientConnection>,
    pub(super) stop: watch::Receiver<bool>,
    /// The time by which its first request must have come.
    pub(super) first_by: Instant,
}

/// Serves `socket` until the peer ends it, the gateway stops, or the connection is evicted.
pub(super) async fn serve<I>(socket: Socket<I>, protocol: Protocol, service: Service)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (peer, limits) = (service.peer, service.limits.clone());
    let answering = {
        let service = service.clone();
        service_fn(move |request| answer(service.clone(), request))
    };
    let io = TokioIo::new(socket);
    let result = match protocol {
        Protocol::Http1 => {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                // Also bounds how long a connection is kept between two requests.
                .header_read_timeout(limits.header_timeout)
                .max_header_size(MAX_HEAD as usize)
                .max_buf_size(READ_AHEAD)
                .serve_connection(io, answering);
            drive(connection, None, &service).await
        }
        Protocol::Http2 => {
            let connection = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(MAX_STREAMS)
                .max_header_list_size(MAX_HEAD)
                .initial_stream_window_size(WINDOW)
                .initial_connection_window_size(WINDOW)
                .keep_alive_interval(PING_INTERVAL)
                .keep_alive_timeout(PING_TIMEOUT)
                .serve_connection(io, answering);
            drive(connection, Some(limits.idle_timeout), &service).await
        }
    };
    if let Err(error) = result {
        // Nearly always the peer is the reason: it went away, was too slow, or spoke no HTTP.
        tracing::debug!(%peer, %error, "connection broke off");
    }
}

/// Answers a request with the router, if it gets a slot.
async fn answer(
    service: Service,
    mut request: hyper::Request<Incoming>,
) -> Result<Response<OutgoingBody<Body>>, Infallible> {
    let Service { router, peer, limits, admission, client, stop, .. } = service;
    let working = ActiveHandler::start(&client);
    let caller = forwarded::client(peer, request.headers(), &limits.trusted_proxies);
    let (version, again) = (request.version(), (request.method().clone(), request.uri().clone()));
    let probe = operations::is_probe(request.uri().path());
    let exchange = if probe { None } else { admission.admit_exchange(&client, caller.ip()).await };
    let served = probe || (exchange.is_some() && !client.probes_only && client.unsent.load(Relaxed) < UNSENT);
    request.extensions_mut().insert(Peer(caller));
    request.extensions_mut().insert(Stop(stop.clone()));
    if !served {
        request.extensions_mut().insert(Busy);
    }
    if let Some(exchange) = &exchange {
        exchange.attach_to(request.extensions_mut());
    }
    let min_rate = MinRate { window: limits.body_timeout, bytes: limits.bytes_a_window() };
    let seat = exchange.as_ref().map(|exchange| exchange.0.clone());
    client.unread.store(false, Relaxed);
    let request =
        request.map(|body| Body::new(IncomingBody::new(body, min_rate, client.clone(), seat, stop)));
    let mut response = tokio::select! {
        response = router.clone().oneshot(request) => response?,
        () = evicted(exchange.as_ref()) => {
            let (method, uri) = again;
            let mut busy = Request::new(Body::empty());
            (*busy.method_mut(), *busy.uri_mut()) = (method, uri);
            busy.extensions_mut().insert(Peer(caller));
            busy.extensions_mut().insert(Busy);
            router.oneshot(busy).await?
        }
    };
    // hyper closes a connection on which a body was left unread: the client is told, or it sends the next request in vain
    // (RFC 9112 section 9.6).
    if (client.probes_only || client.unread.load(Relaxed)) && version < Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    drop(working);
    Ok(response.map(|body| OutgoingBody::new(body, client, exchange)))
}

async fn evicted(exchange: Option<&Admitted<Exchange>>) {
    match exchange {
        Some(exchange) => exchange.0.evicted().await,
        None => std::future::pending().await,
    }
}

/// Runs `connection` until it ends or is evicted.
///
/// When the gateway stops, requests in flight are finished, as long as their bytes move. An HTTP/2 connection is ended
/// when it has been idle for the time `idle`, because its pings keep it alive for ever and hyper has no timeout for it:
/// first with GOAWAY (RFC 9113 section 6.8), and if nothing happens after that either, by closing it.
async fn drive<C: GracefulConnection>(
    connection: C,
    idle: Option<Duration>,
    service: &Service,
) -> Result<(), C::Error> {
    let Service { client, first_by, .. } = service;
    let mut stop = service.stop.clone();
    let mut connection = pin!(connection);
    let idle = async || match idle {
        Some(period) => quiet(client, period).await,
        None => std::future::pending().await,
    };
    let silent = async {
        sleep_until(*first_by).await;
        if client.requests.load(Relaxed) > 0 {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        result = connection.as_mut() => return result,
        () = client.evicted() => return Ok(()),
        () = silent => return Ok(()),
        () = stopping(&mut stop) => {}
        () = idle() => {
            connection.as_mut().graceful_shutdown();
            return tokio::select! {
                result = connection => result,
                () = client.evicted() => Ok(()),
                () = idle() => Ok(()),
            };
        }
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        result = connection => result,
        () = nothing_left(client) => Ok(()),
    }
}

/// Waits until there was no activity for a `period`, and no handler is running.
async fn quiet(client: &ClientConnection, period: Duration) {
    let tick = period / 8;
    let mut ticks = interval_at(Instant::now() + tick, tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut before, mut since) = (client.activity.load(Relaxed), Instant::now());
    loop {
        ticks.tick().await;
        let now = client.activity.load(Relaxed);
        if now != before || client.active_handlers.load(Relaxed) > 0 {
            (before, since) = (now, Instant::now());
        } else if since.elapsed() >= period {
            return;
        }
    }
}

/// Waits, in a gateway that stops, until a connection has nothing left to do: no handler is running, and the client has
/// all of its answer or takes no more of it. Bytes that the client still sends do not count: a handler that waits for
/// them is running, and the minimum rate of the body ends that.
async fn nothing_left(client: &ClientConnection) {
    let (stopped, tick) = (Instant::now(), SHUTDOWN_WINDOW / 8);
    let mut ticks = interval_at(stopped + tick, tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut before, mut since, mut shut) = (client.writes.load(Relaxed), stopped, false);
    loop {
        ticks.tick().await;
        // The client has had a moment to read the end of its answer.
        if shut && stopped.elapsed() >= SHUTDOWN_WINDOW {
            return;
        }
        shut = client.write_shut.load(Relaxed);
        let now = client.writes.load(Relaxed);
        if now != before || client.active_handlers.load(Relaxed) > 0 {
            (before, since) = (now, Instant::now());
        } else if since.elapsed() >= SHUTDOWN_WINDOW {
            return;
        }
    }
}

/// Counts a handler as running; dropped when the handler has answered or was dropped itself.
struct ActiveHandler(Arc<ClientConnection>);

impl ActiveHandler {
    fn start(client: &Arc<ClientConnection>) -> Self {
        client.requests.fetch_add(1, Relaxed);
        client.active_handlers.fetch_add(1, Relaxed);
        client.touch();
        Self(Arc::clone(client))
    }
}

impl Drop for ActiveHandler {
    fn drop(&mut self) {
        self.0.active_handlers.fetch_sub(1, Relaxed);
        self.0.touch();
    }
}
