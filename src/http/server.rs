//! The accept loop. The caller owns the socket and the signal, so a test binds port 0 and runs two gateways in one
//! process.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Router, http::Extensions};
use bytes::Bytes;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, interval, sleep, timeout, timeout_at},
};
use tokio_rustls::TlsAcceptor;

use super::{
    connection::{Service, serve},
    door::Door,
    socket::{Protocol, Socket, tell_protocol},
    throttle::Throttle,
    tls::{self, ALPN_HTTP2, TlsFiles},
};
use crate::{
    config::{HttpSettings, TrustedProxies},
    domain::trouble::Trouble,
};

/// The wait after an accept that failed for want of something, such as file descriptors: they come back when
/// connections end, and asking at once again would only burn the processor.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(500);

/// How often it is looked for answers that nobody takes.
const SWEEP: Duration = Duration::from_secs(1);

/// For the first request of a connection that came where there was no place left: probes ask at once.
const LANE_WAIT: Duration = Duration::from_secs(5);

/// What the loop puts up with.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Whose word counts about where a request comes from.
    pub trusted_proxies: Arc<TrustedProxies>,
    /// Open connections, and requests at once. Where there are as many, those that move least make room.
    pub max_connections: usize,
    /// Of these, those of one address.
    pub max_connections_per_address: usize,
    /// From the beginning of a connection to the end of its first request's head, TLS included.
    pub first_request_timeout: Duration,
    /// For the head of each other request: an HTTP/1.1 connection is kept this long between two of them.
    pub header_timeout: Duration,
    /// The time over which the pace of a request's body is averaged.
    pub body_timeout: Duration,
    /// Bytes a second that a request's body must come with.
    pub min_body_rate: u64,
    /// How long an HTTP/2 connection is kept on which nothing happens.
    pub idle_timeout: Duration,
    /// The longest wait for a client to take bytes of an answer.
    pub write_timeout: Duration,
    /// What requests in flight get at shutdown.
    pub shutdown_grace: Duration,
}

impl From<&HttpSettings> for Limits {
    fn from(settings: &HttpSettings) -> Self {
        Self {
            trusted_proxies: Arc::new(settings.trusted_proxies.clone()),
            max_connections: settings.max_connections,
            max_connections_per_address: settings.max_connections_per_address,
            first_request_timeout: settings.first_request_timeout,
            header_timeout: settings.header_timeout,
            body_timeout: settings.body_timeout,
            min_body_rate: settings.min_body_rate,
            // Longer than any answer of the API takes, so that only what is really idle is closed.
            idle_timeout: settings.request_timeout,
            write_timeout: settings.body_timeout,
            shutdown_grace: settings.shutdown_grace,
        }
    }
}

impl Limits {
    /// Bytes of a request's body in each [`Limits::body_timeout`].
    pub(super) fn bytes_a_window(&self) -> u64 {
        let millis = u64::try_from(self.body_timeout.as_millis()).unwrap_or(u64::MAX);
        (self.min_body_rate.saturating_mul(millis) / 1000).max(1)
    }
}

/// The client's address, an extension of every request: behind a trusted proxy that which the proxy tells, else the
/// other end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// When the gateway stops: an extension of every request, for answers that wait for something.
#[derive(Debug, Clone)]
pub struct Stop(pub(super) watch::Receiver<bool>);

impl Stop {
    /// Returns when the gateway stops; never for a request that came through no server.
    pub async fn stopped(stop: Option<Self>) {
        match stop {
            Some(Self(mut stop)) => stopping(&mut stop).await,
            None => std::future::pending().await,
        }
    }
}

/// The client's address, of a request with these extensions. One that came through no server has none.
pub(super) fn caller(extensions: &Extensions) -> IpAddr {
    extensions.get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |Peer(peer)| peer.ip())
}

/// Serves `router` on `listener` until `shutdown` is done; then takes no more connections, finishes the requests in
/// flight within the grace, and closes what is left.
pub async fn run(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    tls: Option<Arc<TlsFiles>>,
    shutdown: impl Future<Output = ()>,
) {
    let limits = Arc::new(limits);
    let door = Door::new(limits.max_connections, limits.max_connections_per_address);
    let told = Arc::new(Throttle::default());
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let mut sweep = interval(SWEEP);
    let mut trouble = Trouble::default();
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut shutdown => break,
            _ = sweep.tick() => {
                door.end_stalled(limits.write_timeout);
                continue;
            }
            accepted = accept(&listener, &mut trouble) => accepted,
        };
        // Forget those that ended. A panic of one has been printed, and is no concern of the others.
        while connections.try_join_next().is_some() {}
        let (router, limits, stop) = (router.clone(), limits.clone(), stopped.clone());
        let (door, tls, told) = (door.clone(), tls.clone(), told.clone());
        connections.spawn(async move {
            // Without a place it is closed: there is not even room to say why.
            if let Some(seat) = door.enter(peer.ip(), limits.trusted_proxies.contains(peer.ip())).await {
                let guest = seat.0.clone();
                let wait = limits.first_request_timeout;
                let first_by = Instant::now() + if guest.lane { wait.min(LANE_WAIT) } else { wait };
                greet(stream, Service { router, peer, limits, door, guest, stop, first_by }, tls, &told)
                    .await;
            }
        });
    }
    drop(listener);
    stop.send_replace(true);
    let drained = timeout(limits.shutdown_grace, async { while connections.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!(connections = connections.len(), "closing connections that did not finish in time");
        connections.shutdown().await;
    }
}

async fn accept(listener: &TcpListener, trouble: &mut Trouble) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => {
                if let Some(lasted) = trouble.over(std::time::Instant::now()) {
                    tracing::info!(seconds = lasted.as_secs(), "connections are accepted again");
                }
                return accepted;
            }
            // The client was gone again before we looked: nothing is wrong here.
            Err(error) if is_of_peer(&error) => {}
            Err(error) => {
                if let Some(lasted) = trouble.met(std::time::Instant::now()) {
                    tracing::error!(%error, seconds = lasted.as_secs(), "cannot accept connections; trying again");
                }
                sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

fn is_of_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Finds out what `stream` speaks, and serves it.
async fn greet(mut stream: TcpStream, service: Service, tls: Option<Arc<TlsFiles>>, told: &Throttle) {
    // Answers are written whole: waiting to fill a packet only delays them. An error means that the peer is gone,
    // which the next read finds.
    let _ = stream.set_nodelay(true);
    let (stall, guest) = (service.limits.write_timeout, service.guest.clone());
    if let Some(files) = tls {
        let handshake = TlsAcceptor::from(files.config()).accept(stream);
        let stream = match in_time(&service, handshake).await {
            Ok(stream) => stream,
            Err(error) => {
                if let Some(error) = error {
                    tls::tell_failure(service.peer.ip(), &error, told);
                }
                return;
            }
        };
        let protocol = match stream.get_ref().1.alpn_protocol() {
            Some(ALPN_HTTP2) => Protocol::Http2,
            _ => Protocol::Http1,
        };
        serve(Socket::new(Bytes::new(), stream, stall, guest), protocol, service).await;
    } else {
        // HTTP/2 with prior knowledge, RFC 9113 section 3.3.
        let Ok((protocol, start)) = in_time(&service, tell_protocol(&mut stream)).await else { return };
        if !start.is_empty() {
            serve(Socket::new(start, stream, stall, guest), protocol, service).await;
        }
    }
}

/// What `beginning` comes to.
///
/// # Errors
/// Its own; none where it took too long, had to make room, or the gateway stops.
async fn in_time<T>(
    service: &Service,
    beginning: impl Future<Output = io::Result<T>>,
) -> Result<T, Option<io::Error>> {
    let mut stop = service.stop.clone();
    let failed = tokio::select! {
        result = timeout_at(service.first_by, beginning) => match result {
            Ok(Ok(begun)) => return Ok(begun),
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        },
        () = service.guest.sent_away() => None,
        () = stopping(&mut stop) => None,
    };
    tracing::debug!(peer = %service.peer, error = failed.as_ref().map(tracing::field::display), "connection did not begin");
    Err(failed)
}

/// Returns when the gateway stops.
pub(super) async fn stopping(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}
