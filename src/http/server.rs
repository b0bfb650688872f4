//! The accept loop. The caller owns the socket and the signal, so a test binds port 0 and runs two gateways in one
//! process.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use bytes::Bytes;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    connection::serve,
    socket::{Protocol, Socket, tell_protocol},
    tls::{ALPN_HTTP2, TlsFiles},
};
use crate::config::{HttpSettings, TrustedProxies};

/// The wait after an accept that failed for want of something, such as file descriptors: they come back when
/// connections end, and asking at once again would only burn the processor.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(500);

/// What the loop puts up with.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Whose word counts about where a request comes from.
    pub trusted_proxies: Arc<TrustedProxies>,
    /// Open connections; at the cap the loop stops accepting, and new ones wait in the kernel's queue.
    pub max_connections: usize,
    /// For a TLS handshake, and then for the head of each request: else silent clients would hold every slot.
    /// An HTTP/1.1 connection is kept this long between two requests.
    pub header_timeout: Duration,
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
            header_timeout: settings.header_timeout,
            // Longer than any answer of the API takes, so that only what is really idle is closed.
            idle_timeout: settings.request_timeout,
            write_timeout: settings.body_timeout,
            shutdown_grace: settings.shutdown_grace,
        }
    }
}

/// The client's address, an extension of every request: behind a trusted proxy that which the proxy tells, else the
/// other end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

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
    let slots = Arc::new(Semaphore::new(limits.max_connections.min(Semaphore::MAX_PERMITS)));
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (slot, stream, peer) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        // Forget those that ended. A panic of one has been printed, and is no concern of the others.
        while connections.try_join_next().is_some() {}
        let (router, limits, tls, stopped) = (router.clone(), limits.clone(), tls.clone(), stopped.clone());
        connections.spawn(async move {
            greet(stream, peer, router, &limits, tls, stopped).await;
            drop(slot);
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

/// The next connection, once there is a slot for it.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, TcpStream, SocketAddr) {
    // The semaphore is never closed.
    let slot = slots.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (slot, stream, peer),
            // The client was gone again before we looked: nothing is wrong here.
            Err(error) if is_of_peer(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections; trying again");
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
async fn greet(
    mut stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: &Limits,
    tls: Option<Arc<TlsFiles>>,
    mut stop: watch::Receiver<bool>,
) {
    // Answers are written whole: waiting to fill a packet only delays them. An error means that the peer is gone,
    // which the next read finds.
    let _ = stream.set_nodelay(true);
    let stall = limits.write_timeout;
    if let Some(files) = tls {
        let handshake = TlsAcceptor::from(files.config()).accept(stream);
        let Some(stream) = in_time(peer, limits, &mut stop, handshake).await else { return };
        let protocol = match stream.get_ref().1.alpn_protocol() {
            Some(ALPN_HTTP2) => Protocol::Http2,
            _ => Protocol::Http1,
        };
        serve(Socket::new(Bytes::new(), stream, stall), protocol, router, peer, limits, stop).await;
    } else {
        // HTTP/2 with prior knowledge, RFC 9113 section 3.3.
        let told = in_time(peer, limits, &mut stop, tell_protocol(&mut stream)).await;
        let Some((protocol, start)) = told.filter(|(_, start)| !start.is_empty()) else { return };
        serve(Socket::new(start, stream, stall), protocol, router, peer, limits, stop).await;
    }
}

/// What `beginning` comes to, unless it fails, takes longer than a head may, or the gateway stops.
async fn in_time<T>(
    peer: SocketAddr,
    limits: &Limits,
    stop: &mut watch::Receiver<bool>,
    beginning: impl Future<Output = io::Result<T>>,
) -> Option<T> {
    let error = tokio::select! {
        result = timeout(limits.header_timeout, beginning) => match result {
            Ok(Ok(begun)) => return Some(begun),
            Ok(Err(error)) => error,
            Err(elapsed) => elapsed.into(),
        },
        () = stopping(stop) => return None,
    };
    tracing::debug!(%peer, %error, "connection did not begin");
    None
}

/// Returns when the gateway stops.
pub(super) async fn stopping(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}
