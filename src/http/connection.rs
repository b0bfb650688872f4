//! One connection, from its first byte to its last.

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
    door::{Door, Guest, Seated, Visit},
    forwarded,
    layers::Busy,
    operations,
    pace::{LAST_WAIT, Outgoing, Pace, Paced},
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
/// Bytes that may be under way to us unread, for one stream and for the connection: it bounds the memory of a
/// connection, and the speed of an upload over a long line.
const WINDOW: u32 = 256 * 1024;
/// Bytes of answers that a connection has not taken, beyond which it gets no more of them.
const UNSENT: usize = 8 * 1024 * 1024;
/// An HTTP/2 peer that has vanished is found by a ping.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// What a connection is served with.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) router: Router,
    pub(super) peer: SocketAddr,
    pub(super) limits: Arc<Limits>,
    pub(super) door: Arc<Door>,
    pub(super) guest: Arc<Guest>,
    pub(super) stop: watch::Receiver<bool>,
    /// When its first request must be there.
    pub(super) first_by: Instant,
}

/// Serves `socket` until the peer, the gateway's end or the need for room ends it.
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
        // Nearly always the peer's doing: it went away, was too slow, or spoke no HTTP.
        tracing::debug!(%peer, %error, "connection broke off");
    }
}

/// Lets the router answer, where there is a place for the request.
async fn answer(
    service: Service,
    mut request: hyper::Request<Incoming>,
) -> Result<Response<Outgoing<Body>>, Infallible> {
    let Service { router, peer, limits, door, guest, stop, .. } = service;
    let working = Working::start(&guest);
    let client = forwarded::client(peer, request.headers(), &limits.trusted_proxies);
    let (version, again) = (request.version(), (request.method().clone(), request.uri().clone()));
    let probe = operations::is_probe(request.uri().path());
    let visit = if probe { None } else { door.visit(&guest, client.ip()).await };
    let taken = probe || (visit.is_some() && !guest.lane && guest.unsent.load(Relaxed) < UNSENT);
    request.extensions_mut().insert(Peer(client));
    request.extensions_mut().insert(Stop(stop.clone()));
    if !taken {
        request.extensions_mut().insert(Busy);
    }
    if let Some(visit) = &visit {
        visit.introduce(request.extensions_mut());
    }
    let pace = Pace { window: limits.body_timeout, bytes: limits.bytes_a_window() };
    let seat = visit.as_ref().map(|visit| visit.0.clone());
    guest.unread.store(false, Relaxed);
    let request = request.map(|body| Body::new(Paced::new(body, pace, guest.clone(), seat, stop)));
    let mut response = tokio::select! {
        response = router.clone().oneshot(request) => response?,
        () = sent_away(visit.as_ref()) => {
            let (method, uri) = again;
            let mut busy = Request::new(Body::empty());
            (*busy.method_mut(), *busy.uri_mut()) = (method, uri);
            busy.extensions_mut().insert(Peer(client));
            busy.extensions_mut().insert(Busy);
            router.oneshot(busy).await?
        }
    };
    if guest.lane && version < Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    drop(working);
    Ok(response.map(|body| Outgoing::new(body, guest, visit)))
}

async fn sent_away(visit: Option<&Seated<Visit>>) {
    match visit {
        Some(visit) => visit.0.sent_away().await,
        None => std::future::pending().await,
    }
}

/// Runs `connection` to its end, or until it has to make room.
///
/// When the gateway stops it finishes what is in flight, as long as that moves. `idle` ends an HTTP/2 connection on which
/// nothing happens, for its pings keep it alive for ever and hyper has no timeout for it: first with GOAWAY
/// (RFC 9113 section 6.8), and if nothing happens after that either, by closing it.
async fn drive<C: GracefulConnection>(
    connection: C,
    idle: Option<Duration>,
    service: &Service,
) -> Result<(), C::Error> {
    let Service { guest, first_by, .. } = service;
    let mut stop = service.stop.clone();
    let mut connection = pin!(connection);
    let idle = async || match idle {
        Some(period) => quiet(guest, period).await,
        None => std::future::pending().await,
    };
    let silent = async {
        sleep_until(*first_by).await;
        if guest.requests.load(Relaxed) > 0 {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        result = connection.as_mut() => return result,
        () = guest.sent_away() => return Ok(()),
        () = silent => return Ok(()),
        () = stopping(&mut stop) => {}
        () = idle() => {
            connection.as_mut().graceful_shutdown();
            return tokio::select! {
                result = connection => result,
                () = guest.sent_away() => Ok(()),
                () = idle() => Ok(()),
            };
        }
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        result = connection => result,
        () = nothing_left(guest) => Ok(()),
    }
}

/// Waits until nothing has happened for a `period`, nor is being worked on.
async fn quiet(guest: &Guest, period: Duration) {
    let tick = period / 8;
    let mut ticks = interval_at(Instant::now() + tick, tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut before, mut since) = (guest.steps.load(Relaxed), Instant::now());
    loop {
        ticks.tick().await;
        let now = guest.steps.load(Relaxed);
        if now != before || guest.working.load(Relaxed) > 0 {
            (before, since) = (now, Instant::now());
        } else if since.elapsed() >= period {
            return;
        }
    }
}

/// Waits, in a gateway that stops, until nothing is left to do for a connection: no handler is at work, and the client takes
/// no more of an answer or has all of it. What it still sends does not count: a handler that waits for it is at work, and
/// the pace of its body ends that.
async fn nothing_left(guest: &Guest) {
    let (stopped, tick) = (Instant::now(), LAST_WAIT / 8);
    let mut ticks = interval_at(stopped + tick, tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut before, mut since, mut shut) = (guest.taken.load(Relaxed), stopped, false);
    loop {
        ticks.tick().await;
        // It has had a moment to read the end of its answer.
        if shut && stopped.elapsed() >= LAST_WAIT {
            return;
        }
        shut = guest.shut.load(Relaxed);
        let now = guest.taken.load(Relaxed);
        if now != before || guest.working.load(Relaxed) > 0 {
            (before, since) = (now, Instant::now());
        } else if since.elapsed() >= LAST_WAIT {
            return;
        }
    }
}

/// A handler at work; dropped when it has answered or was dropped itself.
struct Working(Arc<Guest>);

impl Working {
    fn start(guest: &Arc<Guest>) -> Self {
        guest.requests.fetch_add(1, Relaxed);
        guest.working.fetch_add(1, Relaxed);
        guest.stir();
        Self(Arc::clone(guest))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Relaxed);
        self.0.stir();
    }
}
