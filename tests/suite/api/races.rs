//! Promise 5 under load: the database decides, and the losers are told.

use std::sync::Arc;

use rollcall::domain::words::List;
use serde_json::json;
use tokio::task::JoinSet;

use super::{ids, link, put_profile};
use crate::support::{TestApp, TestDatabase, people};

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_links_of_one_record_exactly_one_wins() {
    TestDatabase::each(async |database| {
        let app = Arc::new(TestApp::start(database).await);
        app.stage(List::Employee, people(1)).await;
        let id = ids(&app, "/v1/employees").await.remove(0);
        let mut calls = JoinSet::new();
        for n in 0..16 {
            put_profile(&app, &format!("u-{n}"), "Ana").await.is(201);
        }
        for n in 0..16 {
            let (app, id) = (app.clone(), id.clone());
            calls.spawn(async move { (n, link(&app, &id, &format!("u-{n}")).await) });
        }
        let (won, lost): (Vec<_>, Vec<_>) =
            calls.join_all().await.into_iter().partition(|(_, answer)| answer.status == 201);
        let [(winner, _)] = &won[..] else { panic!("{} won: {lost:?}", won.len()) };
        for (_, answer) in &lost {
            let conflict = &answer.problem(409, "record_linked")["conflict"];
            assert_eq!(*conflict, json!({ "profile_id": format!("u-{winner}") }));
        }
        assert_eq!(app.get("/v1/links").await.is(200)["data"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_records_that_want_one_profile_exactly_one_wins() {
    TestDatabase::each(async |database| {
        let app = Arc::new(TestApp::start(database).await);
        app.stage(List::Employee, people(16)).await;
        put_profile(&app, "u-1", "Ana").await.is(201);
        let mut calls = JoinSet::new();
        for id in ids(&app, "/v1/employees").await {
            let app = app.clone();
            calls.spawn(async move { (link(&app, &id, "u-1").await, id) });
        }
        let (won, lost): (Vec<_>, Vec<_>) =
            calls.join_all().await.into_iter().partition(|(answer, _)| answer.status == 201);
        let [(_, winner)] = &won[..] else { panic!("{} won: {lost:?}", won.len()) };
        for (answer, _) in &lost {
            let conflict = &answer.problem(409, "profile_linked")["conflict"];
            assert_eq!(*conflict, json!({ "record_id": winner, "list": "employee" }));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_profile_written_many_times_at_once_is_one_profile() {
    TestDatabase::each(async |database| {
        let app = Arc::new(TestApp::start(database).await);
        let mut calls = JoinSet::new();
        for _ in 0..8 {
            let app = app.clone();
            calls.spawn(async move { put_profile(&app, "u-1", "Ana").await.status.as_u16() });
        }
        let mut statuses = calls.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
    })
    .await;
}
