//! The context of a command: settings, environment and output.

use std::path::{Path, PathBuf};

use crate::{
    app,
    clock::Ambient,
    config::Settings,
    connectors::outbound::{Outbound, Timeouts},
    domain::access::{Acts, Attempt},
    service::{
        self,
        call::{self, CallContext, Credential},
        connections::Environment,
        find::Names,
    },
    store::{self, Db, Engine, Standing, Store, WriteDb},
    sync::{source_access::SourceAccess, vault::Vault},
};

use super::{Result, failure::Failure, output::Output};

/// The settings, the clock and the vault, and the output.
pub(super) struct Context {
    pub settings: Settings,
    pub ambient: Ambient,
    pub vault: Vault,
    pub out: Output,
}

impl Context {
    pub(super) fn new(settings: Settings, out: Output) -> Self {
        let ambient = Ambient::system();
        let vault = app::vault(&settings.secrets, &ambient);
        Self { settings, ambient, vault, out }
    }

    /// Opens the database that is there. One of another version is left alone, for a gateway may be using it.
    ///
    /// # Errors
    /// Where there is none: who only looks, or misspelt its name, is not to be told that nothing is in it.
    pub(super) async fn store(&self) -> Result<Store> {
        let url = self.settings.database.url.reveal();
        // Of a folder that is not there, the attempt to open tells more.
        let missing = |file: PathBuf| !file.exists() && file.parent().is_none_or(is_folder);
        if store::file_of(url).is_some_and(missing) {
            return Err(self.no_database());
        }
        self.open(false).await
    }

    /// The same; one that is new gets its tables, so that the first command just works.
    pub(super) async fn store_or_new(&self) -> Result<Store> {
        self.open(true).await
    }

    fn no_database(&self) -> Failure {
        Failure::new(
            "no_database",
            format!("There is no database yet: {}.", self.database_name()),
            "`rollcall serve`, `rollcall migrate` and `rollcall company add NAME` make it. If there should be one, correct ROLLCALL_DATABASE_URL or --database-url.",
        )
    }

    async fn open(&self, may_make: bool) -> Result<Store> {
        let store = Store::open(self.settings.database.url.reveal())?;
        match store.standing().await? {
            Standing::Current => {}
            Standing::New if !may_make => return Err(self.no_database()),
            Standing::New => {
                store.migrate()?;
                self.out.note(&format!("made a new database: {}", self.database_name()));
            }
            Standing::Older => {
                return Err(Failure::new(
                    "database_older",
                    "The database is of an older version of Rollcall.",
                    "Make a backup, stop its gateways, and run `rollcall migrate`.",
                ));
            }
            Standing::Newer => {
                return Err(Failure::new(
                    "database_newer",
                    "The database is of a newer version of Rollcall.",
                    "Use that version of Rollcall.",
                ));
            }
        }
        Ok(store)
    }

    /// Runs a use case that reads; `app` is the app to act for, if one is named.
    ///
    /// # Errors
    /// A refusal of the use case.
    pub(super) async fn read<A: Acts, T: Send + 'static>(
        &self,
        store: &Store,
        app: Option<String>,
        work: impl FnOnce(&mut Db, &Attempt<A>) -> service::Result<T> + Send + 'static,
    ) -> Result<T> {
        Ok(call::read(store, self.call_context(app), work).await.result?)
    }

    /// Runs a use case that writes, in one transaction; it may be tried twice: see [`call::write`].
    ///
    /// # Errors
    /// A refusal of the use case.
    pub(super) async fn write<A: Acts, T: Send + 'static>(
        &self,
        store: &Store,
        app: Option<String>,
        work: impl Fn(&mut WriteDb, &Attempt<A>) -> service::Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        Ok(call::write(store, self.call_context(app), work).await.result?)
    }

    /// Tries a use case that writes and takes back all that it has done: what `--dry-run` tells is what would happen.
    ///
    /// # Errors
    /// What the use case refuses.
    pub(super) async fn rehearse<A: Acts, T>(
        &self,
        store: &Store,
        app: Option<String>,
        work: impl Fn(&mut WriteDb, &Attempt<A>) -> service::Result<T> + Send + Sync + 'static,
    ) -> Result {
        const REHEARSED: &str = "rehearsed";
        let tried = self.write(store, app, move |db, attempt| -> service::Result<()> {
            work(db, attempt)?;
            // What fails leaves nothing behind.
            Err(service::Refusal::conflict(REHEARSED, "", ""))
        });
        match tried.await {
            Err(failure) if failure.is(REHEARSED) => Ok(()),
            tried => tried,
        }
    }

    /// What it takes to make and show connections.
    ///
    /// # Errors
    /// A public address that cannot be used.
    pub(super) fn environment(&self) -> Result<CliEnvironment> {
        let (ambient, vault) = (self.ambient.clone(), self.vault.clone());
        Ok(CliEnvironment { ambient, vault, public_url: self.public_url()? })
    }

    /// The names of companies and connections.
    pub(super) async fn names(&self, store: &Store) -> Result<Names> {
        self.read(store, None, Names::of).await
    }

    /// The context of a call by the command line.
    pub(super) fn call_context(&self, app: Option<String>) -> CallContext {
        CallContext { credential: Credential::CommandLine, app, request_id: None, now: self.ambient.now() }
    }

    /// What it takes to call sources, over an open database.
    ///
    /// # Errors
    /// A system without the certificates that HTTPS needs.
    pub(super) fn sources(&self, store: &Store) -> Result<SourceAccess> {
        let outbound = Outbound::new(Timeouts::default()).map_err(|error| Failure::internal(&error))?;
        Ok(SourceAccess {
            store: store.clone(),
            ambient: self.ambient.clone(),
            vault: self.vault.clone(),
            outbound,
            public_url: self.public_url()?,
            lease_for: self.settings.polling.lease,
        })
    }

    /// The database without its credentials.
    pub(super) fn database_name(&self) -> String {
        database_name(&self.settings)
    }

    /// The address by which others reach the gateway.
    pub(super) fn public_url(&self) -> Result<url::Url> {
        let text = self.settings.http.public_url();
        url::Url::parse(&text).map_err(|error| {
            Failure::new(
                "bad_public_url",
                format!("The public address cannot be used: {error}."),
                "Set ROLLCALL_PUBLIC_URL or --public-url, such as https://rollcall.example.com.",
            )
        })
    }
}

/// What it takes to make and show connections; calling their sources takes a [`SourceAccess`].
#[derive(Clone)]
pub(super) struct CliEnvironment {
    ambient: Ambient,
    vault: Vault,
    public_url: url::Url,
}

impl Environment for CliEnvironment {
    fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    fn vault(&self) -> &Vault {
        &self.vault
    }

    fn public_url(&self) -> &url::Url {
        &self.public_url
    }
}

/// The database in words that may be shown: a path, or a host and a name without user and password.
pub(super) fn database_name(settings: &Settings) -> String {
    let url = settings.database.url.reveal();
    match Engine::of(url) {
        Ok(Engine::Sqlite) => url.to_owned(),
        _ => match url::Url::parse(url) {
            Ok(url) => format!("PostgreSQL at {}{}", url.host_str().unwrap_or("a local socket"), url.path()),
            Err(_) => "PostgreSQL".into(),
        },
    }
}

/// A name without a folder is in the present one.
fn is_folder(path: &Path) -> bool {
    path.as_os_str().is_empty() || path.is_dir()
}
