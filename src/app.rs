//! The wiring of the process: settings → database → router and workers.
//!
//! The caller owns the socket and the signal, so that a test binds port 0 and runs two gateways in one process.

use std::{io, sync::Arc};

use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
};
use url::Url;

use crate::{
    clock::Ambient,
    config::{self, DatabaseSettings, HttpSettings, SecretSettings, Settings},
    connectors::outbound::{Outbound, OutboundError, Timeouts},
    domain::ids::new_id,
    http::{
        Gateway,
        router::router,
        server::{self, Limits},
        tls::{TlsError, TlsFiles},
    },
    store::{self, Store},
    sync::{
        gateways::Alive,
        inbox::{self, Desk},
        poll::Reach,
        retention::Kept,
        vault::{KeySource, Vault, VaultError},
    },
    workers::{self, poll::Polling},
};

/// Why the gateway does not run.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the public address {url:?} cannot be used: {source}")]
    PublicUrl { url: String, source: url::ParseError },
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs a gateway on `listener` until `shutdown` is done.
///
/// # Errors
/// What keeps it from starting; once it serves it ends only by `shutdown`.
pub async fn run(
    settings: Settings,
    ambient: Ambient,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), AppError> {
    let store = open(&settings.database)?;
    serve(store, &settings, ambient, listener, shutdown).await
}

/// Opens the database and brings its tables up to date.
///
/// # Errors
/// A database that cannot be opened, or that a newer version made.
pub fn open(settings: &DatabaseSettings) -> Result<Store, AppError> {
    let store = Store::open(settings.url.reveal())?;
    let migrated = store.migrate()?;
    if !migrated.applied.is_empty() {
        tracing::info!(
            applied = migrated.applied.join(", "),
            "the tables of the database were brought up to date"
        );
    }
    Ok(store)
}

/// The vault that the settings describe. It reads no file yet.
pub fn vault(settings: &SecretSettings, ambient: &Ambient) -> Vault {
    let source = match &settings.keys {
        Some(keys) => KeySource::Given(keys.clone()),
        None => KeySource::File(settings.key_file.clone()),
    };
    Vault::new(source, ambient.entropy.clone())
}

/// As [`run`], over a database that is open already.
///
/// # Errors
/// As [`run`].
pub async fn serve(
    store: Store,
    settings: &Settings,
    ambient: Ambient,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), AppError> {
    let address = listener.local_addr()?;
    let public_url = public_url(&settings.http, address.port())?;
    let tls = settings.http.tls.clone().map(TlsFiles::load).transpose()?.map(Arc::new);
    let vault = vault(&settings.secrets, &ambient);
    // Now rather than with the first secret: an operator sees the key file, and a mistake, when it starts.
    let (ready, now) = (vault.clone(), ambient.now());
    store.write(move |db| ready.ready(db, now)).await?;
    let reach = Reach {
        store: store.clone(),
        ambient: ambient.clone(),
        vault,
        outbound: Outbound::new(Timeouts::default())?,
        public_url,
        lease_for: settings.polling.lease,
    };
    let mut gateway = Gateway::new(reach.clone());
    gateway.inbox = gateway.inbox.sealing(gateway.vault.clone(), settings.webhooks.sealed);
    let name = new_id("gw", ambient.now(), ambient.entropy.bytes());
    let alive = Alive::new(&store, &name);
    // Before anybody looks for work: the start after a kill goes on at once.
    alive.bury(&store).await?;
    let polling = Polling {
        reach,
        wake: Arc::clone(&gateway.wake),
        gateway: name,
        alive,
        at_once: settings.polling.at_once,
    };
    let arrived = gateway.inbox.arrived();
    let desk = Desk {
        store: store.clone(),
        ambient: ambient.clone(),
        fetch: Arc::new(gateway.reach.clone()),
        vault: gateway.vault.clone(),
        gateway: polling.gateway.clone(),
        lease_for: settings.polling.lease,
        turn: inbox::TURN,
        places: Arc::new(Semaphore::new(inbox::PLACES)),
        polls: Arc::clone(&gateway.wake),
    };
    let router = router(gateway, &settings.http);
    let config::RetentionSettings { changes, runs, versions } = settings.retention;
    let kept = Kept { changes, runs, versions };
    let (stop, stopped) = watch::channel(false);
    let mut beside = JoinSet::new();
    beside.spawn(workers::backlog::run(store.clone(), ambient.clone(), stopped.clone()));
    beside.spawn(workers::watch::run(store.clone(), stopped.clone()));
    beside.spawn(workers::sweep::run(store, ambient, settings.webhooks.retention, kept, stopped.clone()));
    beside.spawn(workers::inbox::run(desk, arrived, stopped.clone()));
    beside.spawn(workers::poll::run(polling, stopped.clone()));
    #[cfg(unix)]
    if let Some(tls) = tls.clone() {
        // A gateway that cannot hear SIGHUP still serves; only the reload is lost.
        let mut stopped = stopped.clone();
        beside.spawn(async move {
            tokio::select! {
                result = tls.reload_on_hangup() => if let Err(error) = result {
                    tracing::error!(%error, "cannot listen for SIGHUP: the certificate is loaded only at the start");
                },
                _ = stopped.wait_for(|stop| *stop) => {}
            }
        });
    }
    tracing::info!(%address, "serving");
    let stopping = async {
        shutdown.await;
        tracing::info!("stopping: no new connections, requests in flight are finished");
    };
    server::run(listener, router, Limits::from(&settings.http), tls, stopping).await;
    // After the last request: what a worker does then cannot be undone by one.
    stop.send_replace(true);
    while beside.join_next().await.is_some() {}
    tracing::info!("stopped");
    Ok(())
}

/// The address that others use: what was set, or localhost and the port that was bound.
///
/// # Errors
/// A setting that is no address.
fn public_url(settings: &HttpSettings, port: u16) -> Result<Url, AppError> {
    let url = match &settings.public_url {
        Some(url) => return Ok(url.clone()),
        None => format!("{}://localhost:{port}", if settings.tls.is_some() { "https" } else { "http" }),
    };
    Url::parse(&url).map_err(|source| AppError::PublicUrl { url, source })
}
