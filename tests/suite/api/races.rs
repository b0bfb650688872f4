//! Promise 5 under load: the database decides, and the losers are told.

use std::{sync::Arc, time::Duration};

use rollcall::{
    domain::{
        event::{Event, Message},
        words::{Kind, List, RunState},
    },
    store::{connections::Connection, runs},
    sync::{
        inbox::InboxProcessor,
        register::{self, ConnectionDraft},
    },
};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{ids, link, put_profile};
use crate::support::{Answer, TestApp, TestDatabase, granted, people};

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

/// Sends requests of the admin at the same time.
async fn at_once(app: &Arc<TestApp>, calls: Vec<(&'static str, String, Option<Value>)>) -> Vec<Answer> {
    let mut under_way = JoinSet::new();
    for (method, path, body) in calls {
        let app = app.clone();
        under_way.spawn(async move { app.admin(method, &path, body).await });
    }
    under_way.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_of_a_connection_at_once_none_is_lost() {
    TestDatabase::each(async |database| {
        let app = Arc::new(TestApp::start(database).await);
        let path = format!("/v1/connections/{}", app.connection.id);
        for round in 0..20 {
            let paused = round % 2 == 0;
            let changes = [
                json!({ "paused": paused }),
                json!({ "name": format!("Round {round}") }),
                json!({ "settings": { "page_size": 100 + round } }),
                json!({ "settings": { "run_every_minutes": 20 + round } }),
            ];
            let calls = changes.map(|change| ("PATCH", path.clone(), Some(change)));
            for answer in at_once(&app, calls.into()).await {
                answer.is(200);
            }
            let shown = app.get(&path).await;
            let body = shown.is(200);
            assert_eq!(body["paused"], paused, "round {round}");
            assert_eq!(body["name"], format!("Round {round}"));
            assert_eq!(body["settings"]["page_size"], 100 + round);
            assert_eq!(body["settings"]["run_every_minutes"], 20 + round);
        }
    })
    .await;
}

/// A connection that is polled and that hears webhooks, with ten people of whom eight are asked about by a hold.
async fn busy(app: &TestApp, name: &str) -> Connection {
    let (ambient, vault) = (app.gateway.ambient.clone(), app.gateway.vault.clone());
    let mut draft = ConnectionDraft::new(Kind::Connectwise, &app.company.id);
    draft.name = Some(name.to_owned());
    for (setting, value) in
        [("base_url", "https://api-na.myconnectwise.net"), ("company_id", "acme"), ("client_id", "x")]
    {
        draft.settings.insert(setting.into(), value.into());
    }
    for secret in ["public_key", "private_key"] {
        draft.secrets.insert(secret.into(), rollcall::domain::secret::Secret::new("x"));
    }
    let made =
        app.gateway.store.write(move |db| register::connection(db, &ambient, &vault, &granted(), &draft));
    let connection = made.await.unwrap().connection;
    app.stage_from(&connection, List::Employee, people(10)).await;
    app.stage_from(&connection, List::Employee, people(2)).await;
    connection
}

/// Works off the inbox, as a worker does.
async fn work(app: &TestApp, connection: &Connection) {
    for n in 0..5 {
        let events = [
            Event::SomethingChanged,
            Event::Upserted { list: List::Employee, records: people(n) },
            Event::Removed { list: List::Employee, external_ids: vec![format!("P-{n:04}")] },
        ];
        for (m, event) in events.into_iter().enumerate() {
            let message = Message {
                message_id: format!("{n} {m}"),
                name: "test".into(),
                told_at: None,
                event: Ok(event),
            };
            // Until the connection is gone.
            let _ = app.gateway.inbox.accept(&connection.id, message).await;
        }
        let processor = InboxProcessor {
            store: app.gateway.store.clone(),
            ambient: app.gateway.ambient.clone(),
            fetch: Arc::new(app.gateway.sources.clone()),
            vault: app.gateway.vault.clone(),
            gateway: "gw_test".into(),
            lease_for: Duration::from_secs(30),
            turn: Duration::from_mins(10),
            slots: Arc::new(Semaphore::new(4)),
            traffic: rollcall::sync::inbox::Traffic::default(),
            polls: Arc::default(),
        };
        let Some(lease) = processor.claim(&connection.id).await.unwrap() else { return };
        processor.work(&lease, None).await.unwrap();
        processor.release(lease).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn different_verbs_at_once_never_wait_for_each_other_in_a_circle() {
    TestDatabase::each(async |database| {
        let app = Arc::new(TestApp::start(database).await);
        for n in 0..4 {
            put_profile(&app, &format!("u-{n}"), "Ana").await.is(201);
        }
        for round in 0..6 {
            let connection = busy(&app, &format!("Round {round}")).await;
            let id = connection.id.clone();
            let read =
                app.gateway.store.read(move |db| runs::in_state(db, &id, List::Employee, RunState::Held));
            let held = read.await.unwrap().unwrap().id;
            let records = ids(&app, &format!("/v1/employees?connection={}", connection.id)).await;
            let inbox = {
                let (app, connection) = (app.clone(), connection.clone());
                tokio::spawn(async move { work(&app, &connection).await })
            };
            let path = format!("/v1/connections/{}", connection.id);
            let mut calls = vec![
                ("POST", format!("/v1/runs/{held}/approve"), None),
                ("PATCH", path.clone(), Some(json!({ "settings": { "requests_per_minute": 60 } }))),
                ("PATCH", path.clone(), Some(json!({ "paused": true, "secrets": { "public_key": "y" } }))),
                ("POST", format!("{path}/poll"), Some(json!({ "mode": "full" }))),
                ("POST", format!("{path}/poll"), None),
                ("DELETE", format!("{path}?confirm=true"), None),
            ];
            for (n, record) in records.iter().take(4).enumerate() {
                let link = Some(json!({ "profile_id": format!("u-{n}") }));
                calls.push(("PUT", format!("/v1/employees/{record}/link?app=Timesheets"), link));
                calls.push(("DELETE", format!("/v1/employees/{record}/link?app=Timesheets"), None));
            }
            for answer in at_once(&app, calls).await {
                assert!(answer.status.as_u16() < 500, "{}, {round}: {answer:?}", database.url);
            }
            inbox.await.unwrap();
        }
    })
    .await;
}
