//! `POST /webhooks/{connection_id}`: whoever is not known learns nothing, and leaves nothing.

use rollcall::{
    domain::{
        event::Message,
        ids::ConnectionId,
        secret::Secret,
        words::{Kind, MessageState},
    },
    store::{PageLimit, inbox},
    sync::{
        inbox::{NotAccepted, WebhookCredentials},
        register::{self, ConnectionDraft},
    },
};
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{TestApp, granted};

const SECRET: &str = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

async fn push(app: &TestApp) -> ConnectionId {
    let (ambient, vault) = (app.gateway.ambient.clone(), app.gateway.vault.clone());
    let mut draft = ConnectionDraft::new(Kind::Push, &app.company.id);
    draft.secrets.insert("webhook_secret".into(), Secret::new(SECRET));
    let made =
        app.gateway.store.write(move |db| register::connection(db, &ambient, &vault, &granted(), &draft));
    made.await.unwrap().connection.id
}

/// Sends a signed message that says it is `age` seconds old; the status.
async fn sign(app: &TestApp, id: &str, message: &str, age: i64, body: &str) -> u16 {
    sign_with(SECRET, app, id, message, age, body).await
}

async fn sign_with(secret: &str, app: &TestApp, id: &str, message: &str, age: i64, body: &str) -> u16 {
    let sent = chrono::Utc::now().timestamp() - age;
    let signature =
        standardwebhooks::Webhook::new(secret).unwrap().sign(message, sent, body.as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(format!("http://{}/webhooks/{id}", app.address))
        .header("webhook-id", message)
        .header("webhook-timestamp", sent.to_string())
        .header("webhook-signature", signature)
        .body(body.to_owned());
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_signed_message_is_kept_once_and_one_that_is_stale_or_unreadable_not_at_all() {
    TestApp::each(async |app| {
        let id = push(app).await;
        let body = r#"{"type":"employees.removed","data":[{"external_id":"7"}],"ssn":"123-45-6789"}"#;
        assert_eq!(sign(app, &id, "m1", 0, body).await, 202);
        assert_eq!(sign(app, &id, "m1", 60, body).await, 202);
        assert_eq!(kept(app, &id).await, 1);
        assert_eq!(sign(app, &id, "m2", 400, body).await, 401);
        assert_eq!(sign(app, &id, "m3", 0, r#"{"type":"employees.danced","data":[]}"#).await, 422);
        assert_eq!(kept(app, &id).await, 1);
        let metrics = app.get("/metrics").await.text;
        for line in ["accepted_total 1", "duplicate_total 1", "refused_total{reason=\"stale\"} 1"] {
            assert!(metrics.contains(&format!("rollcall_webhooks_{line}")), "{metrics}");
        }
        let told = app.admin("GET", &format!("/v1/connections/{id}/messages"), None).await;
        assert!(!told.text.contains("123-45"), "only what is staged is kept");
        let message = &told.is(200)["data"][0];
        assert!(message["content"].is_null(), "a list does not grow with what was told");
        let path = format!("/v1/messages/{}", message["id"].as_str().unwrap());
        assert_eq!(app.admin("GET", &path, None).await.is(200)["content"]["external_ids"][0], "7");
        app.get(&path).await.problem(403, "scope_missing");
        let (other, _) = app.add_company("Other").await;
        let stranger = app.add_app("Stranger", &[&other.id]).await;
        let refused = app.call(reqwest::Method::GET, &path, Some(&stranger), None).await;
        refused.problem(404, "message_not_found");
    })
    .await;
}

/// Changes the secret where the gateway is told of nothing, as another one would.
async fn change_secret(app: &TestApp, id: &ConnectionId, secret: &'static str) {
    let (id, now, vault) = (id.to_owned(), app.gateway.ambient.now(), app.gateway.vault.clone());
    let put =
        app.gateway.store.write(move |db| vault.put(db, &id, "webhook_secret", &Secret::new(secret), now));
    put.await.unwrap();
}

const OTHER: &str = "whsec_CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";

#[tokio::test]
async fn a_changed_secret_and_a_deleted_connection_count_at_once() {
    TestApp::each(async |app| {
        let id = push(app).await;
        let body = r#"{"type":"employees.removed","data":[{"external_id":"7"}]}"#;
        assert_eq!(sign(app, &id, "m1", 0, body).await, 202);
        change_secret(app, &id, OTHER).await;
        assert_eq!(sign(app, &id, "m2", 0, body).await, 401, "the secret of before");
        assert_eq!(sign_with(OTHER, app, &id, "m3", 0, body).await, 202);
        change_secret(app, &id, SECRET).await;
        assert_eq!(sign(app, &id, "m4", 0, body).await, 202, "known as another, and looked up again");
        assert_eq!(sign_with(OTHER, app, &id, "m5", 0, body).await, 401);
        assert_eq!(kept(app, &id).await, 3);
        app.admin("DELETE", &format!("/v1/connections/{id}?confirm=true"), None).await;
        assert_eq!(sign(app, &id, "m6", 0, body).await, 401, "it is not there any more");
    })
    .await;
}

#[tokio::test]
async fn what_was_verified_by_a_secret_that_changed_meanwhile_is_not_kept() {
    TestApp::each(async |app| {
        let id = push(app).await;
        let known = async || {
            let (id, vault) = (id.clone(), app.gateway.vault.clone());
            let read = app.gateway.store.read(move |db| WebhookCredentials::read(db, &vault, &id));
            std::sync::Arc::new(read.await.unwrap().unwrap())
        };
        let message = |id: &str| Message {
            message_id: id.into(),
            name: "test".into(),
            told_at: None,
            event: Ok(rollcall::domain::event::Event::Nothing),
        };
        let (before, inbox) = (known().await, &app.gateway.inbox);
        inbox.accept_verified(&before, message("m1"), &[]).await.unwrap();
        change_secret(app, &id, OTHER).await;
        let refused = inbox.accept_verified(&before, message("m2"), &[]).await;
        assert!(matches!(refused, Err(NotAccepted::Changed)), "{refused:?}");
        inbox.accept_verified(&known().await, message("m3"), &[]).await.unwrap();
        assert_eq!(kept(app, &id).await, 2);
    })
    .await;
}

async fn kept(app: &TestApp, connection_id: &ConnectionId) -> usize {
    let id = connection_id.to_owned();
    let read = app.gateway.store.read(move |db| inbox::page(db, &id, None, None, PageLimit::SCAN));
    read.await.unwrap().rows.len()
}

#[tokio::test]
async fn whoever_is_not_known_gets_one_answer_and_leaves_only_a_count() {
    TestApp::each(async |app| {
        let id = push(app).await;
        let body = json!({ "type": "employees.upserted", "data": [] });
        let mut answers = Vec::new();
        for path in ["con_nobody", &app.connection.id, &id, "%00", "x%20y?recordId=7&action=updated"] {
            let path = format!("/webhooks/{path}");
            let answer = app.call(reqwest::Method::POST, &path, None, Some(body.clone())).await;
            let mut problem = answer.problem(401, "webhook_not_accepted").clone();
            problem["request_id"] = json!(null);
            answers.push((problem, answer.headers["www-authenticate"].clone()));
        }
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
        assert_eq!(kept(app, &id).await, 0);
        let metrics = app.get("/metrics").await.text;
        assert!(
            metrics.contains("rollcall_webhooks_refused_total{reason=\"unknown_connection\"} 3"),
            "{metrics}"
        );
        assert!(metrics.contains("rollcall_webhooks_accepted_total 0"));
        app.send("GET", &format!("/webhooks/{id}"), None).await.is(405);
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whoever_sends_it() {
    TestApp::each(async |app| {
        let id = push(app).await;
        let large = json!({ "data": "x".repeat(4 << 20) });
        assert_eq!(sign(app, &id, "m1", 0, &large.to_string()).await, 413);
        assert_eq!(kept(app, &id).await, 0);
    })
    .await;
}

/// The head of an answer to a request that never sends its body.
async fn without_body(app: &TestApp, id: &str, headers: &str) -> String {
    let mut socket = TcpStream::connect(app.address).await.unwrap();
    let head = format!("POST /webhooks/{id} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n{headers}\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn whoever_cannot_be_the_sender_is_refused_before_a_body_is_read() {
    TestApp::each(async |app| {
        let id = push(app).await;
        let signed = "webhook-id: x\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,x\r\n";
        for (id, headers) in [("con_nobody", signed), (&app.connection.id, signed), (&id, "")] {
            let refused = tokio::time::timeout(Duration::from_secs(30), without_body(app, id, headers));
            assert_eq!(refused.await.expect("it does not wait for the body"), "HTTP/1.1 401", "{id}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_same_id_with_something_else_under_it_is_refused_and_counted() {
    TestApp::each(async |app| {
        let id = push(app).await;
        let body = |who: &str| format!(r#"{{"type":"employees.removed","data":["{who}"]}}"#);
        assert_eq!(sign(app, &id, "m1", 0, &body("7")).await, 202);
        assert_eq!(sign(app, &id, "m1", 0, &body("8")).await, 409);
        let spaced = body("7").replace(',', " , ");
        assert_eq!(sign(app, &id, "m1", 0, &spaced).await, 202, "it says the same");
        // At the same time as well, and once the first one has been dealt with.
        let (one, other) = (body("1"), body("2"));
        let both = tokio::join!(sign(app, &id, "m2", 0, &one), sign(app, &id, "m2", 0, &other));
        assert_eq!(both.0 + both.1, 202 + 409);
        assert_eq!(kept(app, &id).await, 2);
        // When it was so is part of what it says.
        let at = |time: &str| format!(r#"{{"type":"employees.removed","timestamp":"{time}","data":["7"]}}"#);
        assert_eq!(sign(app, &id, "m3", 0, &at("2026-01-01T00:00:00.123456789Z")).await, 202);
        assert_eq!(sign(app, &id, "m3", 0, &at("2026-01-01T00:00:00.123456789Z")).await, 202);
        assert_eq!(sign(app, &id, "m3", 0, &at("2026-01-01T00:00:01Z")).await, 409);
        assert_eq!(sign(app, &id, "m3", 0, &body("7")).await, 409, "and whether that is said");
        let metrics = app.get("/metrics").await.text;
        assert!(metrics.contains("rollcall_webhooks_refused_total{reason=\"id_reused\"} 4"), "{metrics}");
    })
    .await;
}

#[tokio::test]
async fn what_was_given_up_is_looked_at_and_replayed_through_the_api() {
    TestApp::each(async |app| {
        let id = push(app).await;
        for n in 0..3 {
            let event = Err("it is not known".into());
            let message = Message { message_id: format!("m{n}"), name: "odd".into(), told_at: None, event };
            app.gateway.inbox.accept(&id, message).await.unwrap();
        }
        let now = app.gateway.ambient.now();
        let ids = app.admin("GET", &format!("/v1/connections/{id}/messages?limit=2"), None).await;
        let first = ids.is(200)["data"][0]["id"].as_str().unwrap().to_owned();
        assert!(ids.is(200)["next_cursor"].is_string());
        app.admin("POST", &format!("/v1/messages/{first}/replay"), None)
            .await
            .problem(409, "message_not_dead");
        let (message, problem) = (first.clone(), rollcall::domain::problem::Problem::new("x", "Why.", "Do."));
        app.gateway.store.write(move |db| inbox::dead(db, &message.into(), &problem, now)).await.unwrap();
        let dead = app.admin("GET", &format!("/v1/connections/{id}/messages?state=dead"), None).await;
        assert_eq!(dead.is(200)["data"].as_array().unwrap().len(), 1);
        assert_eq!(dead.is(200)["data"][0]["problem"]["detail"], "Why.");
        app.send("POST", &format!("/v1/messages/{first}/replay"), None).await.problem(403, "scope_missing");
        let replayed = app.admin("POST", &format!("/v1/messages/{first}/replay"), None).await;
        assert_eq!(replayed.is(200)["state"], MessageState::Pending.as_str());
        assert_eq!(replayed.is(200)["attempts"], 0);
        app.admin("POST", "/v1/messages/msg_none/replay", None).await.problem(404, "message_not_found");
    })
    .await;
}
