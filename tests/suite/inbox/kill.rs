//! A webhook that was acknowledged survives `kill -9`, and happens once.

use std::{
    net::SocketAddr,
    process::Command,
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use rollcall::{
    domain::{
        ids::ConnectionId,
        words::{List, MessageState},
    },
    store::{PageLimit, Store, inbox, records, webhooks},
};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::support::{Process, SECRET_KEY, TestDatabase};

/// Runs the shipped binary; its answer.
fn rollcall(database: &TestDatabase, folder: &std::path::Path, arguments: &[&str]) -> Value {
    let done = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .args(arguments)
        .arg("--json")
        .current_dir(folder)
        .env("ROLLCALL_DATABASE_URL", &database.url)
        .envs([KEY])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

const KEY: (&str, &str) = ("ROLLCALL_SECRET_KEY", SECRET_KEY);

/// A lease of a gateway that was killed runs out soon.
const LEASE: (&str, &str) = ("ROLLCALL_LEASE", "2");

async fn push(address: SocketAddr, connection: &str, secret: &str, id: &str, body: &Value) -> u16 {
    let (body, sent) = (body.to_string(), Utc::now().timestamp());
    let signature = Webhook::new(secret).unwrap().sign(id, sent, body.as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(format!("http://{address}/webhooks/{connection}?recordId=7"))
        .header("webhook-id", id)
        .header("webhook-timestamp", sent.to_string())
        .header("webhook-signature", signature)
        .body(body);
    request.send().await.unwrap().status().as_u16()
}

async fn until_done(store: &Store, connection: &ConnectionId, count: usize) {
    let started = Instant::now();
    loop {
        let id = connection.to_owned();
        let read =
            store.read(move |db| inbox::page(db, &id, Some(MessageState::Done), None, PageLimit::SCAN));
        if read.await.unwrap().rows.len() == count {
            return;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "the messages are not dealt with");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill_and_happens_once() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    TestDatabase::each(async |database| {
        let folder = tempfile::tempdir().unwrap();
        rollcall(database, folder.path(), &["company", "add", "Acme"]);
        let made = rollcall(database, folder.path(), &["connection", "add", "push", "--company", "Acme"]);
        let (id, secret) = (made["id"].as_str().unwrap(), made["webhook_secret"].as_str().unwrap());
        let store = database.open();
        // Nobody deals with it before the kill: somebody else has the lease.
        let (connection, now) = (id.to_owned(), Utc::now());
        let claim = move |db: &mut rollcall::store::WriteDb| {
            webhooks::claim(db, &connection.into(), "the test", now, now + TimeDelta::hours(1))
        };
        let lease = store.write(claim).await.unwrap().unwrap();
        let row = json!({ "external_id": "7", "first_name": "Ana", "last_name": "Ruiz", "active": true });
        let body = json!({ "type": "employees.upserted", "data": [row] });
        let gateway = Process::start_with(database, &[KEY]).await;
        assert_eq!(push(gateway.address, id, secret, "m1", &body).await, 202);
        gateway.kill();
        let connection = id.to_owned();
        store.write(move |db| webhooks::release(db, &connection.into(), lease, now)).await.unwrap();
        let gateway = Process::start_with(database, &[KEY, LEASE]).await;
        // The sender heard nothing, and sends it again.
        assert_eq!(push(gateway.address, id, secret, "m1", &body).await, 202);
        until_done(&store, &id.into(), 1).await;
        // Killed whenever: while many are dealt with.
        for round in 0..3 {
            for n in 0..20 {
                let body = json!({ "type": "employees.upserted", "data": [
                    { "external_id": format!("{round}-{n}"), "first_name": "Bo", "last_name": "Li", "active": true }] });
                let message = format!("{round}-{n}");
                assert_eq!(push(gateway.address, id, secret, &message, &body).await, 202);
            }
        }
        gateway.kill();
        let _gateway = Process::start_with(database, &[KEY, LEASE]).await;
        until_done(&store, &id.into(), 61).await;
        let connection = id.to_owned();
        let staged = store.read(move |db| {
            records::present(db, &connection.into(), List::Employee, None, PageLimit::SCAN)
        });
        let staged = staged.await.unwrap().rows;
        assert_eq!(staged.len(), 61);
        assert!(staged.iter().all(|record| record.version == 1), "each once");
    })
    .await;
}
