//! A fresh database for a test, of either engine.

use std::sync::{
    Once,
    atomic::{AtomicU32, Ordering},
};

use diesel::{Connection, PgConnection, connection::SimpleConnection};
use rollcall::store::Store;

/// Names a PostgreSQL server on which the tests may make databases, like `postgres://postgres@127.0.0.1/postgres`.
const POSTGRES: &str = "ROLLCALL_TEST_POSTGRES_URL";

/// One database, gone with this value.
pub(crate) struct TestDatabase {
    pub url: String,
    place: Place,
}

enum Place {
    Directory { _directory: tempfile::TempDir },
    Server { admin: String, name: String },
}

impl TestDatabase {
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("rollcall.db").display());
        Self { url, place: Place::Directory { _directory: directory } }
    }

    /// `None` where no server is named.
    pub fn postgres() -> Option<Self> {
        static SKIPPED: Once = Once::new();
        let Ok(admin) = std::env::var(POSTGRES) else {
            SKIPPED.call_once(|| eprintln!("skipped: PostgreSQL ({POSTGRES} names no server)"));
            return None;
        };
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("rollcall_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut server = PgConnection::establish(&admin).unwrap();
        server.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let mut url: url::Url = admin.parse().unwrap();
        url.set_path(&name);
        Some(Self { url: url.into(), place: Place::Server { admin, name } })
    }

    /// A store of its own on this database, its tables made.
    pub fn open(&self) -> Store {
        let store = Store::open(&self.url).unwrap();
        store.migrate().unwrap();
        store
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Place::Server { admin, name } = &self.place {
            let mut server = PgConnection::establish(admin).unwrap();
            server.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).unwrap();
        }
    }
}

/// Runs a test on a fresh SQLite database, then on a fresh PostgreSQL one.
pub(crate) async fn on_each_engine(test: impl AsyncFn(&TestDatabase)) {
    test(&TestDatabase::sqlite()).await;
    if let Some(database) = TestDatabase::postgres() {
        test(&database).await;
    }
}
