//! Connections: set up, asked, tested.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use diesel::connection::{Connection as _, InstrumentationEvent};
use rollcall::{
    domain::{problem::Problem, words::List},
    service::connections::Connection,
    store::{PageLimit, connections, locks},
};
use serde_json::json;

use super::texts;
use crate::support::{TestApp, people};

#[tokio::test]
async fn a_connection_is_added_changed_and_deleted() {
    TestApp::each(async |app| {
        let draft = json!({ "kind": "quickbooks_desktop", "company": "Acme", "name": "Second",
            "settings": { "page_size": 100, "app_name": "Roll" } });
        let made = app.admin("POST", "/v1/connections", draft.clone()).await;
        let body = made.is(201);
        assert!(body["username"].as_str().unwrap().starts_with("acme-"), "{body}");
        assert_eq!(
            (&body["settings"]["page_size"], &body["settings"]["app_name"]),
            (&json!(100), &json!("Roll"))
        );
        let password = body["password"].as_str().unwrap();
        let path = format!("/v1/connections/{}", body["id"].as_str().unwrap());
        let shown = app.get(&path).await;
        assert!(!shown.text.contains(password) && shown.is(200)["desktop"]["username"] == body["username"]);
        app.admin("POST", "/v1/connections", draft).await.problem(409, "already_exists");

        let patch = json!({ "paused": true, "name": "Third", "settings": { "page_size": "" } });
        let changed = app.admin("PATCH", &path, patch).await;
        assert_eq!((&changed.is(200)["paused"], &changed.is(200)["name"]), (&json!(true), &json!("Third")));
        assert_eq!(
            (&changed.is(200)["settings"]["page_size"], &changed.is(200)["settings"]["app_name"]),
            (&json!(500), &json!("Roll"))
        );
        for settings in [json!({ "page_size": 0 }), json!({ "pages": 1 })] {
            let refused = app.admin("PATCH", &path, json!({ "settings": settings })).await;
            refused.problem(422, "invalid_settings");
        }
        let new = app.admin("POST", &format!("{path}/password"), None).await;
        assert_eq!(new.is(200)["username"], body["username"]);
        assert_ne!(new.is(200)["password"], body["password"]);
        assert_eq!(
            texts(app.get("/v1/connections?company=Acme").await.is(200), "name"),
            ["QuickBooks Desktop", "Third"]
        );
        app.admin("DELETE", &path, None).await.is(204);
        app.get(&path).await.problem(404, "connection_not_found");
        let none = json!({ "kind": "autotask", "company": "Acme" });
        app.admin("POST", "/v1/connections", none).await.problem(422, "no_connector");
        // Only what is taken is offered.
        let none = json!({ "kind": "foo", "company": "Acme" });
        let refused = app.admin("POST", "/v1/connections", none).await;
        let detail = refused.problem(422, "invalid_body")["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("paycom") && !detail.contains("autotask"), "{detail}");
    })
    .await;
}

#[tokio::test]
async fn the_qwc_file_is_a_download_without_a_password() {
    TestApp::each(async |app| {
        let path = format!("/v1/connections/{}/qwc", app.connection.id);
        app.get(&path).await.problem(403, "scope_missing");
        let file = app.admin("GET", &path, None).await;
        file.is(200);
        assert_eq!(file.headers["content-type"], "text/xml; charset=utf-8");
        assert_eq!(file.headers["content-disposition"], "attachment; filename=\"acme.qwc\"");
        let address = format!("http://localhost:{}/qbwc", app.address.port());
        assert!(file.text.contains("<QBWCXML>") && file.text.contains(&address), "{}", file.text);
    })
    .await;
}

#[tokio::test]
async fn a_poll_says_honestly_when_it_will_run() {
    TestApp::each(async |app| {
        let path = format!("/v1/connections/{}/poll", app.connection.id);
        let first = app.send("POST", &path, None).await;
        let body = first.is(202);
        assert_eq!(
            (&body["list"], &body["mode"], &body["state"]),
            (&json!("employee"), &json!("delta"), &json!("queued"))
        );
        assert_eq!((&body["runs"][0]["id"], &body["runs"][1]["list"]), (&body["id"], &json!("customer")));
        assert!(
            body["detail"].as_str().unwrap().contains("never called") && body["expected_at"].is_null(),
            "{body}"
        );

        see(app).await;
        let again = app.send("POST", &path, json!({ "mode": "full" })).await;
        let again = again.is(202);
        assert_eq!((&again["id"], &again["mode"]), (&body["id"], &json!("full")), "queued once, and widened");
        let time =
            |name: &str| again[name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert_eq!(time("expected_at") - time("last_seen_at"), chrono::TimeDelta::minutes(15));
        assert!(again["detail"].as_str().unwrap().contains("is expected at"), "{again}");
        app.send("POST", &path, json!({ "mode": "half" })).await.problem(422, "invalid_body");
        app.get(&format!("/v1/runs/{}", body["id"].as_str().unwrap())).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn runs_are_listed_newest_first() {
    TestApp::each(async |app| {
        let mut made = Vec::new();
        for n in 1..=3 {
            made.push(app.stage(List::Employee, people(n)).await.id);
        }
        // Newest first by their IDs: two of one millisecond may change places.
        made.sort_by(|a, b| b.cmp(a));
        let path = format!("/v1/connections/{}/runs", app.connection.id);
        let page = app.get(&format!("{path}?limit=2")).await;
        let next = page.is(200)["next_cursor"].as_str().unwrap();
        let rest = app.get(&format!("{path}?limit=2&cursor={next}")).await;
        let mut found = texts(page.is(200), "id");
        found.extend(texts(rest.is(200), "id"));
        assert_eq!(found, made);
        let received: u64 = [&page, &rest]
            .iter()
            .flat_map(|page| page.is(200)["data"].as_array().unwrap())
            .map(|run| run["received"].as_u64().unwrap())
            .sum();
        assert_eq!(received, 6);
    })
    .await;
}

#[tokio::test]
async fn a_test_tells_what_the_last_calls_have_shown() {
    TestApp::each(async |app| {
        let path = format!("/v1/connections/{}/test", app.connection.id);
        let never = app.send("POST", &path, None).await;
        assert_eq!((&never.is(200)["ok"], &never.is(200)["cause"]), (&json!(false), &json!("timeout")));
        assert!(never.is(200)["remedy"].is_string());
        see(app).await;
        let seen = app.send("POST", &path, None).await;
        assert_eq!((&seen.is(200)["ok"], &seen.is(200)["cause"]), (&json!(true), &json!(null)));
        let (id, now) = (app.connection.id.clone(), app.gateway.ambient.now());
        let problem = Problem::new("other_company_file", "Another file is open.", "Open the right one.");
        let set = app.gateway.store.write(move |db| {
            let lock = locks::of(&id).connection(db)?;
            connections::set_problem(db, &lock, Some(&problem), now)
        });
        set.await.unwrap();
        let wrong = app.send("POST", &path, None).await;
        assert_eq!(
            (&wrong.is(200)["ok"], &wrong.is(200)["remedy"]),
            (&json!(false), &json!("Open the right one."))
        );
    })
    .await;
}

/// The Web Connector calls.
#[tokio::test]
async fn connections_are_listed_by_kind_and_by_state() {
    TestApp::each(async |app| {
        for name in ["Birch", "Cedar"] {
            app.add_company(name).await;
        }
        let list = async |query: &str| {
            let page = app.admin("GET", &format!("/v1/connections?{query}"), None).await;
            (page.is(200)["data"].as_array().unwrap().len(), page.is(200)["next_cursor"].clone())
        };
        assert_eq!(list("kind=push").await.0, 0);
        assert_eq!(list("state=ok").await.0, 0);
        assert_eq!(list("kind=quickbooks_desktop&state=waiting").await.0, 3);
        let (first, next) = list("state=waiting&limit=2").await;
        let next = next.as_str().unwrap();
        assert_eq!((first, list(&format!("state=waiting&limit=2&cursor={next}")).await.0), (2, 1));
    })
    .await;
}

async fn see(app: &TestApp) {
    let (id, now) = (app.connection.id.clone(), app.gateway.ambient.now());
    app.gateway.store.write(move |db| connections::seen(db, &id, now).map(drop)).await.unwrap();
}

/// Promise 11, and a page of a consultant's fifty clients: what is read does not grow with what there is.
#[tokio::test]
async fn a_page_of_connections_takes_a_fixed_number_of_queries() {
    TestApp::each(async |app| {
        for name in ["Birch", "Cedar", "Dogwood", "Elm"] {
            app.add_company(name).await;
        }
        let all = app.gateway.store.read(|db| connections::page(db, None, None, PageLimit::DEFAULT));
        let all = all.await.unwrap().rows;
        assert_eq!(all.len(), 5);
        let one = queries_of(app, all.iter().take(1).cloned().collect()).await;
        assert_eq!(queries_of(app, all).await, one);
    })
    .await;
}

/// How many queries it takes to read these.
async fn queries_of(app: &TestApp, rows: Vec<connections::Connection>) -> usize {
    let (public_url, now) = (app.gateway.public_url.clone(), app.gateway.ambient.now());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let read = app.gateway.store.read(move |db| {
        db.diesel().set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        let read = Connection::read_all(db, rows, &public_url, now);
        db.diesel().set_instrumentation(|_: InstrumentationEvent<'_>| {});
        read
    });
    read.await.unwrap();
    count.load(Ordering::SeqCst)
}
