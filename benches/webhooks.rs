//! How fast webhooks are acknowledged, against the rate at which the same database commits.
//!
//! `cargo bench --bench webhooks` runs the shipped binary on SQLite and, where `ROLLCALL_TEST_POSTGRES_URL` is set, on
//! PostgreSQL. 32 connections send signed messages; each 202 comes after a durable commit. Beside it, in the same run:
//! one small insert a transaction by the raw driver, from one writer. Messages that arrive together share a commit, so
//! where a commit waits for a disk the ratio is above 1; where it costs nothing, the rest of a request decides (the
//! load comes from the same machine). Set `SECONDS` for another length than 5.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and stops at what it does not expect"
)]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use diesel::{Connection as _, RunQueryDsl, connection::SimpleConnection};
use rollcall::store::{Store, WriteDb, hooks};
use standardwebhooks::Webhook;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const CONNECTIONS: usize = 32;

fn main() {
    let seconds: u64 = std::env::var("SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let length = Duration::from_secs(seconds);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("{CONNECTIONS} connections                  req/s   p50 ms   p99 ms   raw commits/s   ratio");
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("bench.db").display().to_string();
    let raw = raw_sqlite(&format!("{file}.raw"), length);
    runtime.block_on(measure("SQLite", &format!("sqlite:{file}"), folder.path(), length, raw));
    let Ok(server) = std::env::var("ROLLCALL_TEST_POSTGRES_URL") else {
        println!("skipped: PostgreSQL (ROLLCALL_TEST_POSTGRES_URL is not set)");
        return;
    };
    let name = format!("rollcall_bench_{}", std::process::id());
    execute(&server, &format!("CREATE DATABASE {name}"));
    let mut url = url::Url::parse(&server).expect("a URL");
    url.set_path(&name);
    let raw = raw_postgres(url.as_str(), length);
    runtime.block_on(measure("PostgreSQL", url.as_str(), folder.path(), length, raw));
    execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)"));
}

fn execute(server: &str, sql: &str) {
    diesel::PgConnection::establish(server).expect("connected").batch_execute(sql).expect(sql);
}

/// Commits a second of one writer, with the pragmas of the store.
fn raw_sqlite(path: &str, length: Duration) -> f64 {
    let connection = rusqlite::Connection::open(path).expect("opened");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16384;
             CREATE TABLE raw (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL)",
        )
        .expect("a table");
    let mut insert = connection.prepare("INSERT INTO raw VALUES (?1, ?2)").expect("prepared");
    rate(length, |n| {
        insert.execute((format!("msg_{n:032x}"), BODY)).expect("inserted");
    })
}

fn raw_postgres(url: &str, length: Duration) -> f64 {
    let mut connection = diesel::PgConnection::establish(url).expect("connected");
    connection
        .batch_execute("CREATE TABLE raw (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL)")
        .expect("a table");
    diesel::table! { raw (id) { id -> Text, body -> Text, } }
    use diesel::ExpressionMethods;
    rate(length, |n| {
        let row = (raw::id.eq(format!("msg_{n:032x}")), raw::body.eq(BODY));
        diesel::insert_into(raw::table).values(row).execute(&mut connection).expect("inserted");
    })
}

fn rate(length: Duration, mut commit: impl FnMut(u64)) -> f64 {
    let start = Instant::now();
    let mut commits = 0;
    while start.elapsed() < length {
        commit(commits);
        commits += 1;
    }
    commits as f64 / start.elapsed().as_secs_f64()
}

/// About the size of what is kept of a message.
const BODY: &str = r#"{"is":"upserted","list":"employee","records":[{"external_id":"7","name":"Ruiz, Ana","first_name":"Ana","last_name":"Ruiz","email":"ana@example.com","active":true}]}"#;

async fn measure(engine: &str, database: &str, folder: &Path, length: Duration, raw: f64) {
    let rollcall = |arguments: &[&str]| -> serde_json::Value {
        let done = Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .args(arguments)
            .arg("--json")
            .current_dir(folder)
            .env("ROLLCALL_DATABASE_URL", database)
            .output()
            .expect("run");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).expect("JSON")
    };
    rollcall(&["company", "add", "Bench"]);
    let made = rollcall(&["connection", "add", "push", "--company", "Bench"]);
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    let (id, secret) = (text("id"), text("webhook_secret"));
    let gateway = serve(database, folder);
    let target = Arc::new(Target { address: gateway.address.clone(), id: id.clone(), secret });
    // With the worker that gives messages their meaning, and without: somebody else has the lease.
    print(&format!("{engine}, with the worker"), load(&target, length, "a").await, length, raw);
    let store = Store::open(database).expect("opened");
    let claim = move |db: &mut WriteDb| {
        let now = Utc::now() + TimeDelta::hours(1);
        hooks::claim(db, &id, "bench", now, now + TimeDelta::hours(1))
    };
    store.write(claim).await.expect("claimed");
    print(&format!("{engine}, keeping alone"), load(&target, length, "b").await, length, raw);
}

fn print(name: &str, mut times: Vec<Duration>, length: Duration, raw: f64) {
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    let rate = times.len() as f64 / length.as_secs_f64();
    let ratio = rate / raw;
    println!("{name:<28} {rate:>11.0} {:>8.2} {:>8.2} {raw:>15.0} {ratio:>7.2}", at(0.5), at(0.99));
}

struct Target {
    address: String,
    id: String,
    secret: String,
}

/// How long each message took to be acknowledged.
async fn load(target: &Arc<Target>, length: Duration, name: &'static str) -> Vec<Duration> {
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..CONNECTIONS {
        let target = target.clone();
        senders.spawn(async move { send(&target, length, &format!("{name}-{sender}")).await });
    }
    let mut times = Vec::new();
    while let Some(sent) = senders.join_next().await {
        times.extend(sent.expect("sent"));
    }
    times
}

async fn send(target: &Target, length: Duration, name: &str) -> Vec<Duration> {
    let signer = Webhook::new(&target.secret).expect("a secret");
    let mut socket = TcpStream::connect(&target.address).await.expect("connected");
    socket.set_nodelay(true).expect("set");
    let (start, mut times, mut answer) = (Instant::now(), Vec::new(), vec![0; 4096]);
    while start.elapsed() < length {
        let body = format!(
            r#"{{"type":"employees.upserted","data":[{{"external_id":"{name}-{}","first_name":"Ana","last_name":"Ruiz","active":true}}]}}"#,
            times.len() % 50
        );
        let (message, sent) = (format!("{name}-{}", times.len()), Utc::now().timestamp());
        let signature = signer.sign(&message, sent, body.as_bytes()).expect("signed");
        let request = format!(
            "POST /webhooks/{} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nwebhook-id: {message}\r\n\
             webhook-timestamp: {sent}\r\nwebhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            target.id,
            body.len()
        );
        let asked = Instant::now();
        socket.write_all(request.as_bytes()).await.expect("sent");
        let mut read = 0;
        // The body is one short line of JSON, and ends with a brace.
        while !answer[..read].ends_with(b"}") {
            let more = socket.read(&mut answer[read..]).await.expect("answered");
            assert!(more > 0, "closed");
            read += more;
        }
        assert!(answer.starts_with(b"HTTP/1.1 202"), "{}", String::from_utf8_lossy(&answer[..read]));
        times.push(asked.elapsed());
    }
    times
}

/// The shipped binary, serving. Killed when it is dropped.
struct Gateway {
    process: Child,
    address: String,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn serve(database: &str, folder: &Path) -> Gateway {
    let mut process = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"])
        .current_dir(folder)
        .env("ROLLCALL_DATABASE_URL", database)
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines();
    let address = loop {
        let line = lines.next().expect("it serves").expect("a line");
        if let Some((_, url)) = line.split_once("listening on http://") {
            break url.trim().to_owned();
        }
    };
    // The log is read on, so that the process never waits for somebody to read it.
    std::thread::spawn(move || lines.for_each(drop));
    Gateway { process, address }
}
