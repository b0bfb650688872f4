//! A gateway on a socket, and a clock for it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use rollcall::{
    clock::{Ambient, Clock},
    config::{MapSource, Settings},
    http::{self, layers, server},
    store::Store,
};
use tokio::{net::TcpListener, sync::oneshot};

/// A clock that only moves when it is told to.
pub(crate) struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap())))
    }

    pub fn advance(&self, delta: TimeDelta) {
        *self.0.lock().unwrap() += delta;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, time: Duration) -> futures_util::future::BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// A gateway on a socket. It stops when this is dropped.
pub(crate) struct Server {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
}

impl Server {
    pub async fn start(store: &Store, ambient: &Ambient) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let gateway = crate::support::gateway(store.clone(), ambient.clone(), public_url(address));
        let router = http::qbwc::router(gateway, 1 << 32);
        let router = layers::stack(router, ambient.clone(), Duration::from_secs(5));
        let limits = server::Limits::from(&Settings::read(&MapSource::default()).unwrap().http);
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server::run(listener, router, limits, None, async {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop) }
    }

    /// The address of the service.
    pub fn url(&self) -> String {
        format!("{}qbwc", public_url(self.address))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

pub(super) fn public_url(address: SocketAddr) -> url::Url {
    format!("http://localhost:{}", address.port()).parse().unwrap()
}
