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
    admission::Admission,
    connection::{Service, serve},
    log_throttle::LogThrottle,
    socket::{Protocol, Socket, tell_protocol},
    stop::stopping,
    tls::{self, ALPN_HTTP2, TlsFiles},
};
use crate::domain::outage::Outage;

pub use super::server_limits::Limits;

/// The wait after an accept that failed for lack of something, such as file descriptors: connections that end free
/// them, and trying again at once would only burn the processor.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(500);

/// How often answers that no client takes are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// The time for the first request of a connection that took a slot for probes: probes send it at once.
const PROBE_WAIT: Duration = Duration::from_secs(5);

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
    let admission = Admission::new(limits.max_connections, limits.max_connections_per_address);
    let log_throttle = Arc::new(LogThrottle::default());
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let mut sweep = interval(SWEEP);
    let mut outage = Outage::default();
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut shutdown => break,
            _ = sweep.tick() => {
                admission.end_stalled(limits.write_timeout);
                continue;
            }
            accepted = accept(&listener, &mut outage) => accepted,
        };
        // Removes the connections that have ended. A panic of one was printed, and does not concern the others.
        while connections.try_join_next().is_some() {}
        let (router, limits, stop) = (router.clone(), limits.clone(), stopped.clone());
        let (admission, tls, log_throttle) = (admission.clone(), tls.clone(), log_throttle.clone());
        connections.spawn(async move {
            // Without a slot the connection is closed: there is no memory to say why.
            if let Some(admitted) =
                admission.admit_connection(peer.ip(), limits.trusted_proxies.contains(peer.ip())).await
            {
                let client = admitted.0.clone();
                let wait = limits.first_request_timeout;
                let first_by = Instant::now() + if client.probes_only { wait.min(PROBE_WAIT) } else { wait };
                greet(
                    stream,
                    Service { router, peer, limits, admission, client, stop, first_by },
                    tls,
                    &log_throttle,
                )
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

async fn accept(listener: &TcpListener, outage: &mut Outage) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => {
                if let Some(lasted) = outage.recovered(std::time::Instant::now()) {
                    tracing::info!(seconds = lasted.as_secs(), "connections are accepted again");
                }
                return accepted;
            }
            // The client was gone again: nothing is wrong here.
            Err(error) if is_of_peer(&error) => {}
            Err(error) => {
                if let Some(lasted) = outage.failed(std::time::Instant::now()) {
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

/// Finds out which protocol `stream` speaks, and serves it.
async fn greet(
    mut stream: TcpStream,
    service: Service,
    tls: Option<Arc<TlsFiles>>,
    log_throttle: &LogThrottle,
) {
    // Answers are written whole: waiting to fill a packet only delays them. An error means that the peer is gone,
    // which the next read finds.
    let _ = stream.set_nodelay(true);
    let (stall, client) = (service.limits.write_timeout, service.client.clone());
    if let Some(files) = tls {
        let handshake = TlsAcceptor::from(files.config()).accept(stream);
        let stream = match in_time(&service, handshake).await {
            Ok(stream) => stream,
            Err(error) => {
                if let Some(error) = error {
                    tls::tell_failure(service.peer.ip(), &error, log_throttle);
                }
                return;
            }
        };
        let protocol = match stream.get_ref().1.alpn_protocol() {
            Some(ALPN_HTTP2) => Protocol::Http2,
            _ => Protocol::Http1,
        };
        serve(Socket::new(Bytes::new(), stream, stall, client), protocol, service).await;
    } else {
        // HTTP/2 with prior knowledge, RFC 9113 section 3.3.
        let Ok((protocol, start)) = in_time(&service, tell_protocol(&mut stream)).await else { return };
        if !start.is_empty() {
            serve(Socket::new(start, stream, stall, client), protocol, service).await;
        }
    }
}

/// The result of `beginning`, the first bytes of a connection.
///
/// # Errors
/// That of `beginning`; `None` if it took too long, the connection was evicted, or the gateway stops.
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
        () = service.client.evicted() => None,
        () = stopping(&mut stop) => None,
    };
    tracing::debug!(peer = %service.peer, error = failed.as_ref().map(tracing::field::display), "connection did not begin");
    Err(failed)
}
