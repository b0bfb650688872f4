//! The vault: secrets sealed in the database, and its key rotated under those who use it.

mod rotation;

use std::{collections::BTreeMap, path::PathBuf};

use chrono::Utc;
use rollcall::{
    clock::Ambient,
    domain::{ids::ConnectionId, key::Key, secret::Secret, words::Kind},
    store::{Store, WriteDb, secrets},
    sync::{
        register::{self, ConnectionDraft},
        vault::{KeySource, Vault, VaultError},
    },
};

use crate::support::{TestDatabase, granted};

/// A database with connections, and a folder for its key file.
struct Desk {
    store: Store,
    folder: tempfile::TempDir,
    connections: Vec<ConnectionId>,
}

impl Desk {
    async fn new(database: &TestDatabase, connections: usize) -> Self {
        let store = database.open();
        let make = move |db: &mut WriteDb| {
            let ambient = Ambient::system();
            let vault = given(&[1]);
            let company = register::company(db, &ambient, &granted(), "Acme")?.id;
            let mut ids = Vec::new();
            for number in 0..connections {
                let mut draft = ConnectionDraft::new(Kind::QuickbooksDesktop, &company);
                draft.name = Some(format!("Desk {number}"));
                ids.push(register::connection(db, &ambient, &vault, &granted(), &draft)?.connection.id);
            }
            Ok::<_, register::Error>(ids)
        };
        let connections = store.write(make).await.unwrap();
        Self { store, folder: tempfile::tempdir().unwrap(), connections }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("test.key")
    }

    /// A gateway's vault over the key file, that has read nothing yet.
    fn vault(&self) -> Vault {
        Vault::new(KeySource::File(self.path()), Ambient::system().entropy)
    }

    fn file(&self) -> Vec<Key> {
        Key::read_all(&std::fs::read_to_string(self.path()).unwrap()).unwrap()
    }

    async fn put(&self, vault: &Vault, connection: usize, name: &str, text: &str) -> Result<(), VaultError> {
        let (vault, id) = (vault.clone(), self.connections[connection].clone());
        let (name, secret) = (name.to_owned(), Secret::new(text));
        self.store.write(move |db| vault.put(db, &id, &name, &secret, Utc::now())).await
    }

    async fn all(&self, vault: &Vault, connection: usize) -> Result<BTreeMap<String, String>, VaultError> {
        let (vault, id) = (vault.clone(), self.connections[connection].clone());
        let secrets = self.store.read(move |db| vault.secrets(db, &id)).await?;
        Ok(secrets.into_iter().map(|(name, secret)| (name, secret.reveal().to_owned())).collect())
    }

    async fn ready(&self, vault: &Vault) -> Result<(), VaultError> {
        let vault = vault.clone();
        self.store.write(move |db| vault.ready(db, Utc::now())).await
    }

    /// The fingerprints that the database knows, the current one first.
    async fn known(&self) -> Vec<String> {
        let mut keys = self.store.read(secrets::keys).await.unwrap();
        keys.sort_by_key(|key| !key.current);
        keys.into_iter().map(|key| key.id).collect()
    }
}

fn given(keys: &[u8]) -> Vault {
    let keys = keys.iter().map(|byte| Key::new([*byte; 32])).collect();
    Vault::new(KeySource::Given(keys), Ambient::system().entropy)
}

fn one(name: &str, text: &str) -> BTreeMap<String, String> {
    [(name.to_owned(), text.to_owned())].into()
}

#[tokio::test]
async fn a_secret_is_put_replaced_read_and_removed() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database, 1).await;
        let vault = desk.vault();
        assert!(desk.all(&vault, 0).await.unwrap().is_empty());
        desk.put(&vault, 0, "token", "hunter1").await.unwrap();
        desk.put(&vault, 0, "token", "hunter2").await.unwrap();
        assert_eq!(desk.all(&vault, 0).await.unwrap(), one("token", "hunter2"));
        // Another process, which reads the file.
        assert_eq!(desk.all(&desk.vault(), 0).await.unwrap(), one("token", "hunter2"));
        let id = desk.connections[0].clone();
        let removed = desk.store.write(move |db| vault.remove(db, &id, "token")).await.unwrap();
        assert!(removed && desk.all(&desk.vault(), 0).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_row_that_is_moved_does_not_open() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database, 2).await;
        let vault = desk.vault();
        desk.put(&vault, 0, "token", "hunter2").await.unwrap();
        for (connection, name) in [(1, "token"), (0, "sid")] {
            let (from, to) = (desk.connections[0].clone(), desk.connections[connection].clone());
            let moved = desk.store.write(move |db| {
                let mut row = secrets::of(db, &from)?.remove(0);
                row.owner_id = to.into();
                row.name = name.to_owned();
                secrets::put(db, &row, Utc::now())
            });
            moved.await.unwrap();
            let error = desk.all(&vault, connection).await.unwrap_err();
            assert!(matches!(error, VaultError::NotOpened { .. }), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_key_file_is_made_once_and_only_for_its_owner() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database, 1).await;
        let (one, other) = (desk.vault(), desk.vault());
        let (first, second) = tokio::join!(desk.ready(&one), desk.ready(&other));
        first.unwrap();
        second.unwrap();
        let keys = desk.file();
        assert_eq!(keys.len(), 1);
        assert_eq!(desk.known().await, [keys[0].id()]);
        // Nothing is left of making it.
        assert_eq!(std::fs::read_dir(desk.folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |mode| std::fs::set_permissions(desk.path(), PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(std::fs::metadata(desk.path()).unwrap().permissions().mode() & 0o7777, 0o600);
            for open in [0o640, 0o604, 0o620] {
                mode(open);
                let problem = desk.ready(&desk.vault()).await.unwrap_err().problem().unwrap();
                assert_eq!(problem.code, "key_file_open");
                assert!(problem.remedy.contains(&format!("chmod 600 {}", desk.path().display())));
            }
            mode(0o400);
            desk.ready(&desk.vault()).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_lost_key_file_is_not_made_anew() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database, 2).await;
        for connection in 0..2 {
            desk.put(&desk.vault(), connection, "token", "hunter2").await.unwrap();
        }
        let moved = desk.folder.path().join("elsewhere");
        std::fs::rename(desk.path(), &moved).unwrap();
        for error in [
            desk.ready(&desk.vault()).await.unwrap_err(),
            desk.put(&desk.vault(), 0, "sid", "x").await.unwrap_err(),
            desk.all(&desk.vault(), 0).await.map(drop).unwrap_err(),
        ] {
            let problem = error.problem().unwrap();
            assert_eq!(problem.code, "key_file_missing");
            assert!(problem.detail.contains("credentials of 2 connections"), "{}", problem.detail);
        }
        assert!(!desk.path().exists());
        std::fs::rename(moved, desk.path()).unwrap();
        desk.ready(&desk.vault()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_key_file_that_is_lost_before_anything_is_sealed_is_made_anew() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database, 1).await;
        desk.ready(&desk.vault()).await.unwrap();
        let before = desk.file();
        // As by a start in another working directory: the folder is new as well.
        std::fs::remove_file(desk.path()).unwrap();
        let folder = desk.folder.path().join("a/b");
        let vault = Vault::new(KeySource::File(folder.join("k.key")), Ambient::system().entropy);
        desk.put(&vault, 0, "token", "hunter2").await.unwrap();
        let text = std::fs::read_to_string(folder.join("k.key")).unwrap();
        let made = Key::read_all(&text).unwrap();
        assert_eq!(desk.known().await, [made[0].id()]);
        assert_ne!(made, before);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
        // Now something is sealed, and the error names the place.
        std::fs::rename(&folder, desk.folder.path().join("c")).unwrap();
        let vault = Vault::new(KeySource::File(folder.join("k.key")), Ambient::system().entropy);
        let problem = desk.ready(&vault).await.unwrap_err().problem().unwrap();
        assert_eq!(problem.code, "key_file_missing");
        assert!(problem.detail.contains(&*folder.to_string_lossy()), "{}", problem.detail);
        assert!(!folder.exists());
    })
    .await;
}

#[tokio::test]
async fn a_key_of_another_database_is_refused() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database, 1).await;
        desk.put(&given(&[1]), 0, "token", "hunter2").await.unwrap();
        for wrong in [
            desk.ready(&given(&[2])).await.unwrap_err(),
            desk.put(&given(&[2]), 0, "sid", "x").await.unwrap_err(),
            desk.all(&given(&[2]), 0).await.map(drop).unwrap_err(),
        ] {
            let problem = wrong.problem().unwrap();
            assert_eq!(problem.code, "wrong_key");
            assert!(problem.detail.contains(&Key::new([1; 32]).id()), "{}", problem.detail);
            assert!(problem.remedy.contains("ROLLCALL_SECRET_KEY"));
        }
        assert_eq!(desk.known().await.len(), 1);
        // Whatever stands first, the key that the database knows seals.
        desk.put(&given(&[2, 1]), 0, "sid", "x").await.unwrap();
        assert_eq!(desk.all(&given(&[1]), 0).await.unwrap().len(), 2);
        // A file that is there, but of another database.
        std::fs::write(desk.path(), Key::new([3; 32]).to_text()).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(desk.path(), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(desk.ready(&desk.vault()).await.unwrap_err().problem().unwrap().code, "wrong_key");
    })
    .await;
}
