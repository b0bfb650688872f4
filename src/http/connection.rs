//! One connection, from its first byte to its last.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{Router, extract::Request};
use http_body_util::BodyExt;
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
    time::{Instant, MissedTickBehavior, interval_at},
};
use tower::ServiceExt;

use super::{
    forwarded,
    server::{Limits, Peer, stopping},
    socket::{Protocol, Socket},
};

/// Bytes of a request's head; names, values and request line together.
const MAX_HEAD: u32 = 64 * 1024;
/// Requests that one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 128;
/// Bytes that may be under way to us unread, for one stream and for the connection: it bounds the memory of a
/// connection, and the speed of an upload over a long line.
const WINDOW: u32 = 1024 * 1024;
/// An HTTP/2 peer that has vanished is found by a ping.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves `router` over `socket` until the peer or `stop` ends it.
pub(super) async fn serve<I>(
    socket: Socket<I>,
    protocol: Protocol,
    router: Router,
    peer: SocketAddr,
    limits: &Limits,
    stop: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Arc::new(Activity::default());
    let service = {
        let (activity, trusted) = (activity.clone(), limits.trusted_proxies.clone());
        service_fn(move |mut request: hyper::Request<Incoming>| {
            let client = forwarded::client(peer, request.headers(), &trusted);
            request.extensions_mut().insert(Peer(client));
            answer(router.clone(), request, activity.clone())
        })
    };
    let io = TokioIo::new(socket);
    let result = match protocol {
        Protocol::Http1 => {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                // Also bounds how long a connection is kept between two requests.
                .header_read_timeout(limits.header_timeout)
                .max_header_size(MAX_HEAD as usize)
                .serve_connection(io, service);
            drive(connection, None, stop).await
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
                .serve_connection(io, service);
            drive(connection, Some((activity, limits.idle_timeout)), stop).await
        }
    };
    if let Err(error) = result {
        // Nearly always the peer's doing: it went away, was too slow, or spoke no HTTP.
        tracing::debug!(%peer, %error, "connection broke off");
    }
}

/// Lets the router answer, and notes that something happens.
async fn answer(
    router: Router,
    request: hyper::Request<Incoming>,
    activity: Arc<Activity>,
) -> Result<hyper::Response<impl hyper::body::Body<Data = bytes::Bytes, Error = axum::Error>>, Infallible> {
    let working = Working::start(&activity);
    let response = router.oneshot(request.map(axum::body::Body::new) as Request).await?;
    drop(working);
    Ok(response.map(|body| {
        body.map_frame(move |frame| {
            activity.steps.fetch_add(1, Relaxed);
            frame
        })
    }))
}

/// Runs `connection` to its end. On `stop` it finishes what is in flight. `idle` ends an HTTP/2 connection on which
/// nothing happens, for its pings keep it alive for ever and hyper has no timeout for it: first with GOAWAY
/// (RFC 9113 section 6.8), and if nothing happens after that either, by closing it.
async fn drive<C: GracefulConnection>(
    connection: C,
    idle: Option<(Arc<Activity>, Duration)>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), C::Error> {
    let mut connection = pin!(connection);
    let quiet = async || match &idle {
        Some((activity, period)) => activity.quiet(*period).await,
        None => std::future::pending().await,
    };
    tokio::select! {
        result = connection.as_mut() => return result,
        () = stopping(&mut stop) => {}
        () = quiet() => {
            connection.as_mut().graceful_shutdown();
            return tokio::select! {
                result = connection => result,
                () = quiet() => Ok(()),
            };
        }
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

/// What has happened on a connection.
#[derive(Default)]
struct Activity {
    /// Handlers at work.
    working: AtomicU64,
    /// Grows with each request and each frame of an answer.
    steps: AtomicU64,
}

impl Activity {
    /// Waits until nothing has happened for a `period`, nor is being worked on.
    async fn quiet(&self, period: Duration) {
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = self.steps.load(Relaxed);
        loop {
            ticks.tick().await;
            let now = self.steps.load(Relaxed);
            if now == before && self.working.load(Relaxed) == 0 {
                return;
            }
            before = now;
        }
    }
}

/// A handler at work; dropped when it has answered or was dropped itself.
struct Working<'a>(&'a Activity);

impl<'a> Working<'a> {
    fn start(activity: &'a Activity) -> Self {
        activity.working.fetch_add(1, Relaxed);
        activity.steps.fetch_add(1, Relaxed);
        Self(activity)
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Relaxed);
    }
}
