//! The chains in both databases: no fork whatever writes at the same time, and whatever is done to rows by someone who can
//! write the database is found.

use diesel::connection::SimpleConnection;
use rollcall::{
    clock::Ambient,
    config::{MapSource, Settings},
    domain::{audit::GLOBAL, ids::CompanyId, key::Key},
    store::{self, Error, Store, WriteDb},
    sync::{
        audit::checkpoints::{self, Checkpoints},
        register,
        vault::{KeySource, Vault},
    },
};

use super::{actions, findings, rows, verified};
use crate::support::{TestDatabase, granted};

async fn add_company(store: &Store, name: &str) -> Result<CompanyId, register::Error> {
    let (ambient, name) = (Ambient::system(), name.to_owned());
    let made = store.write(move |db| register::company(db, &ambient, &granted(), &name));
    Ok(made.await?.id)
}

async fn rename(store: &Store, id: &CompanyId, name: String) {
    let id = id.to_owned();
    let done = store.write(move |db| register::rename_company(db, &granted(), &id, &name));
    done.await.unwrap();
}

/// A company with rows in its own chain.
async fn company(store: &Store, rows: usize) -> CompanyId {
    let id = add_company(store, "Acme").await.unwrap();
    for number in 1..rows {
        rename(store, &id, format!("Acme {number}")).await;
    }
    id
}

async fn sql(store: &Store, sql: &str) {
    let sql = sql.to_owned();
    let done =
        store.write(move |db: &mut WriteDb| -> store::Result<()> { Ok(db.diesel().batch_execute(&sql)?) });
    done.await.unwrap();
}

#[tokio::test]
async fn each_change_of_a_row_of_the_order_and_of_an_end_is_found() {
    TestDatabase::each(async |database| {
        let store = database.open_audited();
        let id = company(&store, 6).await;
        assert_eq!(findings(&store, Vec::new()).await, []);
        assert_eq!(actions(&store, GLOBAL).await, ["chain_begun"]);
        assert_eq!(rows(&store).await.len(), 7);

        let of = |what: &str| format!("UPDATE audit SET {what} WHERE chain = '{id}' AND seq = 3");
        let of_head = |what: &str| format!("UPDATE audit_heads SET {what} WHERE chain = '{id}'");
        let gone = |which: &str| format!("DELETE FROM audit WHERE chain = '{id}' AND {which}");
        let swapped = format!(
            "UPDATE audit SET seq = 99 WHERE chain = '{id}' AND seq = 3;
             UPDATE audit SET seq = 3 WHERE chain = '{id}' AND seq = 4;
             UPDATE audit SET seq = 4 WHERE chain = '{id}' AND seq = 99"
        );
        let before_5 = format!("(SELECT hash FROM audit WHERE chain = '{id}' AND seq = 4)");
        for (attack, code) in [
            (of("actor_kind = 'worker'"), "altered"),
            (of("actor_id = 'app_x'"), "altered"),
            (of("action = 'company_removed'"), "altered"),
            (of("object_kind = 'app'"), "altered"),
            (of("object_id = 'com_x'"), "altered"),
            (of("members = '[]'"), "altered"),
            (of("request_id = 'r'"), "altered"),
            (of("address = '10.0.0.1'"), "altered"),
            (of("credential = 'tok_1'"), "altered"),
            (of("at = '2020-01-01 00:00:00'"), "altered"),
            (of("key_id = 'x'"), "unknown_key"),
            (of("hash = (SELECT hash FROM audit_heads WHERE chain = 'global')"), "altered"),
            (swapped, "altered"),
            (gone("seq = 3"), "missing"),
            (gone("seq = 1"), "missing"),
            (gone("seq = 6"), "truncated"),
            (gone("seq > 0"), "truncated"),
            (of_head("last = 5"), "truncated"),
            // The first rows are gone, and the head says that this is right.
            (format!("{}; {}", of_head(&format!("begins = 5, before = {before_5}")), gone("seq < 5")), "beheaded"),
            (format!("{}; DELETE FROM audit_heads WHERE chain = '{id}'", gone("seq > 0")), "gone"),
        ] {
            // A copy to go back to.
            sql(&store, "CREATE TABLE kept AS SELECT * FROM audit; CREATE TABLE kept_heads AS SELECT * FROM audit_heads").await;
            sql(&store, &attack).await;
            let found = findings(&store, Vec::new()).await;
            assert!(found.contains(&(id.to_string(), code)), "{attack}: {found:?}");
            sql(
                &store,
                "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept;
                 DELETE FROM audit_heads; INSERT INTO audit_heads SELECT * FROM kept_heads; DROP TABLE kept_heads",
            )
            .await;
            assert_eq!(findings(&store, Vec::new()).await, [], "after {attack}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_taken_from_the_end_with_its_head_shows_against_a_checkpoint() {
    TestDatabase::each(async |database| {
        let store = database.open_audited();
        let id = company(&store, 5).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("checkpoints.jsonl");
        let writer = Checkpoints::new(Some(file.clone()));
        let now = Ambient::system().now();
        assert_eq!(writer.write(&store, now).await.unwrap(), 2);
        assert_eq!(writer.write(&store, now).await.unwrap(), 0, "nothing has grown");
        rename(&store, &id, "Birch".into()).await;
        assert_eq!(writer.write(&store, now).await.unwrap(), 1);
        rename(&store, &id, "Cedar".into()).await;
        let anchors = || checkpoints::read(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(anchors().len(), 3);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        }

        let checked = verified(&store, anchors()).await;
        let theirs = checked.iter().find(|checked| checked.chain == id).unwrap();
        assert_eq!((theirs.findings.len(), theirs.last, theirs.anchored_to), (0, 7, Some(6)));

        let cut = |to: i64| {
            format!(
                "DELETE FROM audit WHERE chain = '{id}' AND seq > {to};
                 UPDATE audit_heads SET last = {to}, hash = (SELECT hash FROM audit WHERE chain = '{id}' AND seq = {to})
                 WHERE chain = '{id}'"
            )
        };
        // After the last checkpoint nobody can tell.
        sql(&store, &cut(6)).await;
        assert_eq!(findings(&store, anchors()).await, []);
        sql(&store, &cut(4)).await;
        assert_eq!(findings(&store, Vec::new()).await, [], "the chain alone cannot tell");
        assert_eq!(findings(&store, anchors()).await, [(id.to_string(), "truncated")]);
        // What is written in its place has the right key: the gateway wrote it.
        rename(&store, &id, "Dogwood".into()).await;
        rename(&store, &id, "Elm".into()).await;
        let found = findings(&store, anchors()).await;
        assert!(found.contains(&(id.to_string(), "rewritten")), "{found:?}");
        // All of it is gone, with what says that it was there.
        sql(&store, "DELETE FROM audit; DELETE FROM audit_heads").await;
        assert_eq!(findings(&store, Vec::new()).await, []);
        let mut found = findings(&store, anchors()).await;
        found.sort();
        assert_eq!(found, [(id.to_string(), "gone"), (GLOBAL.to_owned(), "gone")]);
    })
    .await;
}

#[tokio::test]
async fn whoever_writes_at_the_same_time_makes_no_fork_and_no_gap() {
    TestDatabase::each(async |database| {
        // Two gateways, each with connections of its own.
        let (one, other) = (database.open_audited(), database.open_audited());
        let id = company(&one, 1).await;
        let writers = (0..8).map(|writer| {
            let (store, id) = (if writer % 2 == 0 { one.clone() } else { other.clone() }, id.clone());
            tokio::spawn(async move {
                for number in 0..10 {
                    rename(&store, &id, format!("Acme {writer} {number}")).await;
                    add_company(&store, &format!("Other {writer} {number}")).await.unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        assert_eq!(findings(&one, Vec::new()).await, []);
        assert_eq!(actions(&one, &id).await.len(), 81);
        // Each of the others began a chain.
        assert_eq!(actions(&one, GLOBAL).await, vec!["chain_begun"; 81]);
    })
    .await;
}

fn vault(keys: &[u8]) -> Vault {
    let keys = keys.iter().map(|byte| Key::new([*byte; 32])).collect();
    Vault::new(KeySource::Given(keys), Ambient::system().entropy)
}

#[tokio::test]
async fn rows_from_before_a_rotation_are_checked_after_it() {
    TestDatabase::each(async |database| {
        let now = Ambient::system().now();
        let store = database.open_audited();
        let id = company(&store, 3).await;
        for (keys, last) in [([8, 7], 8), ([9, 8], 9), ([7, 9], 7)] {
            // Another process, with the new key before the old one.
            let store = Store::open(&database.url).unwrap();
            let vault = vault(&keys);
            store.set_audit_keys(vault.for_audit());
            vault.rotate(&store, now).await.unwrap();
            rename(&store, &id, format!("Acme with {last}")).await;
            // The old one is left out of the setting now.
            let alone = self::vault(&[last]);
            let found = rollcall::sync::audit::verify::verify(&store, &alone, Vec::new()).await.unwrap();
            let found: Vec<_> = found.into_iter().flat_map(|checked| checked.findings).collect();
            match last {
                // The first key was used again: what it signs was once the old key's.
                7 => assert!(found.iter().all(|it| it.code() == "old_key") && !found.is_empty(), "{found:?}"),
                _ => assert_eq!(found, [], "{last}"),
            }
        }
        let rotated = actions(&store, GLOBAL).await.into_iter().filter(|action| action == "key_rotated");
        assert_eq!(rotated.count(), 3);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_changed_without_the_key_and_no_new_one_is_made_in_its_place() {
    TestDatabase::each(async |database| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("the.key");
        let with_file = || {
            let store = Store::open(&database.url).unwrap();
            store.migrate().unwrap();
            store.set_audit_keys(
                Vault::new(KeySource::File(file.clone()), Ambient::system().entropy).for_audit(),
            );
            store
        };
        add_company(&with_file(), "Acme").await.unwrap();
        assert!(file.exists(), "the first change has made it");
        let key = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let store = with_file();
        let refused = add_company(&store, "Birch").await.unwrap_err();
        let register::Error::Store(Error::AuditKey(problem)) = refused else { panic!("{refused:?}") };
        assert_eq!(problem.code, "key_file_missing");
        assert!(!file.exists());
        let names = store.read(store::companies::ids).await.unwrap();
        assert_eq!(names.len(), 1, "nothing was changed");
        // Its owner puts it back.
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        std::io::Write::write_all(&mut options.open(&file).unwrap(), &key).unwrap();
        add_company(&store, "Birch").await.unwrap();
    })
    .await;
}

#[test]
fn the_settings_say_how_long_the_audit_is_kept() {
    let read = |pairs: &[(&str, &str)]| Settings::read(&pairs.iter().copied().collect::<MapSource>());
    let kept = |pairs: &[(&str, &str)]| read(pairs).unwrap().audit.retention.map(|kept| kept.num_days());
    assert_eq!(kept(&[]), Some(730));
    assert_eq!(kept(&[("ROLLCALL_AUDIT_RETENTION_DAYS", "0")]), None);
    assert_eq!(kept(&[("ROLLCALL_AUDIT_RETENTION_DAYS", "30")]), Some(30));
    assert!(read(&[("ROLLCALL_AUDIT_RETENTION_DAYS", "-1")]).is_err());
}
