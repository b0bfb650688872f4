//! A PostgreSQL that is restarted, stopped or killed in the middle of work.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use chrono::Utc;
use reqwest::Method;
use rollcall::{
    clock::Ambient,
    domain::words::{Kind, List},
    store::{PageLimit, companies, records},
    sync::register::{self, ConnectionDraft},
};
use serde_json::json;
use standardwebhooks::Webhook;
use tokio::task::JoinSet;

use crate::support::{PostgresServer, Process, TestApp, TestDatabase, granted, test_vault};

/// Sends each message again until it is accepted, under the same ID, as a sender does.
struct Sender {
    url: String,
    secret: String,
    client: reqwest::Client,
    /// The answers that were no acceptance.
    refused: AtomicUsize,
    accepted: AtomicUsize,
    stop: AtomicBool,
}

impl Sender {
    /// The external IDs of those that were accepted.
    async fn send(self: Arc<Self>, name: usize) -> Vec<String> {
        let mut accepted = Vec::new();
        while !self.stop.load(SeqCst) {
            let id = format!("{name}-{}", accepted.len());
            let row = json!({ "external_id": id, "first_name": "Ana", "last_name": "Ruiz" });
            let body = json!({ "type": "employees.upserted", "data": [row] }).to_string();
            let sent = Utc::now().timestamp();
            let signature = Webhook::new(&self.secret).unwrap().sign(&id, sent, body.as_bytes()).unwrap();
            let call = self.client.post(&self.url).header("webhook-id", &id).body(body);
            let call = call.header("webhook-timestamp", sent).header("webhook-signature", signature);
            match call.send().await.unwrap().status().as_u16() {
                202 => {
                    accepted.push(id);
                    self.accepted.fetch_add(1, SeqCst);
                }
                503 => {
                    self.refused.fetch_add(1, SeqCst);
                }
                other => panic!("answered {other}"),
            }
        }
        accepted
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_every_end_of_the_server_and_happens_once() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Some(server) = PostgresServer::start() else { return };
    let database = TestDatabase::of_own_server(server.url());
    let store = database.open();
    let made = store.write(|db| {
        let ambient = Ambient::system();
        let company = register::company(db, &ambient, &granted(), "Acme")?;
        register::connection(
            db,
            &ambient,
            &test_vault(),
            &granted(),
            &ConnectionDraft::new(Kind::Push, &company.id),
        )
    });
    let made = made.await.unwrap();
    let id = made.connection.id.clone();
    let secret = made.made.get("webhook_secret").unwrap().reveal().to_owned();
    let gateway = Process::start_with(&database, &[("ROLLCALL_LEASE", "2")]).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sender = Arc::new(Sender {
        url: format!("http://{}/webhooks/{id}", gateway.address),
        secret,
        client: client.clone(),
        refused: AtomicUsize::new(0),
        accepted: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
    });
    let mut senders = JoinSet::new();
    for name in 0..4 {
        senders.spawn(sender.clone().send(name));
    }
    let more = async || {
        let before = sender.accepted.load(SeqCst);
        while sender.accepted.load(SeqCst) < before + 50 {
            tokio::task::yield_now().await;
        }
    };
    for how in ["fast", "immediate", "immediate"] {
        more().await;
        let refused = sender.refused.load(SeqCst);
        server.down(how);
        while sender.refused.load(SeqCst) < refused + 10 {
            tokio::task::yield_now().await;
        }
        let ready = client.get(format!("http://{}/readyz", gateway.address)).send().await.unwrap();
        assert_eq!(ready.status(), 503);
        let alive = client.get(format!("http://{}/healthz", gateway.address)).send().await.unwrap();
        assert_eq!(alive.status(), 200);
        server.up();
    }
    more().await;
    sender.stop.store(true, SeqCst);
    let accepted: BTreeSet<String> = senders.join_all().await.into_iter().flatten().collect();
    // A message whose answer was lost may be there beside those.
    loop {
        let id = id.clone();
        let page = store.read(move |db| records::present(db, &id, List::Employee, None, PageLimit::SCAN));
        let Ok(page) = page.await else { continue };
        let staged: BTreeSet<String> = page.rows.iter().map(|record| record.external_id.clone()).collect();
        if accepted.is_subset(&staged) {
            assert!(staged.len() <= accepted.len() + 4, "{} of {}", staged.len(), accepted.len());
            assert!(page.rows.iter().all(|record| record.version == 1), "each once");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_two_calls_is_not_noticed() {
    let Some(server) = PostgresServer::start() else { return };
    let database = TestDatabase::of_own_server(server.url());
    let app = TestApp::start(&database).await;
    let companies = async |name: &str| {
        app.admin("POST", "/v1/companies", json!({ "name": name })).await.is(201);
        app.admin("GET", "/v1/companies", None).await.is(200);
        app.call(Method::GET, "/readyz", None, None).await.is(200);
    };
    for (how, name) in [("fast", "Birch"), ("immediate", "Cedar")] {
        companies(name).await;
        server.down(how);
        app.admin("GET", "/v1/companies", None).await.problem(503, "database_unavailable");
        app.admin("POST", "/v1/companies", json!({ "name": "Doe" }))
            .await
            .problem(503, "database_unavailable");
        // Why it cannot be reached is told, and not only that no connection came.
        let read = app.gateway.store.read(|db| companies::page(db, None, None, PageLimit::SCAN));
        let error = read.await.unwrap_err();
        assert!(error.is_unavailable() && error.to_string().contains("refused"), "{error}");
        server.up();
        while app.call(Method::GET, "/readyz", None, None).await.status != 200 {}
    }
    let page = app.gateway.store.read(|db| companies::page(db, None, None, PageLimit::SCAN)).await.unwrap();
    assert_eq!(page.rows.len(), 3);
}
