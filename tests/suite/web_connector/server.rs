//! A gateway on a socket.

use std::net::SocketAddr;

use rollcall::{
    clock::Ambient,
    config::{MapSource, Settings},
    connectors::outbound::Timeouts,
    http::{self, Gateway, layers, server},
    store::Store,
    sync::source_access::SourceAccess,
};
use tokio::{net::TcpListener, sync::oneshot};

use crate::support::sources;

/// A gateway on a socket. It stops when this is dropped.
pub(crate) struct Server {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
}

impl Server {
    pub async fn start(store: &Store, ambient: &Ambient) -> Self {
        Self::start_with(store, ambient, 1 << 32).await
    }

    /// With a bound of its own for the bodies of calls, in bytes.
    pub async fn start_with(store: &Store, ambient: &Ambient, max_body: u64) -> Self {
        Self::start_within(store, ambient, max_body, |_| {}).await
    }

    /// With other limits as well.
    pub async fn start_within(
        store: &Store,
        ambient: &Ambient,
        max_body: u64,
        change: impl FnOnce(&mut server::Limits),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sources = sources(store, ambient, Timeouts::default());
        let gateway = Gateway::new(SourceAccess { public_url: public_url(address), ..sources });
        let router = http::qbwc::router(gateway, max_body);
        let router = layers::stack(router, ambient.clone(), layers::Transport::Http);
        let mut limits = server::Limits::from(&Settings::read(&MapSource::default()).unwrap().http);
        change(&mut limits);
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
