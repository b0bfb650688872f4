//! Nobody but its owner reads a database.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use rollcall::store::{
    self, Exposed, Store,
    companies::{self, Company},
};

use crate::support::TestDatabase;

/// The files of a folder with their modes, by name.
fn modes(folder: &Path) -> Vec<(String, u32)> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let mut modes: Vec<_> = files
        .map(|file| {
            let mode = file.metadata().unwrap().permissions().mode() & 0o7777;
            (file.file_name().into_string().unwrap(), mode)
        })
        .collect();
    modes.sort();
    modes
}

async fn write(store: &Store) {
    let company = Company {
        id: "com_1".into(),
        name: "Acme".into(),
        created_at: chrono::Utc::now(),
        closing_at: None,
        deleting_at: None,
    };
    store.write(move |db| companies::insert(db, &company)).await.unwrap();
}

#[tokio::test]
async fn a_new_database_is_its_owners_from_the_start() {
    let database = TestDatabase::sqlite();
    let path = database.url.strip_prefix("sqlite:").unwrap().to_owned();
    for url in [database.url.clone(), format!("sqlite:file:{path}%202?mode=rwc")] {
        let store = Store::open(&url).unwrap();
        // Before anything is in it.
        let names = |modes: Vec<(String, u32)>| modes.into_iter().filter(|(_, mode)| mode & 0o077 != 0);
        assert_eq!(names(modes(Path::new(&path).parent().unwrap())).collect::<Vec<_>>(), []);
        store.migrate().unwrap();
        write(&store).await;
        let made = modes(Path::new(&path).parent().unwrap());
        assert!(made.iter().any(|(name, _)| name.ends_with("-wal")), "{made:?}");
        assert!(made.iter().all(|(_, mode)| *mode == 0o600), "{made:?}");
        assert_eq!(store::exposed(&url), []);
    }
}

#[tokio::test]
async fn one_that_others_can_read_is_told_and_left_as_it_is() {
    let database = TestDatabase::sqlite();
    let path = Path::new(database.url.strip_prefix("sqlite:").unwrap());
    fs::write(path, "").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
    let store = database.open();
    write(&store).await;
    let exposed = store::exposed(&database.url);
    let expected = ["test.db", "test.db-wal", "test.db-shm"];
    let expected = expected.map(|name| Exposed { path: path.with_file_name(name), mode: 0o640 });
    assert_eq!(exposed, expected);
}
