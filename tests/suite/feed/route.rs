//! `GET /v1/changes`: parts, cursors, filters, waiting.

use std::time::{Duration, Instant};

use reqwest::Method;
use rollcall::domain::words::List;
use serde_json::{Value, json};

use super::{after, kinds, members, next};
use crate::support::{TestApp, TestDatabase, people, person};

async fn link_first(app: &TestApp) -> String {
    let id = app.get("/v1/employees?limit=1").await.is(200)["data"][0]["id"].as_str().unwrap().to_owned();
    app.send("PUT", "/v1/profiles/employee/u-1", json!({ "name": "Ana" })).await.is(201);
    app.send("PUT", &format!("/v1/employees/{id}/link"), json!({ "profile_id": "u-1" })).await.is(201);
    id
}

#[tokio::test]
async fn the_feed_tells_all_that_happens_in_its_order_each_thing_once() {
    TestApp::each(async |app| {
        let empty = app.get("/v1/changes").await;
        assert_eq!((&empty.is(200)["data"], &empty.is(200)["more"]), (&json!([]), &json!(false)));
        app.stage(List::Employee, people(3)).await;
        let id = link_first(app).await;
        app.send("PUT", "/v1/profiles/employee/u-1", json!({ "name": "Ana Ruiz" })).await.is(200);
        app.send("PUT", "/v1/profiles/employee/u-1", json!({ "name": "Ana Ruiz" })).await.is(200);
        app.send("DELETE", &format!("/v1/employees/{id}/link"), None).await.is(204);
        app.send("DELETE", "/v1/profiles/employee/u-1", None).await.is(204);
        app.stage(List::Employee, people(3).split_off(1)).await;
        app.stage(List::Employee, people(3)).await;
        let told = [
            "created",
            "created",
            "created",
            "profile_created",
            "linked",
            "profile_updated",
            "unlinked",
            "profile_removed",
            "absent",
            "returned",
        ];
        let all = after(app, &next(&empty)).await;
        assert_eq!(kinds(all.is(200)), told);
        assert_eq!(members(all.is(200), "position"), (1..=10).map(Value::from).collect::<Vec<_>>());
        let linked = &all.is(200)["data"][4];
        let record = app.get(&format!("/v1/employees/{id}")).await;
        for member in ["external_id", "connection_id"] {
            assert_eq!(linked[member], record.is(200)[member], "{linked}");
        }
        assert_eq!(linked["record_id"], json!(id));
        assert_eq!((&linked["profile_id"], &linked["version"]), (&json!("u-1"), &json!(1)));
        assert_eq!((&linked["list"], &linked["actor"]), (&json!("employee"), &json!("app Timesheets")));
        assert!(
            all.is(200)["data"][3]["record_id"].is_null() && all.is(200)["data"][0]["run_id"].is_string()
        );

        // In parts of any size it is the same, and a part may be read again.
        for limit in [1, 3, 9, 10, 1000] {
            let (mut cursor, mut found) = (String::new(), Vec::new());
            loop {
                let part = app.get(&format!("/v1/changes?limit={limit}&after={cursor}")).await;
                cursor = next(&part);
                found.extend(kinds(part.is(200)));
                if part.is(200)["more"] == json!(false) {
                    break;
                }
            }
            assert_eq!(found, told, "{limit}");
            assert_eq!(after(app, &cursor).await.is(200)["data"], json!([]));
            assert_eq!(cursor, next(&app.get("/v1/changes?after=latest").await));
        }
    })
    .await;
}

#[tokio::test]
async fn a_filter_moves_the_cursor_over_what_it_leaves_out() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(3)).await;
        app.stage(List::Customer, people(2)).await;
        link_first(app).await;
        let filtered = async |query: &str| {
            let part = app.get(&format!("/v1/changes?{query}")).await;
            assert_eq!(next(&part), next(&app.get("/v1/changes?after=latest").await), "{query}");
            kinds(part.is(200)).len()
        };
        assert_eq!(filtered("list=customer").await, 2);
        assert_eq!(filtered("list=employee").await, 5);
        assert_eq!(filtered("kind=linked").await, 1);
        assert_eq!(filtered("kind=linked,profile_created").await, 2);
        assert_eq!(filtered("kind=created&list=customer").await, 2);
        assert_eq!(filtered("kind=record_removed").await, 0);
        app.get("/v1/changes?kind=linked,vanished").await.problem(422, "invalid_kind");
        app.get("/v1/changes?list=robot").await.problem(400, "invalid_query");
        for limit in ["0", "1001", "-1"] {
            app.get(&format!("/v1/changes?limit={limit}")).await.problem(422, "invalid_limit");
        }
        for wait in ["-1", "26"] {
            app.get(&format!("/v1/changes?wait={wait}")).await.problem(422, "invalid_wait");
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_is_taken_where_it_was_given_and_nowhere_else() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(2)).await;
        let cursor = next(&app.get("/v1/changes?limit=1").await);
        let changed = format!("{}{}", &cursor[..20], if &cursor[20..21] == "A" { "B" } else { "A" });
        for wrong in ["x", "e30", "latest!", &cursor[1..], &changed, "%C3%A9"] {
            app.get(&format!("/v1/changes?after={wrong}")).await.problem(422, "bad_cursor");
        }
        app.add_company("Globex").await;
        app.admin("GET", "/v1/changes", None).await.problem(422, "company_needed");
        app.admin("GET", &format!("/v1/changes?company=Acme&after={cursor}"), None).await.is(200);
        let other = app.admin("GET", &format!("/v1/changes?company=Globex&after={cursor}"), None).await;
        other.problem(404, "company_not_found");
        app.get("/v1/changes?company=Globex").await.problem(404, "company_not_found");
        app.call(Method::GET, "/v1/changes", None, None).await.problem(401, "unauthorized");
    })
    .await;
}

#[tokio::test]
async fn each_company_has_a_feed_of_its_own_and_an_apps_ids_are_no_other_apps_business() {
    TestApp::each(async |app| {
        let (globex, connection) = app.add_company("Globex").await;
        app.stage_from(&connection, List::Employee, vec![person("G-1", "Gil", "Globex")]).await;
        app.stage(List::Employee, people(1)).await;
        link_first(app).await;
        let globex_token = app.add_app("Globex app", &[&globex.id]).await;
        let theirs = app.call(Method::GET, "/v1/changes", Some(&globex_token), None).await;
        assert_eq!(members(theirs.is(200), "external_id"), [json!("G-1")]);
        assert_eq!(members(theirs.is(200), "position"), [json!(1)]);

        let other = app.add_app("Payroll", &[&app.company.id]).await;
        let seen = app.call(Method::GET, "/v1/changes", Some(&other), None).await;
        assert_eq!(kinds(seen.is(200)), ["created", "profile_created", "linked"]);
        assert!(!seen.text.contains("u-1"), "{}", seen.text);
        let admin = app.admin("GET", "/v1/changes?company=Acme", None).await;
        assert_eq!(members(admin.is(200), "profile_id")[1..], [json!("u-1"), json!("u-1")]);
        // Undone by its position in the company's feed.
        let undo = app.call(Method::POST, "/v1/changes/3/undo", Some(&other), None).await;
        undo.problem(409, "not_undoable");
        app.send("POST", "/v1/changes/3/undo?company=Acme", None).await.is(200);
        app.admin("POST", "/v1/changes/3/undo", None).await.problem(422, "company_needed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_answered_at_the_next_change_and_not_before() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        let cursor = next(&app.get("/v1/changes?after=latest").await);
        let waiting = async {
            let part = app.get(&format!("/v1/changes?wait=25&kind=linked&after={cursor}")).await;
            kinds(part.is(200))
        };
        let begun = Instant::now();
        // What its filter leaves out does not end the wait.
        let doing = async {
            app.stage(List::Employee, people(3)).await;
            link_first(&app).await;
        };
        assert_eq!(tokio::join!(waiting, doing).0, ["linked"]);
        assert!(begun.elapsed() < Duration::from_secs(24), "it did not wait for its end");
        // Another process writes: it is seen as well.
        let other = database.open();
        let cursor = next(&app.get("/v1/changes?after=latest").await);
        let waiting = async { kinds(after(&app, &format!("{cursor}&wait=25")).await.is(200)) };
        let ambient = app.gateway.ambient.clone();
        let connection = app.connection.clone();
        let doing = other.write(move |db| {
            let lock = rollcall::store::locks::of(&connection.id).list(db, List::Customer)?;
            let place = rollcall::store::records::Place {
                company_id: &connection.company_id,
                lock: &lock,
                run_id: None,
                now: ambient.now(),
            };
            rollcall::sync::ingest::stage(db, &ambient, &place, &people(1))
        });
        let (told, done) = tokio::join!(waiting, doing);
        done.unwrap();
        assert_eq!(told, ["created"]);
        // Nothing comes: an empty part, and where to go on.
        let cursor = next(&app.get("/v1/changes?after=latest").await);
        let nothing = after(&app, &format!("{cursor}&wait=1")).await;
        assert_eq!((next(&nothing), &nothing.is(200)["data"]), (cursor, &json!([])));
    })
    .await;
}

/// Asking whether there is news costs one job before the database, whoever asks and wherever he begins.
#[tokio::test]
async fn a_page_of_the_feed_is_one_job_of_the_database() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(2)).await;
        let cursor = next(&app.get("/v1/changes?limit=1").await);
        app.admin("GET", "/v1/changes?company=Acme", None).await.is(200);
        // A job counts when its thread is done with it, a moment after its answer.
        let begun = async || loop {
            let [(_, read), ..] = app.gateway.store.load();
            if read.running == 0 && read.waiting == 0 {
                break read.begun;
            }
            tokio::task::yield_now().await;
        };
        for query in ["", "after=latest", "company=Acme&limit=1", &format!("after={cursor}&wait=25")] {
            for token in [&app.token, &app.admin] {
                let before = begun().await;
                let path = format!("/v1/changes?{query}");
                app.call(Method::GET, &path, Some(token), None).await.is(200);
                assert_eq!(begun().await - before, 1, "{path}");
            }
        }
    })
    .await;
}
