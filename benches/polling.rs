//! What it costs when 1,000 connections are due at once: how long until the first is claimed, polls a second beside the
//! plain requests that they consist of, and the memory of the process.
//!
//! `cargo bench --bench polling` runs the shipped binary against a simulated Paycom of this process. Set `CONNECTIONS` for
//! another number, `ROLLCALL_TEST_POSTGRES_URL` for PostgreSQL as well.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at what it does not expect"
)]

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{Connection as _, connection::SimpleConnection};
use futures_util::{StreamExt, stream};
use rollcall::{
    clock::Ambient,
    domain::{
        access::{Acts, Attempt, Grant, Origin, Principal},
        ids::ConnectionId,
        key::Key,
        secret::Secret,
        words::Kind,
    },
    simulators::paycom::{Paycom, PaycomOptions},
    store::{PageLimit, Store, connections},
    sync::{
        register,
        vault::{KeySource, Vault},
    },
};

/// Polls at the same time.
const AT_ONCE: usize = 16;
const EMPLOYEES: u64 = 10;
/// 32 bytes of base64.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let connections: usize =
        std::env::var("CONNECTIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(1000);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("{connections} connections due at once, {EMPLOYEES} employees each, {AT_ONCE} polled at a time");
    println!("           first claim ms   polls/s   requests/s   of plain   idle MiB   peak MiB");
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = format!("sqlite:{}", folder.path().join("polling.db").display());
    runtime.block_on(measure("SQLite", &sqlite, connections));
    if let Some(server) = std::env::var("ROLLCALL_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty()) {
        let name = format!("rollcall_bench_{}", uuid::Uuid::now_v7().simple());
        execute(&server, &format!("CREATE DATABASE {name}"));
        let mut url = url::Url::parse(&server).expect("a URL");
        url.set_path(&name);
        runtime.block_on(measure("PostgreSQL", url.as_str(), connections));
        execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}

fn execute(server: &str, sql: &str) {
    let mut connection = diesel::PgConnection::establish(server).expect("connected");
    connection.batch_execute(sql).expect("executed");
}

async fn measure(name: &str, database: &str, count: usize) {
    // Every address of 127.0.0.0/8 is this one server: a host, and so a limit of requests, for each connection.
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let paycom = Paycom::new(1, EMPLOYEES, PaycomOptions::new("sid", Secret::new("token")));
    tokio::spawn(paycom.clone().serve(listener, std::future::pending()));

    let store = Store::open(database).expect("opened");
    store.migrate().expect("migrated");
    let idle = Gateway::start(database).stop();
    connect(&store, count, port).await;

    let before = paycom.requests().len();
    let mut gateway = Gateway::start(database);
    let started = Instant::now();
    while paycom.requests().len() == before {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    let first = started.elapsed();
    while polled(&store).await < count {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let took = started.elapsed().as_secs_f64();
    let requests = paycom.requests().len() - before;
    let peak = gateway.stop();

    let plain = plain(port, requests).await;
    let (polls, requests) = (count as f64 / took, requests as f64 / took);
    println!(
        "{name:<10} {:>15.1} {polls:>9.0} {requests:>12.0} {:>10.2} {idle:>10.0} {peak:>10.0}",
        first.as_secs_f64() * 1000.0,
        requests / plain
    );
}

/// Connections that are due now, each to an address of its own.
async fn connect(store: &Store, count: usize, port: u16) {
    let ambient = Ambient::system();
    let vault = Vault::new(KeySource::Given(vec![Key::new([0; 32])]), ambient.entropy.clone());
    let made = store.write(move |db| {
        let company = register::company(db, &ambient, &granted(), "Bench")?;
        for number in 0..count {
            let address = SocketAddr::from(([127, 1, (number / 250) as u8, (number % 250) as u8 + 1], port));
            let settings =
                [("base_url", format!("http://{address}")), ("allow_private_address", "true".into())];
            let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let secrets = [("sid", "sid"), ("token", "token")];
            let secrets =
                secrets.into_iter().map(|(name, value)| (name.to_owned(), Secret::new(value))).collect();
            let draft = register::ConnectionDraft {
                name: Some(format!("Paycom {number}")),
                settings,
                secrets,
                ..register::ConnectionDraft::new(Kind::Paycom, &company.id)
            };
            register::connection(db, &ambient, &vault, &granted(), &draft)?;
        }
        Ok::<_, register::Error>(())
    });
    made.await.expect("connected");
}

/// How many connections were polled to the end.
async fn polled(store: &Store) -> usize {
    let read = store.read(|db| {
        let (mut polled, mut after) = (0, None::<ConnectionId>);
        loop {
            let page = connections::page(db, None, after.as_deref(), PageLimit::SCAN)?;
            after = page.rows.last().map(|connection| connection.id.clone());
            polled += page.rows.iter().filter(|connection| connection.last_seen_at.is_some()).count();
            if !page.more {
                return Ok::<_, rollcall::store::Error>(polled);
            }
        }
    });
    read.await.expect("read")
}

/// As many requests as the polls sent, by nothing but an HTTP client: requests a second.
async fn plain(port: u16, requests: usize) -> f64 {
    let client = Arc::new(reqwest::Client::builder().no_proxy().build().expect("a client"));
    let started = Instant::now();
    stream::iter(0..requests)
        .for_each_concurrent(AT_ONCE, |_| {
            let client = Arc::clone(&client);
            async move {
                let url = format!("http://127.0.0.1:{port}/v4/rest/index.php/api/v1/employeeid?pagesize=1");
                let answer = client.get(url).basic_auth("sid", Some("token")).send().await.expect("answered");
                answer.bytes().await.expect("a body");
            }
        })
        .await;
    requests as f64 / started.elapsed().as_secs_f64()
}

/// The shipped binary, serving.
struct Gateway {
    process: Child,
}

impl Gateway {
    fn start(database: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("ROLLCALL_DATABASE_URL", database)
            .env("ROLLCALL_SECRET_KEY", KEY)
            .env("ROLLCALL_POLLS_AT_ONCE", AT_ONCE.to_string())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines();
        while !lines.next().expect("it serves").expect("a line").contains("listening on ") {}
        // The log is read on, so that the process never waits for somebody to read it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process }
    }

    /// Ends it; the most memory that it has had resident, in MiB.
    fn stop(&mut self) -> f64 {
        let status = Path::new("/proc").join(self.process.id().to_string()).join("status");
        let status = fs::read_to_string(status).expect("Linux");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
        self.process.kill().expect("killed");
        self.process.wait().expect("ended");
        peak.trim().trim_end_matches("kB").trim().parse::<f64>().expect("a number") / 1024.0
    }
}

/// The grant to do something anywhere, as the command line has it.
fn granted<A: Acts>() -> Grant<A> {
    Attempt::new(Principal::CommandLine, None, Origin::at(Ambient::system().now()))
        .throughout()
        .expect("a grant")
}
