//! A database of its own for each test.

use std::{io::Write as _, sync::Once};

use diesel::{Connection as _, connection::SimpleConnection};
use rollcall::{
    clock::Ambient,
    domain::key::Key,
    store::Store,
    sync::vault::{KeySource, Vault},
};

const POSTGRES: &str = "ROLLCALL_TEST_POSTGRES_URL";

/// An empty database, gone when it is dropped.
pub struct TestDatabase {
    pub url: String,
    clean_up: CleanUp,
}

enum CleanUp {
    Folder {
        _folder: tempfile::TempDir,
    },
    Database {
        server: String,
        name: String,
    },
    /// Its server goes with all that is in it.
    Nothing,
}

impl TestDatabase {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self { url, clean_up: CleanUp::Folder { _folder: folder } }
    }

    /// `None` where no server is given to the tests.
    pub fn postgres() -> Option<Self> {
        let server = std::env::var(POSTGRES).ok().filter(|url| !url.is_empty())?;
        let name = format!("rollcall_test_{}", uuid::Uuid::now_v7().simple());
        execute(&server, &format!("CREATE DATABASE {name}"));
        let mut url = url::Url::parse(&server).unwrap();
        url.set_path(&name);
        Some(Self { url: url.into(), clean_up: CleanUp::Database { server, name } })
    }

    /// One of a server that the test has made for itself.
    pub fn of_own_server(url: String) -> Self {
        Self { url, clean_up: CleanUp::Nothing }
    }

    /// Runs a test on every engine there is.
    pub async fn each(test: impl AsyncFn(&Self)) {
        test(&Self::sqlite()).await;
        match Self::postgres() {
            Some(database) => test(&database).await,
            None => say_skipped(),
        }
    }

    /// Opened and migrated.
    pub fn open(&self) -> Store {
        let store = Store::open(&self.url).unwrap();
        store.migrate().unwrap();
        store
    }

    /// The same, with the key of tests for the audit.
    pub fn open_audited(&self) -> Store {
        let store = self.open();
        store.set_audit_keys(test_vault().for_audit());
        store
    }
}

/// The same key, as a setting.
pub const SECRET_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// A vault over the key of tests.
pub fn test_vault() -> Vault {
    Vault::new(KeySource::Given(vec![Key::new([7; 32])]), Ambient::system().entropy)
}

/// Says once what did not run, past the harness, which keeps back what a passing test prints.
fn say_skipped() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: PostgreSQL ({POSTGRES} is not set); all tests run on SQLite"
        );
    });
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let CleanUp::Database { server, name } = &self.clean_up {
            execute(server, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

fn execute(server: &str, sql: &str) {
    diesel::PgConnection::establish(server).unwrap().batch_execute(sql).unwrap();
}
