//! The wiring of the process: settings → database → router and workers.
//!
//! The caller owns the socket and the signal, so that a test binds port 0 and runs two gateways in one process.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    time::timeout,
};
use url::Url;

use crate::{
    clock::Ambient,
    config::{self, DatabaseSettings, HttpSettings, SecretSettings, Settings},
    connectors::{
        identity::Providers,
        mail::{MailError, Mailer},
        outbound::{Outbound, OutboundError, Timeouts},
    },
    domain::ids::new_id,
    http::{
        self, Gateway,
        router::routers,
        server::{self, Limits},
        tls::TlsError,
    },
    store::{self, Store},
    sync::{
        audit::checkpoints::Checkpoints,
        feed,
        gateways::Alive,
        inbox::{self, InboxProcessor},
        retention::Kept,
        shared_clock::SharedClock,
        source_access::SourceAccess,
        vault::{KeySource, Vault, VaultError},
    },
    workers::{self, Crew, board::Workers, inbox::Inboxes, poll::Polling},
};

/// How long a gateway that stops tries to write the last checkpoints of the audit.
const CHECKPOINT_PATIENCE: Duration = Duration::from_secs(2);

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
    #[error("the gateway cannot listen for /metrics on {listen}: {source}")]
    MetricsListen { listen: String, source: io::Error },
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error(transparent)]
    Mail(#[from] MailError),
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

pub use crate::http::tls::TlsFiles;

/// The description of the API that a gateway serves.
pub fn openapi() -> utoipa::openapi::OpenApi {
    http::router::openapi()
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
    prepare(store, settings, ambient, address).await?.serve(listener, shutdown).await;
    Ok(())
}

/// A gateway that has all it needs: only the listening is left.
pub struct Prepared {
    limits: Limits,
    tls: Option<Arc<TlsFiles>>,
    router: Router,
    /// Where the figures have an address of their own.
    figures: Option<(TcpListener, Router)>,
    store: Store,
    ambient: Ambient,
    checkpoints: Checkpoints,
    workers: Workers,
    crew: Crew,
    public_url: Url,
}

/// Does all that may keep a gateway from starting. `address` is where it will listen.
///
/// # Errors
/// What keeps it from starting.
pub async fn prepare(
    store: Store,
    settings: &Settings,
    ambient: Ambient,
    address: SocketAddr,
) -> Result<Prepared, AppError> {
    let public_url = public_url(&settings.http, address.port())?;
    let tls = settings.http.tls.clone().map(TlsFiles::load).transpose()?.map(Arc::new);
    let (ambient, clock) = SharedClock::of(&store, ambient).await?;
    let vault = vault(&settings.secrets, &ambient);
    // Now rather than with the first secret: an operator sees the key file, and a mistake, when it starts.
    store.set_audit_keys(vault.for_audit());
    let (ready, now) = (vault.clone(), ambient.now());
    store.write(move |db| ready.ready(db, now)).await?;
    // So that reading the feed never has to write.
    feed::ensure_epoch(&store, &ambient).await?;
    let sources = SourceAccess {
        store: store.clone(),
        ambient: ambient.clone(),
        vault,
        outbound: Outbound::new(Timeouts::default())?,
        public_url,
        lease_for: settings.polling.lease,
    };
    let mut gateway = Gateway::new(sources.clone());
    gateway.pages = Arc::new(settings.pages.clone());
    gateway.mailer = settings.mail.server.as_ref().map(Mailer::new).transpose()?;
    let callback = http::oidc::callback_address(&gateway.public_url);
    gateway.identity = Providers::new(&gateway.sources.outbound, settings.oidc.clone(), &callback);
    gateway.inbox = gateway.inbox.sealing(gateway.vault.clone(), settings.webhooks.sealed);
    let name = new_id("gw", ambient.now(), ambient.entropy.bytes());
    let alive = Alive::new(&store, &name);
    // Before anybody looks for work: the start after a kill goes on at once.
    alive.bury(&store).await?;
    let polling = Polling {
        sources,
        wake: Arc::clone(&gateway.wake),
        gateway: name.clone(),
        at_once: settings.polling.at_once,
    };
    let processor = InboxProcessor {
        store: store.clone(),
        ambient: ambient.clone(),
        fetch: Arc::new(gateway.sources.clone()),
        vault: gateway.vault.clone(),
        gateway: name.clone(),
        lease_for: settings.polling.lease,
        turn: inbox::TURN,
        slots: Arc::new(Semaphore::new(inbox::SLOTS)),
        traffic: gateway.inbox.traffic(),
        polls: Arc::clone(&gateway.wake),
    };
    let workers = gateway.workers.clone();
    let checkpoints = Checkpoints::new(settings.audit.checkpoint_file.clone());
    let config::RetentionSettings { changes, runs, versions } = settings.retention;
    let crew = Crew {
        store: store.clone(),
        ambient: ambient.clone(),
        clock,
        gateway: name,
        alive,
        inboxes: Inboxes { processor, arrived: gateway.inbox.arrived() },
        polling,
        webhooks: settings.webhooks.retention,
        kept: Kept { changes, runs, versions, audit: settings.audit.retention },
        checkpoints: checkpoints.clone(),
        workers: workers.clone(),
    };
    let public_url = gateway.public_url.clone();
    let (router, figures) = routers(gateway, &settings.http);
    let figures = match (&settings.http.metrics_listen, figures) {
        (Some(listen), Some(figures)) => Some((listen_for_figures(listen).await?, figures)),
        _ => None,
    };
    Ok(Prepared {
        limits: Limits::from(&settings.http),
        tls,
        router,
        figures,
        store,
        ambient,
        checkpoints,
        workers,
        crew,
        public_url,
    })
}

impl Prepared {
    /// Where the figures are told, if that is an address of their own; with the port that was taken for port 0.
    pub fn figures_address(&self) -> Option<SocketAddr> {
        self.figures.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// The address that others use.
    pub fn public_url(&self) -> &Url {
        &self.public_url
    }

    /// Serves until `shutdown` is done.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let (stop, stopped) = watch::channel(false);
        let figures = self.figures_address();
        let gateway = self.crew.gateway.clone();
        let mut beside = self.crew.start(&stopped);
        #[cfg(unix)]
        if let Some(tls) = self.tls.clone() {
            let stop = stopped.clone();
            let reload = move || reload(tls.clone(), stop.clone());
            beside.spawn(self.workers.supervise("certificate", reload, stopped.clone()));
        }
        if let Some((listener, figures)) = self.figures {
            let (limits, mut stopped) = (self.limits.clone(), stopped.clone());
            let stopping = async move { drop(stopped.wait_for(|stop| *stop).await) };
            beside.spawn(server::run(listener, figures, limits, None, stopping));
        }
        tracing::info!(address = ?listener.local_addr().ok(), ?figures, "serving");
        let stopping = async {
            shutdown.await;
            tracing::info!("stopping: no new connections, requests in flight are finished");
        };
        server::run(listener, self.router, self.limits, self.tls, stopping).await;
        // After the last request: what a worker does then cannot be undone by one.
        stop.send_replace(true);
        while beside.join_next().await.is_some() {}
        workers::leave(&self.store, &gateway).await;
        // What was done since the last time is not left without.
        let written = self.checkpoints.write(&self.store, self.ambient.now());
        if !matches!(timeout(CHECKPOINT_PATIENCE, written).await, Ok(Ok(_))) {
            tracing::warn!("the last checkpoints of the audit could not be written");
        }
        self.store.checkpoint();
        tracing::info!("stopped");
    }
}

async fn listen_for_figures(listen: &str) -> Result<TcpListener, AppError> {
    let listener = TcpListener::bind(listen).await;
    listener.map_err(|source| AppError::MetricsListen { listen: listen.to_owned(), source })
}

/// Loads the certificate again on each SIGHUP. A gateway that cannot hear it still serves; only the reload is lost.
#[cfg(unix)]
async fn reload(tls: Arc<TlsFiles>, mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        result = tls.reload_on_hangup() => if let Err(error) = result {
            tracing::error!(%error, "cannot listen for SIGHUP: the certificate is loaded only at the start");
        },
        () = async { drop(stopped.wait_for(|stop| *stop).await) } => {}
    }
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
