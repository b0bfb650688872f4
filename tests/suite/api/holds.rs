//! Promise 3: a mass absence waits for a person.

use reqwest::Method;
use rollcall::{
    domain::{
        hold::Gone,
        words::{List, Mode, RunState},
    },
    store::{Result, runs::Run},
    sync::{reconcile, run},
};
use serde_json::json;

use super::{ids, texts};
use crate::support::{TestApp, people};

async fn held(app: &TestApp) -> String {
    app.stage(List::Employee, people(30)).await;
    app.stage(List::Employee, people(5)).await.id.into()
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
async fn the_runs_of_all_connections_are_listed_by_state_to_those_who_see_them() {
    TestApp::each(async |app| {
        let run = held(app).await;
        let (company, connection) = app.add_company("Birch").await;
        app.stage_from(&connection, List::Employee, people(3)).await;
        let list = async |query: &str| texts(app.get(&format!("/v1/runs?{query}")).await.is(200), "id");
        assert_eq!(list("state=held").await, [run.as_str()]);
        assert_eq!(list("").await.len(), 2, "another company's are not there");
        app.get(&format!("/v1/runs?company={}", company.id)).await.problem(404, "company_not_found");
        let all = app.admin("GET", "/v1/runs?limit=2", None).await;
        assert_eq!(
            (all.is(200)["data"].as_array().unwrap().len(), all.is(200)["next_cursor"].is_string()),
            (2, true)
        );
        let theirs = app.admin("GET", &format!("/v1/runs?connection={}", connection.id), None).await;
        assert_eq!(theirs.is(200)["data"].as_array().unwrap().len(), 1);
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
async fn a_hold_is_decided_by_a_token_with_the_scope_manage_in_its_companies() {
    TestApp::each(async |app| {
        let (birch, _) = app.add_company("Birch").await;
        let run = format!("/v1/runs/{}", held(app).await);
        let manager = async |name: &str, company: &str| {
            let draft = json!({ "name": name, "companies": [company], "scopes": ["manage"] });
            let made = app.admin("POST", "/v1/apps", draft).await;
            made.is(201)["token"].as_str().unwrap().to_owned()
        };
        let (foreign, own) = (manager("Foreign", &birch.id).await, manager("Own", &app.company.id).await);
        for decision in ["approve", "reject"] {
            let path = format!("{run}/{decision}");
            let refused = app.send("POST", &path, None).await;
            assert!(refused.problem(403, "scope_missing")["detail"].as_str().unwrap().contains("`manage`"));
            app.call(Method::POST, &path, Some(&foreign), None).await.problem(404, "run_not_found");
        }
        app.call(Method::GET, &run, Some(&own), None).await.problem(403, "scope_missing");
        let decided = app.call(Method::POST, &format!("{run}/reject"), Some(&own), None).await;
        assert_eq!(decided.is(200)["decision"]["by"], "app Own");
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
            let delta = run::start(db, &ambient, &connection, List::Employee, Mode::Delta)?;
            rollcall::sync::ingest::batch(db, &ambient, &delta, &people(12)[10..], None)?;
            reconcile::finish(db, &delta, &Gone::Unknown, None, ambient.now())
        });
        seen.await.unwrap();
        let approved = app.admin("POST", &format!("{run}/approve"), None).await;
        assert_eq!(approved.is(200)["absent"], 23);
        assert_eq!(ids(app, "/v1/employees?absent=true").await.len(), 23);
    })
    .await;
}

/// A run of changes in which the source names those people as deleted whose numbers are given.
async fn delta(app: &TestApp, gone: std::ops::Range<usize>) -> Run {
    let (ambient, connection) = (app.gateway.ambient.clone(), app.connection.clone());
    let gone = people(gone.end).split_off(gone.start).into_iter().map(|record| record.external_id).collect();
    let read = app.gateway.store.write(move |db| -> Result<Run> {
        let delta = run::start(db, &ambient, &connection, List::Employee, Mode::Delta)?;
        reconcile::finish(db, &delta, &Gone::Named(gone), None, ambient.now())
    });
    read.await.unwrap()
}

async fn named(app: &TestApp, run: &Run) -> Vec<String> {
    let page = app.get(&format!("/v1/runs/{}/absences", run.id)).await;
    let mut named = texts(page.is(200), "external_id");
    named.sort();
    named
}

#[tokio::test]
async fn every_run_names_those_whom_it_found_absent() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(30)).await;
        let whole = app.stage(List::Employee, people(28)).await;
        assert_eq!((whole.state, whole.absent), (RunState::Complete, 2));
        assert_eq!(named(app, &whole).await, ["P-0028", "P-0029"]);
        let changes = delta(app, 26..28).await;
        assert_eq!((changes.state, changes.absent), (RunState::Complete, 2));
        assert_eq!(named(app, &changes).await, ["P-0026", "P-0027"]);
        assert_eq!(ids(app, "/v1/employees?absent=true").await.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn removals_that_a_source_names_in_small_runs_are_held_when_they_are_many_together() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(30)).await;
        assert_eq!(delta(app, 0..4).await.state, RunState::Complete);
        let held = delta(app, 4..7).await;
        assert_eq!((held.state, held.absent), (RunState::Held, 3), "seven in an hour");
        assert_eq!(delta(app, 0..7).await.absent, 3, "the four are gone already");
        let later = delta(app, 7..9).await;
        assert_eq!((later.state, later.absent), (RunState::Held, 5));
        let all = ["P-0004", "P-0005", "P-0006", "P-0007", "P-0008"];
        assert_eq!(named(app, &later).await, all, "nobody has decided about the three");
        assert_eq!(delta(app, 0..0).await.state, RunState::Complete, "nobody is named");
        let approve = format!("/v1/runs/{}/approve", later.id);
        assert_eq!(app.admin("POST", &approve, None).await.is(200)["absent"], 5);
        assert_eq!(delta(app, 9..10).await.state, RunState::Complete, "those approved do not count");
        assert_eq!(delta(app, 10..11).await.state, RunState::Held, "the others do");
        assert_eq!(ids(app, "/v1/employees?absent=true").await.len(), 10);
    })
    .await;
}

#[tokio::test]
async fn a_small_list_is_not_emptied_without_a_question() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(2)).await;
        let empty = app.stage(List::Employee, vec![]).await;
        assert_eq!((empty.state, empty.absent), (RunState::Held, 2));
        assert_eq!(delta(app, 0..2).await.state, RunState::Held);
        let one = app.stage(List::Employee, people(1)).await;
        assert_eq!((one.state, one.absent), (RunState::Complete, 1));
        assert_eq!(app.stage(List::Employee, vec![]).await.state, RunState::Complete, "one is no mass");
    })
    .await;
}
