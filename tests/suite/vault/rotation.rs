//! The key is rotated: online, against writers, and after every interruption.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chrono::Utc;
use rollcall::{
    store::{WriteDb, secrets},
    sync::vault::{Begun, Vault},
};

use super::{Desk, given, one};
use crate::support::TestDatabase;

impl Desk {
    /// As many steps of a rotation as said, by a process that then dies.
    async fn begin_and_die(&self, steps: usize) {
        let vault = self.vault();
        let works: [fn(&Vault, &mut WriteDb); 5] = [
            |vault, db| drop(vault.begin_rotation(db, Utc::now()).unwrap()),
            |vault, db| vault.keep_audit_keys(db, Utc::now()).unwrap(),
            |vault, db| {
                let first = (String::new(), String::new());
                let row = secrets::not_sealed_with(db, "", &first, 1).unwrap().remove(0);
                vault.reseal(db, &row, Utc::now()).unwrap();
            },
            |vault, db| {
                for row in secrets::not_sealed_with(db, "", &(String::new(), String::new()), 100).unwrap() {
                    vault.reseal(db, &row, Utc::now()).unwrap();
                }
            },
            |vault, db| assert_eq!(vault.forget_keys(db).unwrap(), 1),
        ];
        for work in works.into_iter().take(steps) {
            let vault = vault.clone();
            let step = move |db: &mut WriteDb| {
                work(&vault, db);
                Ok::<_, rollcall::store::Error>(())
            };
            self.store.write(step).await.unwrap();
        }
    }

    /// Dies after the file was written, before the database knows of it.
    async fn die_before_the_commit(&self) {
        let vault = self.vault();
        let undone = self.store.write(move |db| {
            vault.begin_rotation(db, Utc::now()).unwrap();
            Err::<(), _>(rollcall::store::Error::Busy)
        });
        undone.await.unwrap_err();
    }
}

#[tokio::test]
async fn a_rotation_seals_everything_anew_and_drops_the_old_key() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database, 3).await;
        let gateway = desk.vault();
        for connection in 0..3 {
            desk.put(&gateway, connection, "token", "hunter2").await.unwrap();
        }
        let before = desk.file();
        let rotation = desk.vault().rotate(&desk.store, Utc::now()).await.unwrap();
        assert_eq!((rotation.begun, rotation.resealed, rotation.left.len()), (Begun::New, 3, 0));
        let after = desk.file();
        assert_eq!((after.len(), desk.known().await), (1, vec![after[0].id()]));
        assert_ne!(before, after);
        // The gateway that runs on reads and writes, and so does one that starts now.
        for vault in [gateway, desk.vault()] {
            assert_eq!(desk.all(&vault, 0).await.unwrap(), one("token", "hunter2"));
            desk.put(&vault, 1, "token", "hunter3").await.unwrap();
            assert_eq!(desk.all(&desk.vault(), 1).await.unwrap(), one("token", "hunter3"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_rotation_that_was_cut_off_goes_on_wherever_it_was() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database, 3).await;
        let gateway = desk.vault();
        for connection in 0..3 {
            desk.put(&gateway, connection, "token", "hunter2").await.unwrap();
        }
        for steps in 0..=5 {
            match steps {
                0 => desk.die_before_the_commit().await,
                steps => desk.begin_and_die(steps).await,
            }
            // Whatever state it is in, gateways work in it.
            for vault in [gateway.clone(), desk.vault()] {
                desk.put(&vault, 2, "token", "hunter2").await.unwrap();
                for connection in 0..3 {
                    assert_eq!(
                        desk.all(&vault, connection).await.unwrap(),
                        one("token", "hunter2"),
                        "{steps}"
                    );
                }
            }
            let cut_off = desk.file();
            assert_eq!(cut_off.len(), 2, "{steps}");
            let rotation = desk.vault().rotate(&desk.store, Utc::now()).await.unwrap();
            // After the last step only the file is behind: that is as good as done, and a new rotation begins.
            let expected = if steps == 5 { Begun::New } else { Begun::Resumed };
            assert_eq!((rotation.begun, rotation.left.len()), (expected, 0), "{steps}");
            assert_eq!(desk.known().await, std::slice::from_ref(&rotation.key_id));
            let file: Vec<String> = desk.file().iter().map(rollcall::domain::key::Key::id).collect();
            assert_eq!(file, [rotation.key_id]);
        }
    })
    .await;
}

#[tokio::test]
async fn given_keys_rotate_to_the_first() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database, 2).await;
        desk.put(&given(&[1]), 0, "token", "hunter2").await.unwrap();
        let nothing = given(&[1]).rotate(&desk.store, Utc::now()).await.unwrap();
        assert_eq!((nothing.begun, nothing.resealed), (Begun::Nothing, 0));
        let gateway = given(&[2, 1]);
        let rotation = gateway.rotate(&desk.store, Utc::now()).await.unwrap();
        assert_eq!((rotation.begun, rotation.resealed), (Begun::New, 1));
        assert_eq!(desk.all(&given(&[2]), 0).await.unwrap(), one("token", "hunter2"));
        // One that was not started again cannot seal with the old key.
        let problem = desk.put(&given(&[1]), 0, "token", "x").await.unwrap_err().problem().unwrap();
        assert_eq!(problem.code, "wrong_key");
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_does_not_open_is_told_of_and_its_key_is_kept() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database, 2).await;
        for connection in 0..2 {
            desk.put(&desk.vault(), connection, "token", "hunter2").await.unwrap();
        }
        let id = desk.connections[0].clone();
        let damage = desk.store.write(move |db| {
            let mut row = secrets::of(db, &id)?.remove(0);
            row.sealed.reverse();
            secrets::put(db, &row, Utc::now())
        });
        damage.await.unwrap();
        let rotation = desk.vault().rotate(&desk.store, Utc::now()).await.unwrap();
        assert_eq!((rotation.resealed, rotation.left.len()), (1, 1));
        assert_eq!(desk.file().len(), 2);
        desk.put(&desk.vault(), 0, "token", "hunter2").await.unwrap();
        let rotation = desk.vault().rotate(&desk.store, Utc::now()).await.unwrap();
        assert_eq!((rotation.begun, rotation.left.len(), desk.file().len()), (Begun::Resumed, 0, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn gateways_write_and_read_while_the_key_is_rotated_again_and_again() {
    TestDatabase::each(async |database| {
        let desk = Arc::new(Desk::new(database, 4).await);
        for connection in 0..4 {
            desk.put(&desk.vault(), connection, "token", "0").await.unwrap();
        }
        let done = Arc::new(AtomicBool::new(false));
        let mut writers = Vec::new();
        for connection in 0..4 {
            let (desk, done) = (desk.clone(), done.clone());
            writers.push(tokio::spawn(async move {
                // A gateway each, so that each has a ring of its own.
                let vault = desk.vault();
                let mut number = 0u32;
                while !done.load(Ordering::Relaxed) || number < 5 {
                    number += 1;
                    desk.put(&vault, connection, "token", &number.to_string()).await.unwrap();
                    let read = desk.all(&vault, connection).await.unwrap();
                    assert_eq!(read, one("token", &number.to_string()));
                }
            }));
        }
        // Two administrators at once.
        for _ in 0..6 {
            let (one, other) = (desk.vault(), desk.vault());
            let (one, other) =
                tokio::join!(one.rotate(&desk.store, Utc::now()), other.rotate(&desk.store, Utc::now()));
            assert!(one.unwrap().left.is_empty() && other.unwrap().left.is_empty());
        }
        done.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        desk.vault().rotate(&desk.store, Utc::now()).await.unwrap();
        for connection in 0..4 {
            assert_eq!(desk.all(&desk.vault(), connection).await.unwrap().len(), 1);
        }
        assert_eq!(
            desk.known().await,
            desk.file().iter().map(rollcall::domain::key::Key::id).collect::<Vec<_>>()
        );
    })
    .await;
}
