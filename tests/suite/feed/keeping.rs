//! What is kept of the feed, and for how long.

use chrono::TimeDelta;
use diesel::{Connection as _, connection::SimpleConnection};
use rollcall::{
    domain::words::List,
    sync::{
        feed,
        retention::{Kept, forget},
    },
};
use serde_json::json;

use super::{after, kinds, members, next};
use crate::support::{TestApp, TestDatabase, people};

fn execute(database: &TestDatabase, sql: &str) {
    match database.url.strip_prefix("sqlite:") {
        Some(path) => {
            let mut connection = diesel::SqliteConnection::establish(path).unwrap();
            // A worker may be writing.
            connection.batch_execute(&format!("PRAGMA busy_timeout = 10000; {sql}")).unwrap();
        }
        None => diesel::PgConnection::establish(&database.url).unwrap().batch_execute(sql).unwrap(),
    }
}

/// All that has happened so far is forgotten.
async fn forget_all(app: &TestApp) {
    let (days, later) = (TimeDelta::days(90), app.gateway.ambient.now() + TimeDelta::days(91));
    let kept = Kept { changes: days, runs: days, versions: days, audit: None };
    forget(&app.gateway.store, kept, later).await.unwrap();
}

#[tokio::test]
async fn a_cursor_that_is_too_old_is_refused_in_words_and_never_skipped() {
    TestApp::each(async |app| {
        let begin = next(&app.get("/v1/changes?after=latest").await);
        app.stage(List::Employee, people(2)).await;
        let id = app.get("/v1/employees").await.is(200)["data"][0]["id"].as_str().unwrap().to_owned();
        app.send("POST", &format!("/v1/employees/{id}/profile"), json!({ "profile_id": "u-1" }))
            .await
            .is(201);
        let (middle, newest) =
            (next(&app.get("/v1/changes?limit=1").await), next(&app.get("/v1/changes?after=latest").await));
        forget_all(app).await;
        for old in [&begin, &middle] {
            let refused = after(app, old).await;
            let remedy = refused.problem(410, "cursor_expired")["remedy"].as_str().unwrap();
            assert!(remedy.contains("after=latest"), "{remedy}");
        }
        // Whoever had read all goes on, and the positions with them; who begins gets what is left: nothing yet.
        assert_eq!(after(app, &newest).await.is(200)["data"], json!([]));
        assert_eq!(app.get("/v1/changes").await.is(200)["data"], json!([]));
        app.stage(List::Employee, people(3)).await;
        for whole in [after(app, &newest).await, app.get("/v1/changes").await] {
            assert_eq!(members(whole.is(200), "position"), [json!(5)]);
        }
        // What made a link that is still there stands in its record's history, and can be undone.
        let history = app.get(&format!("/v1/employees/{id}/history")).await;
        let changes = history.is(200)["changes"].as_array().unwrap().clone();
        assert_eq!(changes.iter().map(|change| &change["kind"]).collect::<Vec<_>>(), [&json!("linked")]);
        let undo = format!("/v1/changes/{}/undo", changes[0]["position"]);
        assert!(app.send("POST", &undo, None).await.is(200)["link"].is_null());
        // Once more and in small steps, as the workers do.
        forget_all(app).await;
        after(app, &newest).await.problem(410, "cursor_expired");
    })
    .await;
}

#[tokio::test]
async fn after_a_backup_was_restored_every_reader_starts_anew() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(2)).await;
        let cursor = next(&app.get("/v1/changes?after=latest").await);
        after(app, &cursor).await.is(200);
        feed::new_epoch(&app.gateway.store, &app.gateway.ambient).await.unwrap();
        after(app, &cursor).await.problem(410, "cursor_expired");
        let anew = app.get("/v1/changes").await;
        assert_eq!(members(anew.is(200), "position"), [json!(1), json!(2)]);
        after(app, &next(&anew)).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn the_restore_of_a_backup_is_seen_even_if_nobody_says_so_once_a_position_was_never_given_out() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        app.stage(List::Employee, people(2)).await;
        let cursor = next(&app.get("/v1/changes?after=latest").await);
        execute(database, "DELETE FROM changes WHERE position = 2; UPDATE feed_positions SET last = 1");
        after(&app, &cursor).await.problem(410, "cursor_expired");
    })
    .await;
}

#[tokio::test]
async fn a_removed_connection_is_told_record_by_record_and_its_changes_stay() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(3)).await;
        let cursor = next(&app.get("/v1/changes?after=latest").await);
        app.admin("DELETE", &format!("/v1/connections/{}?confirm=true", app.connection.id), None)
            .await
            .is(204);
        let removed = after(app, &cursor).await;
        assert_eq!(kinds(removed.is(200)), ["record_removed"; 3]);
        let mut names: Vec<_> = members(removed.is(200), "external_id");
        names.sort_by_key(ToString::to_string);
        assert_eq!(names, [json!("P-0000"), json!("P-0001"), json!("P-0002")]);
        assert_eq!(members(removed.is(200), "connection_id"), vec![json!(app.connection.id); 3]);
        let all = app.get("/v1/changes").await;
        assert_eq!(kinds(all.is(200))[..3], ["created"; 3]);
        // Of a company that is gone nothing is left in the end.
        app.admin("DELETE", &format!("/v1/companies/{}", app.company.id), None).await.is(204);
        after(app, &cursor).await.problem(422, "company_needed");
        forget_all(app).await;
        let left = app.gateway.store.read(rollcall::store::prune::feeds).await.unwrap();
        assert_eq!(left, Vec::<String>::new());
    })
    .await;
}

/// The tables before the feed had positions.
fn old_tables(database: &TestDatabase) -> String {
    let engine = if database.url.starts_with("sqlite:") { "sqlite" } else { "postgres" };
    let path = format!("{}/migrations/{engine}/2026-11-27-000030_feed/down.sql", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn what_has_happened_before_the_feed_had_positions_gets_them_company_by_company() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        let (_, connection) = app.add_company("Globex").await;
        app.stage(List::Employee, people(2)).await;
        app.stage_from(&connection, List::Customer, people(2)).await;
        app.stage(List::Customer, people(1)).await;
        let before = app.admin("GET", "/v1/changes?company=Acme", None).await;
        execute(database, &old_tables(database));
        execute(database, "DELETE FROM __diesel_schema_migrations WHERE version = '20261127000030'");
        // Of the oldest change the old tables say that it was looked through.
        execute(database, "UPDATE pruned SET up_to = 1");
        app.gateway.store.migrate().unwrap();
        feed::ensure_epoch(&app.gateway.store, &app.gateway.ambient).await.unwrap();
        let mut cut_short = Vec::new();
        for company in ["Acme", "Globex"] {
            let all = app.admin("GET", &format!("/v1/changes?company={company}"), None).await;
            cut_short.push(members(all.is(200), "position"));
            if company == "Acme" {
                for member in ["external_id", "record_id", "connection_id", "version", "list", "at", "run_id"]
                {
                    let (then, now) = (members(before.is(200), member), members(all.is(200), member));
                    assert_eq!(then[then.len() - now.len()..], now[..], "{member}");
                }
            }
        }
        cut_short.sort_by_key(Vec::len);
        assert_eq!(cut_short.concat().len(), 4, "{cut_short:?}");
        // And it goes on.
        app.stage(List::Employee, people(3)).await;
        let all = app.admin("GET", "/v1/changes?company=Acme", None).await;
        assert_eq!(members(all.is(200), "position").last(), Some(&json!(4)));
    })
    .await;
}
