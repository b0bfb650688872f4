//! Different verbs at once, on the same rows: none deadlocks, none is lost, none is a 500.

use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use rollcall::{
    domain::{
        hold::Gone,
        words::{List, Mode, RunState},
    },
    store::{self, Engine, PageLimit, Store, connections, locks, purge, records, runs, webhooks},
    sync::{ingest, reconcile, remove, run},
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, TestApp, TestDatabase, people};

/// What may be said to whoever came second.
fn is_fair(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 200 | 201 | 202 | 204 | 404 | 409)
}

#[tokio::test]
async fn the_database_itself_refuses_what_a_reader_would_write() {
    TestDatabase::each(async |database| {
        let store = database.open();
        let write = "UPDATE write_checks SET count = count + 1";
        let refused =
            store.read(move |db| db.diesel().batch_execute(write).map_err(store::Error::from)).await;
        assert!(matches!(refused, Err(store::Error::ReadOnly)), "{refused:?}");
        store.write(move |db| db.diesel().batch_execute(write).map_err(store::Error::from)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_word_that_this_version_does_not_know_is_named_and_no_row_is_left_out_for_it() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        let id = app.connection.id.clone();
        let read = app.gateway.store.write(move |db| {
            db.diesel().batch_execute("UPDATE connections SET kind = 'abacus'")?;
            connections::get(db, &id)
        });
        match read.await {
            Err(store::Error::Corrupt { what: "kind of connection", why }) => {
                assert!(why.starts_with("`abacus` is not a kind of connection; known: "), "{why}");
            }
            other => panic!("{other:?}"),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verbs_on_the_same_rows_get_along() {
    TestDatabase::each(async |database| {
        let app = Arc::new(TestApp::start(database).await);
        app.stage(List::Employee, people(40)).await;
        let page = app.get("/v1/employees?limit=40").await;
        let ids: Vec<String> = page.is(200)["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap().into())
            .collect();
        let connection = app.connection.id.clone();
        let mut calls = JoinSet::new();
        for round in 0..6 {
            for (n, id) in ids.iter().enumerate().take(10) {
                let (path, profile) = (format!("/v1/employees/{id}"), format!("u-{}", n % 5));
                let verbs = [
                    ("POST", format!("{path}/profile"), json!({ "profile_id": profile })),
                    ("PUT", format!("{path}/link"), json!({ "profile_id": profile })),
                    ("DELETE", format!("{path}/link"), json!(null)),
                    (
                        "PUT",
                        format!("/v1/profiles/employee/{profile}"),
                        json!({ "name": format!("Ana {round}") }),
                    ),
                    ("DELETE", format!("/v1/profiles/employee/{profile}"), json!(null)),
                    ("POST", format!("/v1/connections/{connection}/poll"), json!({ "mode": "full" })),
                ];
                let (verb, path, body) = verbs[(n + round) % verbs.len()].clone();
                let app = app.clone();
                calls.spawn(async move {
                    let body = (!body.is_null()).then_some(body);
                    (format!("{verb} {path}"), app.send(verb, &path, body).await)
                });
            }
            // Beside them, whole lists that come and go, and are judged.
            let (app, gone) = (app.clone(), round % 3);
            calls.spawn(async move {
                let (ambient, connection) = (app.gateway.ambient.clone(), app.connection.clone());
                let mut list = people(40);
                list.truncate(40 - gone);
                for record in &mut list {
                    record.job_title = Some(format!("job {round}"));
                }
                let staged = app.gateway.store.write(move |db| {
                    // One list at a time runs, as with every source.
                    let busy = runs::in_state(db, &connection.id, List::Employee, RunState::Running)?;
                    if busy.is_some() {
                        return Ok(None);
                    }
                    let run = run::start(db, &ambient, &connection, List::Employee, Mode::Full)?;
                    ingest::batch(db, &ambient, &run, &list, None)?;
                    reconcile::finish(db, &run, &Gone::NotSeen, None, ambient.now()).map(Some)
                });
                let staged = staged.await;
                let second = matches!(staged, Err(store::Error::Duplicate(_) | store::Error::Stale(_)));
                assert!(staged.is_ok() || second, "{staged:?}");
                ("a list".into(), app.get("/v1/employees?limit=1").await)
            });
        }
        for (call, answer) in calls.join_all().await {
            assert!(is_fair(&answer), "{call}: {answer:?}");
        }
        // What is left is whole: one profile a record, one record a profile, and all of them are there.
        let links = app.get("/v1/links").await;
        let links = links.is(200)["data"].as_array().unwrap().clone();
        let of = |name: &str| {
            let mut all: Vec<String> =
                links.iter().map(|link| link[name].as_str().unwrap().to_owned()).collect();
            all.sort();
            let before = all.len();
            all.dedup();
            assert_eq!(all.len(), before, "{name} twice in {links:?}");
            all
        };
        of("record_id");
        for profile in of("profile_id") {
            app.get(&format!("/v1/profiles/employee/{profile}")).await.is(200);
        }
        let id = app.connection.id.clone();
        let store = &app.gateway.store;
        let present = store.read(move |db| records::present(db, &id, List::Employee, None, PageLimit::SCAN));
        assert!(present.await.unwrap().rows.len() >= 38);
    })
    .await;
}

#[derive(diesel::QueryableByName)]
struct Waiting {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    waiting: i64,
}

/// Whether somebody waits for a lock of this database.
async fn somebody_waits(store: &Store) -> bool {
    let read = store.read(|db| {
        let query = diesel::sql_query(
            "SELECT count(*) AS waiting FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        diesel::RunQueryDsl::get_result::<Waiting>(query, db.diesel()).map_err(store::Error::from)
    });
    read.await.unwrap().waiting > 0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_step_of_a_deletion_and_whoever_goes_on_to_lock_the_connection_wait_in_no_circle() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        let (store, now) = (&app.gateway.store, app.gateway.ambient.now());
        let [id, heard, gone] = [(); 3].map(|()| app.connection.id.clone());
        store.write(move |db| remove::mark(db, &id, now)).await.unwrap();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go_on, goes_on) = std::sync::mpsc::channel();
        let locking = store.write(move |db| {
            // It refers to the connection from now on.
            webhooks::subscribe(db, &heard, None)?;
            let _ = begun.send(());
            let _ = goes_on.recv();
            locks::of(&heard).connection(db).map(drop)
        });
        let deleting = async {
            has_begun.await.unwrap();
            let step = store.write(move |db| purge::step(db, &gone, now));
            let waits = async {
                // SQLite has one writer: the step has not begun.
                while store.engine() == Engine::Postgres && !somebody_waits(store).await {
                    tokio::task::yield_now().await;
                }
                go_on.send(()).unwrap();
            };
            tokio::join!(step, waits).0
        };
        let (locked, deleted) = tokio::join!(locking, deleting);
        locked.unwrap();
        assert!(deleted.unwrap(), "all of it is gone");
    })
    .await;
}
