//! Promise 3: a mass absence waits for a person.

use rollcall::domain::{hold::Gone, words::List};
use serde_json::json;

use super::{ids, texts};
use crate::support::{TestApp, people};

async fn held(app: &TestApp) -> String {
    app.stage(List::Employee, people(30)).await;
    app.stage(List::Employee, people(5)).await.id
}

#[tokio::test]
async fn a_mass_absence_is_held_until_an_admin_decides() {
    TestApp::each(async |app| {
        let run = format!("/v1/runs/{}", held(app).await);
        let shown = app.get(&run).await;
        let body = shown.is(200);
        assert_eq!((&body["state"], &body["problem"]["code"]), (&json!("held"), &json!("mass_absence")));
        let hold = &body["hold"];
        assert_eq!((&hold["absent"], &hold["present_before"]), (&json!(25), &json!(30)));
        let named = hold["records"].as_array().unwrap();
        assert_eq!(named.len(), 20);
        assert_eq!(named[0]["name"].as_str().map(|name| name.starts_with("Person")), Some(true));
        assert!(ids(app, "/v1/employees?absent=true").await.is_empty());

        let first = app.get(&format!("{run}/absences?limit=15")).await;
        let next = first.is(200)["next_cursor"].as_str().unwrap();
        let second = app.get(&format!("{run}/absences?limit=15&cursor={next}")).await;
        let mut all = texts(first.is(200), "external_id");
        all.extend(texts(second.is(200), "external_id"));
        all.sort();
        all.dedup();
        assert_eq!((all.len(), &*all[0]), (25, "P-0005"));

        let approved = app.admin("POST", &format!("{run}/approve"), None).await;
        assert_eq!(approved.is(200)["state"], "complete");
        assert_eq!(approved.is(200)["decision"]["by"], "app Ops");
        assert_eq!(ids(app, "/v1/employees?absent=true").await.len(), 25);
        assert!(app.get(&run).await.is(200).get("hold").is_none());
        for decision in ["approve", "reject"] {
            app.admin("POST", &format!("{run}/{decision}"), None).await.problem(409, "run_not_held");
        }
        app.admin("POST", "/v1/runs/run_x/approve", None).await.problem(404, "run_not_found");
    })
    .await;
}

#[tokio::test]
async fn a_rejected_hold_marks_nobody() {
    TestApp::each(async |app| {
        let run = format!("/v1/runs/{}", held(app).await);
        let rejected = app.admin("POST", &format!("{run}/reject"), None).await;
        assert_eq!(rejected.is(200)["state"], "failed");
        assert_eq!(rejected.is(200)["decision"]["decision"], "rejected");
        assert!(ids(app, "/v1/employees?absent=true").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn approving_spares_those_who_came_back() {
    TestApp::each(async |app| {
        let run = format!("/v1/runs/{}", held(app).await);
        // A delta that shows two of them again.
        let (ambient, connection) = (app.gateway.ambient.clone(), app.connection.clone());
        let seen = app.gateway.store.write(move |db| {
            use rollcall::{domain::words::Mode, sync::*};
            let delta = run::start(db, &ambient, &connection, List::Employee, Mode::Delta)?;
            ingest::batch(db, &ambient, &delta, &people(12)[10..], None)?;
            reconcile::finish(db, &delta, &Gone::Unknown, None, ambient.now())
        });
        seen.await.unwrap();
        let approved = app.admin("POST", &format!("{run}/approve"), None).await;
        assert_eq!(approved.is(200)["absent"], 23);
        assert_eq!(ids(app, "/v1/employees?absent=true").await.len(), 23);
    })
    .await;
}
