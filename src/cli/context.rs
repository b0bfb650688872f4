//! What a command works with.

use crate::{
    app,
    clock::Ambient,
    config::Settings,
    connectors::outbound::{Outbound, Timeouts},
    domain::access::{Acts, Attempt},
    service::{
        self,
        connections::Around,
        door::{self, Asker, Credential},
        find::Names,
    },
    store::{Db, Engine, Standing, Store, WriteDb},
    sync::{source_access::SourceAccess, vault::Vault},
};

use super::{Result, failure::Failure, output::Output};

/// The settings, the world outside, and where answers go.
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

    /// Opens the database. One that is new gets its tables, so that the first command just works; one of another
    /// version is left alone, for a gateway may be using it.
    pub(super) async fn store(&self) -> Result<Store> {
        let store = Store::open(self.settings.database.url.reveal())?;
        match store.standing().await? {
            Standing::Current => {}
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

    /// Runs a use case that reads; `app` is the one for which, where one is named.
    ///
    /// # Errors
    /// What the use case refuses.
    pub(super) async fn read<A: Acts, T: Send + 'static>(
        &self,
        store: &Store,
        app: Option<String>,
        work: impl FnOnce(&mut Db, &Attempt<A>) -> service::Result<T> + Send + 'static,
    ) -> Result<T> {
        Ok(door::read(store, self.asker(app), work).await.result?)
    }

    /// Runs a use case that writes, in one transaction; it may be tried twice: see [`door::write`].
    ///
    /// # Errors
    /// What the use case refuses.
    pub(super) async fn write<A: Acts, T: Send + 'static>(
        &self,
        store: &Store,
        app: Option<String>,
        work: impl Fn(&mut WriteDb, &Attempt<A>) -> service::Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        Ok(door::write(store, self.asker(app), work).await.result?)
    }

    /// What connections are made and shown with.
    ///
    /// # Errors
    /// A public address that cannot be used.
    pub(super) fn around(&self) -> Result<Surroundings> {
        let (ambient, vault) = (self.ambient.clone(), self.vault.clone());
        Ok(Surroundings { ambient, vault, public_url: self.public_url()? })
    }

    /// What people call companies and connections.
    pub(super) async fn names(&self, store: &Store) -> Result<Names> {
        self.read(store, None, Names::of).await
    }

    fn asker(&self, app: Option<String>) -> Asker {
        Asker { credential: Credential::CommandLine, app, request_id: None, now: self.ambient.now() }
    }

    /// All that it takes to call sources, over an open database.
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

    /// How others reach the gateway.
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

/// What connections are made and shown with: calling their sources takes a [`SourceAccess`].
#[derive(Clone)]
pub(super) struct Surroundings {
    ambient: Ambient,
    vault: Vault,
    public_url: url::Url,
}

impl Around for Surroundings {
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

/// A database as people may see it: a path, or a host and a name without user and password.
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
