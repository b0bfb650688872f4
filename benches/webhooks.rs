//! How fast webhooks are acknowledged, against what this machine can do at all.
//!
//! `cargo bench --bench webhooks` runs the shipped binary on SQLite and, where `ROLLCALL_TEST_POSTGRES_URL` is set, on
//! PostgreSQL. 32 connections send signed messages; each 202 comes after a durable commit. The limit, in the same run, is
//! the slower of two: nothing but hyper that answers the same requests once it has checked the signature, and a raw driver
//! that commits the same rows, 32 at a time, without any HTTP. The gateway does both: so does the line «one after the
//! other», on a machine all of whose cores are busy. All take turns, so that a busy machine is busy for all; medians of `ROUNDS`
//! (3) of `SECONDS` (2) each.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and stops at what it does not expect"
)]

mod support;

use std::{
    convert::Infallible,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{NaiveDateTime, TimeDelta, Utc};
use diesel::{
    Connection as _, RunQueryDsl,
    connection::SimpleConnection,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, Binary, Text, Timestamp},
};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rollcall::{
    domain::ids::ConnectionId,
    store::{Store, WriteDb, webhooks},
};
use standardwebhooks::Webhook;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use support::{Process, rollcall};

const CONNECTIONS: usize = 32;

/// Where it is set, this process is the one that does nothing but check signatures: with this secret.
const ANSWERS: &str = "ROLLCALL_BENCH_SECRET";

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let Ok(secret) = std::env::var(ANSWERS) {
        return runtime.block_on(answer(&secret));
    }
    let number =
        |name: &str, usual| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (length, rounds) = (Duration::from_secs(number("SECONDS", 2)), number("ROUNDS", 3));
    println!(
        "{CONNECTIONS} connections: messages/s, and milliseconds      rate      p50      p99   of the limit"
    );
    let folder = tempfile::tempdir().expect("a directory");
    let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let places = [file("bench.db"), file("raw.db")];
    runtime.block_on(measure("SQLite", &places, folder.path(), length, rounds));
    let Ok(server) = std::env::var("ROLLCALL_TEST_POSTGRES_URL") else {
        println!("skipped: PostgreSQL (ROLLCALL_TEST_POSTGRES_URL is not set)");
        return;
    };
    let names = ["", "_raw"].map(|end| format!("rollcall_bench_{}{end}", std::process::id()));
    let places = names.clone().map(|name| {
        execute(&server, &format!("CREATE DATABASE {name}"));
        let mut url = url::Url::parse(&server).expect("a URL");
        url.set_path(&name);
        url.to_string()
    });
    runtime.block_on(measure("PostgreSQL", &places, folder.path(), length, rounds));
    for name in names {
        execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}

fn execute(server: &str, sql: &str) {
    diesel::PgConnection::establish(server).expect("connected").batch_execute(sql).expect(sql);
}

/// One half of the limit: hyper, and a signature.
async fn answer(secret: &str) {
    let signer = Arc::new(Webhook::new(secret).expect("a secret"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    eprintln!("listening on http://{}", listener.local_addr().expect("an address"));
    loop {
        let (socket, _) = listener.accept().await.expect("accepted");
        socket.set_nodelay(true).expect("set");
        let signer = signer.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let signer = signer.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.expect("a body").to_bytes();
                let status = match signer.verify(&body, &parts.headers) {
                    Ok(()) => StatusCode::ACCEPTED,
                    Err(_) => StatusCode::UNAUTHORIZED,
                };
                let response = Response::builder().status(status).header("content-type", "application/json");
                let body = Full::new(bytes::Bytes::from_static(br#"{"status":"accepted"}"#));
                Ok::<_, Infallible>(response.body(body).expect("a response"))
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

/// The other half: commits of the same rows.
enum Raw {
    Sqlite(rusqlite::Connection),
    Postgres(Box<diesel::PgConnection>),
}

impl Raw {
    fn open(url: &str) -> Self {
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Self::Postgres(Box::new(diesel::PgConnection::establish(url).expect("connected")));
        };
        let connection = rusqlite::Connection::open(path).expect("opened");
        let pragmas =
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16384;
             PRAGMA foreign_keys = ON; PRAGMA cache_size = -24000";
        connection.execute_batch(pragmas).expect("set");
        Self::Sqlite(connection)
    }

    fn commit(&mut self, connection_id: &str, numbers: std::ops::Range<u64>) {
        let now = Utc::now().naive_utc();
        let row = |n: u64| {
            let hash = blake3::hash(&n.to_le_bytes()).as_bytes()[..16].to_vec();
            (format!("msg_{n:032x}"), format!("raw-{n}"), hash)
        };
        let rows: Vec<_> = numbers.map(row).collect();
        match self {
            Self::Sqlite(connection) => {
                let now = now.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
                let transaction = connection.transaction().expect("begun");
                let mut insert = transaction.prepare(RAW_ON_SQLITE).expect("prepared");
                for (id, message_id, hash) in &rows {
                    let values = rusqlite::params![
                        id,
                        connection_id,
                        message_id,
                        EVENT,
                        "pending",
                        BODY,
                        now,
                        0,
                        hash
                    ];
                    insert.execute(values).expect("inserted");
                }
                drop(insert);
                transaction.commit().expect("committed");
            }
            Self::Postgres(connection) => {
                let insert = Insert {
                    texts: [
                        rows.iter().map(|row| row.0.as_str()).collect(),
                        vec![connection_id; rows.len()],
                        rows.iter().map(|row| row.1.as_str()).collect(),
                        vec![EVENT; rows.len()],
                        vec!["pending"; rows.len()],
                        vec![BODY; rows.len()],
                    ],
                    times: vec![now; rows.len()],
                    hashes: rows.iter().map(|row| row.2.as_slice()).collect(),
                };
                insert.execute(&mut **connection).expect("inserted");
            }
        }
    }
}

const RAW_ON_SQLITE: &str =
    "INSERT INTO inbox (id, connection_id, message_id, event, state, body, received_at, attempts,
        content_hash, updated_at, pending_since, next_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?7, ?7, ?7)";

/// One statement for any number of rows, prepared once as that of SQLite is.
struct Insert<'a> {
    texts: [Vec<&'a str>; 6],
    times: Vec<NaiveDateTime>,
    hashes: Vec<&'a [u8]>,
}

impl QueryId for Insert<'_> {
    type QueryId = Insert<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<diesel::PgConnection> for Insert<'_> {}

impl QueryFragment<Pg> for Insert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> diesel::QueryResult<()> {
        out.push_sql(
            "INSERT INTO inbox (id, connection_id, message_id, event, state, body, received_at, content_hash,
                attempts, updated_at, pending_since, next_at)
            SELECT new.*, 0, new.received_at, new.received_at, new.received_at FROM unnest(",
        );
        for texts in &self.texts {
            out.push_bind_param::<Array<Text>, _>(texts)?;
            out.push_sql(", ");
        }
        out.push_bind_param::<Array<Timestamp>, _>(&self.times)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.hashes)?;
        out.push_sql(
            ") AS new (id, connection_id, message_id, event, state, body, received_at, content_hash)",
        );
        Ok(())
    }
}

const EVENT: &str = "employees.upserted";

/// What is kept of a message.
const BODY: &str = r#"{"is":"upserted","list":"employee","records":[{"external_id":"a-1-7","name":"Ana Ruiz","full_name":null,"first_name":"Ana","middle_name":null,"last_name":"Ruiz","company_name":null,"email":null,"phone":null,"job_title":null,"parent_external_id":null,"sublevel":0,"active":true,"hired_on":null,"released_on":null}]}"#;

async fn measure(
    engine: &str,
    [database, beside]: &[String; 2],
    folder: &Path,
    length: Duration,
    rounds: u64,
) {
    let text = |made: &serde_json::Value, name: &str| made[name].as_str().expect("a text").to_owned();
    let connect = |database: &str| {
        rollcall(folder, database, &["company", "add", "Bench"]);
        rollcall(folder, database, &["connection", "add", "push", "--company", "Bench"])
    };
    let (made, other) = (connect(database), connect(beside));
    let (id, secret) = (text(&made, "id"), text(&made, "webhook_secret"));
    let gateway = Process::gateway(database, folder);
    let answers = Process::limit(ANSWERS, &secret);
    let target = |process: &Process| {
        Arc::new(Target { address: process.address.clone(), id: id.clone(), secret: secret.clone() })
    };
    let (gateway_target, answers_target) = (target(&gateway), target(&answers));
    let (mut raw, raw_id, mut commits) = (Raw::open(beside), text(&other, "id"), 0);
    let store = Store::open(database).expect("opened");

    let (mut checked, mut kept, mut worked, mut alone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        checked.push(Rate::of(load(&answers_target, length, format!("c{round}")).await, length));
        let (start, before) = (Instant::now(), commits);
        while start.elapsed() < length {
            raw.commit(&raw_id, commits..commits + CONNECTIONS as u64);
            commits += CONNECTIONS as u64;
        }
        kept.push(Rate {
            rate: (commits - before) as f64 / start.elapsed().as_secs_f64(),
            ..Rate::default()
        });
        // With the worker that gives messages their meaning, and without: somebody else has the lease.
        worked.push(Rate::of(load(&gateway_target, length, format!("a{round}")).await, length));
        let lease = lend(&store, &id.as_str().into()).await;
        alone.push(Rate::of(load(&gateway_target, length, format!("b{round}")).await, length));
        let connection_id = ConnectionId::from(id.as_str());
        let release = move |db: &mut WriteDb| webhooks::release(db, &connection_id, lease, Utc::now());
        store.write(release).await.expect("released");
    }
    let (checked, kept) = (median(checked), median(kept));
    let limit = checked.rate.min(kept.rate);
    println!("{engine}");
    checked.print("hyper and the signature", limit);
    kept.print("raw commits of 32 rows", limit);
    // The gateway does both, on the same cores.
    let both = Rate { rate: 1.0 / (1.0 / checked.rate + 1.0 / kept.rate), ..Rate::default() };
    both.print("one after the other", limit);
    median(worked).print("the gateway, working (0.75, and 25 ms)", limit);
    median(alone).print("the gateway, keeping alone", limit);
}

/// Takes the lease of the inbox as soon as the gateway's turn has ended.
async fn lend(store: &Store, id: &ConnectionId) -> i64 {
    loop {
        let id = id.to_owned();
        let claim = move |db: &mut WriteDb| {
            let now = Utc::now();
            webhooks::claim(db, &id, "bench", now, now + TimeDelta::minutes(5))
        };
        if let Some(lease) = store.write(claim).await.expect("claimed") {
            return lease;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[derive(Default, Clone, Copy)]
struct Rate {
    rate: f64,
    p50: f64,
    p99: f64,
}

impl Rate {
    fn of(mut times: Vec<Duration>, length: Duration) -> Self {
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
        Self { rate: times.len() as f64 / length.as_secs_f64(), p50: at(0.5), p99: at(0.99) }
    }

    fn print(self, name: &str, limit: f64) {
        let Self { rate, p50, p99 } = self;
        println!("  {name:<46} {rate:>9.0} {p50:>8.2} {p99:>8.2} {:>14.2}", rate / limit);
    }
}

fn median(mut rates: Vec<Rate>) -> Rate {
    rates.sort_unstable_by(|a, b| a.rate.total_cmp(&b.rate));
    rates[rates.len() / 2]
}

struct Target {
    address: String,
    id: String,
    secret: String,
}

/// How long each message took to be acknowledged.
async fn load(target: &Arc<Target>, length: Duration, name: String) -> Vec<Duration> {
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..CONNECTIONS {
        let (target, name) = (target.clone(), format!("{name}-{sender}"));
        senders.spawn(async move { send(&target, length, &name).await });
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
