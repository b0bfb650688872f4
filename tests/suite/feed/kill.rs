//! The shipped gateway is killed while it writes, and readers go on as if nothing had happened.

use std::{
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use chrono::Utc;
use rollcall::{domain::ids::CompanyId, store::Store};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use super::rebuilt::Rebuilt;
use crate::support::{Process, SECRET_KEY, TestDatabase};

const SETTINGS: [(&str, &str); 2] = [("ROLLCALL_SECRET_KEY", SECRET_KEY), ("ROLLCALL_LEASE", "2")];
const MESSAGES: usize = 60;

fn rollcall(database: &TestDatabase, arguments: &[&str]) -> Value {
    let done = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .args(arguments)
        .arg("--json")
        .current_dir(tempfile::tempdir().unwrap().path())
        .env("ROLLCALL_DATABASE_URL", &database.url)
        .envs(SETTINGS)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// The gateway that lives at present.
type Living = Arc<Mutex<Arc<Process>>>;

fn address(living: &Living) -> String {
    living.lock().unwrap().address.to_string()
}

/// Reads with every cursor until all is told; the external IDs and positions.
async fn follow(living: Living, token: String, done: Arc<AtomicBool>) -> Vec<(i64, String)> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
    let (mut after, mut told) = (String::new(), Vec::new());
    loop {
        let ended = done.load(Relaxed);
        let url = format!("http://{}/v1/changes?limit=7&wait=1&after={after}", address(&living));
        // It may be killed at any moment: the same cursor is sent again.
        let Ok(answer) = client.get(url).bearer_auth(&token).send().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let Ok(page) = answer.json::<Value>().await else { continue };
        let Some(data) = page["data"].as_array() else { continue };
        told.extend(data.iter().map(|change| {
            (change["position"].as_i64().unwrap(), change["external_id"].as_str().unwrap().to_owned())
        }));
        page["next"].as_str().unwrap().clone_into(&mut after);
        if ended && data.is_empty() {
            return told;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_killed_leaves_no_gap_in_the_feed() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    TestDatabase::each(async |database| {
        let company = rollcall(database, &["company", "add", "Acme"])["id"].as_str().unwrap().to_owned();
        let made = rollcall(database, &["connection", "add", "push", "--company", "Acme"]);
        let (id, secret) = (made["id"].as_str().unwrap(), made["webhook_secret"].as_str().unwrap());
        let app = rollcall(database, &["app", "add", "Timesheets", "--company", "Acme"]);
        let living = Arc::new(Mutex::new(Process::start_with(database, &SETTINGS).await));
        let done = Arc::new(AtomicBool::new(false));
        let token = app["token"].as_str().unwrap().to_owned();
        let reader = tokio::spawn(follow(living.clone(), token, done.clone()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for n in 0..MESSAGES {
            let rows: Vec<Value> = (0..20)
                .map(|row| json!({ "external_id": format!("{n}-{row}"), "first_name": "Bo", "last_name": "Li" }))
                .collect();
            let body = json!({ "type": "employees.upserted", "data": rows }).to_string();
            // Until it is acknowledged, by whichever gateway.
            loop {
                let sent = Utc::now().timestamp();
                let message = format!("m-{n}");
                let signature = Webhook::new(secret).unwrap().sign(&message, sent, body.as_bytes()).unwrap();
                let request = client
                    .post(format!("http://{}/webhooks/{id}", address(&living)))
                    .header("webhook-id", message)
                    .header("webhook-timestamp", sent.to_string())
                    .header("webhook-signature", signature)
                    .body(body.clone());
                if request.send().await.is_ok_and(|answer| answer.status() == 202) {
                    break;
                }
            }
            if n % 20 == 10 {
                let before = living.lock().unwrap().clone();
                before.kill();
                let next = Process::start_with(database, &SETTINGS).await;
                *living.lock().unwrap() = next;
            }
        }
        let store = database.open();
        until_staged(&store, &company.as_str().into(), MESSAGES * 20).await;
        done.store(true, Relaxed);
        let told = reader.await.unwrap();
        let positions: Vec<i64> = told.iter().map(|(position, _)| *position).collect();
        assert_eq!(positions, (1..=(MESSAGES * 20) as i64).collect::<Vec<_>>());
        let mut names: Vec<&str> = told.iter().map(|(_, name)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), MESSAGES * 20, "each once");
    })
    .await;
}

async fn until_staged(store: &Store, company: &CompanyId, count: usize) {
    let started = std::time::Instant::now();
    loop {
        let company = company.to_owned();
        let state = store.read(move |db| Rebuilt::of_database(db, &company)).await.unwrap();
        if state.records.len() == count {
            return;
        }
        assert!(started.elapsed() < Duration::from_mins(2), "{} of {count}", state.records.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
