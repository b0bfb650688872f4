//! The accept loop. The caller owns the socket and the signal, so a test binds port 0 and runs two gateways in one
//! process.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::Router;
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
    stop::stopping,
    throttle::Throttle,
    tls::{self, ALPN_HTTP2, TlsFiles},
};
use crate::domain::trouble::Trouble;

pub use super::server_limits::Limits;

/// The wait after an accept that failed for want of something, such as file descriptors: they come back when
/// connections end, and asking at once again would only burn the processor.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(500);

/// How often it is looked for answers that nobody takes.
const SWEEP: Duration = Duration::from_secs(1);

/// For the first request of a connection that came where there was no place left: probes ask at once.
const LANE_WAIT: Duration = Duration::from_secs(5);

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
