//! How fast one record and a page of 100 are read of a long list, against what this machine can do at all: hyper and
//! nothing else, which runs a prepared statement that finds the same rows, and writes the same JSON.
//!
//! `cargo bench --bench reads` runs the shipped binary on SQLite and, where `ROLLCALL_TEST_POSTGRES_URL` is set, on
//! PostgreSQL. Gateway and limit take turns, so that a busy machine is busy for both; medians of `ROUNDS` (3) of `SECONDS`
//! (2) each. Set `ROWS` for another size than 1,000,000.

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
    cell::RefCell,
    convert::Infallible,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use diesel::{
    BoolExpressionMethods, Connection as _, ExpressionMethods, QueryDsl, Queryable, RunQueryDsl,
    connection::SimpleConnection,
};
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rollcall::store::Store;
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use support::{Process, rollcall};

const CONNECTIONS: usize = 32;
const PAGE: i64 = 100;

/// Where it is set, this process is the limit: over this database.
const LIMIT: &str = "ROLLCALL_BENCH_DATABASE";

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let Ok(database) = std::env::var(LIMIT) {
        return runtime.block_on(limit(database));
    }
    let number =
        |name: &str, usual| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (rows, rounds) = (number("ROWS", 1_000_000), number("ROUNDS", 3));
    let length = Duration::from_secs(number("SECONDS", 2));
    println!(
        "{rows} rows, {CONNECTIONS} connections              limit/s   gateway/s   p50 ms   p99 ms   ratio"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = format!("sqlite:{}", folder.path().join("reads.db").display());
    runtime.block_on(measure("SQLite", &sqlite, folder.path(), rows, length, rounds));
    let Ok(server) = std::env::var("ROLLCALL_TEST_POSTGRES_URL") else {
        println!("skipped: PostgreSQL (ROLLCALL_TEST_POSTGRES_URL is not set)");
        return;
    };
    let name = format!("rollcall_bench_{}", std::process::id());
    execute(&server, &format!("CREATE DATABASE {name}"));
    let mut url = url::Url::parse(&server).expect("a URL");
    url.set_path(&name);
    runtime.block_on(measure("PostgreSQL", url.as_str(), folder.path(), rows, length, rounds));
    execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)"));
}

fn execute(server: &str, sql: &str) {
    diesel::PgConnection::establish(server).expect("connected").batch_execute(sql).expect("executed");
}

diesel::table! {
    records (id) {
        id -> Text,
        company_id -> Text,
        connection_id -> Text,
        list -> Text,
        external_id -> Text,
        name -> Text,
        full_name -> Nullable<Text>,
        first_name -> Nullable<Text>,
        middle_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        company_name -> Nullable<Text>,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        job_title -> Nullable<Text>,
        parent_external_id -> Nullable<Text>,
        sublevel -> Integer,
        active -> Bool,
        hired_on -> Nullable<Date>,
        released_on -> Nullable<Date>,
        source_created_at -> Nullable<Text>,
        source_modified_at -> Nullable<Text>,
        absent_at -> Nullable<Timestamp>,
        version -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        sort_name -> Text,
    }
}

/// A row as it is read and as it is written.
#[derive(Queryable, Serialize)]
struct Row {
    id: String,
    company_id: String,
    connection_id: String,
    list: String,
    external_id: String,
    name: String,
    full_name: Option<String>,
    first_name: Option<String>,
    middle_name: Option<String>,
    last_name: Option<String>,
    company_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    job_title: Option<String>,
    parent_external_id: Option<String>,
    sublevel: i32,
    active: bool,
    hired_on: Option<chrono::NaiveDate>,
    released_on: Option<chrono::NaiveDate>,
    source_created_at: Option<String>,
    source_modified_at: Option<String>,
    absent_since: Option<chrono::NaiveDateTime>,
    version: i32,
    created_at: chrono::NaiveDateTime,
    updated_at: chrono::NaiveDateTime,
    #[serde(skip)]
    _sort_name: String,
}

/// What both are asked for.
#[derive(Clone)]
enum Wanted {
    Record(String),
    /// The page after this place.
    Page {
        company: String,
        connection: String,
        name: String,
        id: String,
    },
}

enum Raw {
    Sqlite(diesel::SqliteConnection),
    Postgres(Box<diesel::PgConnection>),
}

impl Raw {
    fn open(url: &str) -> Self {
        match url.strip_prefix("sqlite:") {
            Some(path) => {
                let mut connection = diesel::SqliteConnection::establish(path).expect("opened");
                connection.batch_execute("PRAGMA cache_size = -8000").expect("set");
                Self::Sqlite(connection)
            }
            None => Self::Postgres(Box::new(diesel::PgConnection::establish(url).expect("connected"))),
        }
    }

    fn read(&mut self, wanted: &Wanted) -> Vec<Row> {
        macro_rules! load {
            ($connection:expr) => {
                match wanted {
                    Wanted::Record(id) => records::table.find(id).load($connection),
                    Wanted::Page { company, connection, name, id } => records::table
                        .filter(records::company_id.eq(company).and(records::connection_id.eq(connection)))
                        .filter(records::list.eq("employee"))
                        .filter(records::sort_name.ge(name))
                        .filter(records::sort_name.gt(name).or(records::id.gt(id)))
                        .order((records::sort_name, records::id))
                        .limit(PAGE)
                        .load($connection),
                }
            };
        }
        match self {
            Self::Sqlite(connection) => load!(connection),
            Self::Postgres(connection) => load!(&mut **connection),
        }
        .expect("read")
    }
}

thread_local! {
    static RAW: RefCell<Option<Raw>> = const { RefCell::new(None) };
}

/// The limit: what is asked for stands in the path, and each thread has its connection.
async fn limit(database: String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    eprintln!("listening on http://{}", listener.local_addr().expect("an address"));
    let database: Arc<str> = database.into();
    loop {
        let (socket, _) = listener.accept().await.expect("accepted");
        socket.set_nodelay(true).expect("set");
        let database = database.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let database = database.clone();
            async move {
                let parts: Vec<&str> = request.uri().path().split('/').skip(1).collect();
                let text = |at: usize| parts[at].to_owned();
                let wanted = match parts.len() {
                    1 => Wanted::Record(text(0)),
                    _ => Wanted::Page { company: text(0), connection: text(1), name: text(2), id: text(3) },
                };
                let rows =
                    RAW.with_borrow_mut(|raw| raw.get_or_insert_with(|| Raw::open(&database)).read(&wanted));
                let json = serde_json::to_vec(&rows).expect("JSON");
                let response = Response::builder().header("content-type", "application/json");
                Ok::<_, Infallible>(response.body(Full::new(bytes::Bytes::from(json))).expect("a response"))
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

async fn measure(engine: &str, database: &str, folder: &Path, rows: u64, length: Duration, rounds: u64) {
    let text = |made: &serde_json::Value, name: &str| made[name].as_str().expect("a text").to_owned();
    rollcall(folder, database, &["company", "add", "Bench"]);
    let made = rollcall(folder, database, &["connection", "add", "quickbooks_desktop", "--company", "Bench"]);
    let company = text(&rollcall(folder, database, &["company", "list"])[0], "id");
    let (connection, app) =
        (text(&made, "id"), rollcall(folder, database, &["app", "add", "Timesheets", "--company", "Bench"]));
    fill(database, &company, &connection, rows);
    let gateway = Process::gateway(database, folder);
    let limit = Process::limit(LIMIT, database);
    let token = text(&app, "token");
    let number = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (rows - 200);
    let ids: Vec<String> = (0..1000).map(|n| format!("emp_{:032x}", number(n))).collect();
    let places: Vec<(String, String)> =
        (0..200).map(|n| (format!("person_{:09}", number(n)), format!("emp_{:032x}", number(n)))).collect();
    let cursor = |(name, id): &(String, String)| {
        let place = serde_json::json!({ "company": company, "after": { "Name": [name, id] } });
        URL_SAFE_NO_PAD.encode(place.to_string())
    };
    let asked = |raw: Vec<String>, api: Vec<String>| {
        [("", raw, &limit), (token.as_str(), api, &gateway)].map(|(token, paths, process)| {
            let requests = paths.iter().map(|path| get(path, token)).collect();
            Arc::new(Target { address: process.address.clone(), requests })
        })
    };
    let one = asked(
        ids.iter().map(|id| format!("/{id}")).collect(),
        ids.iter().map(|id| format!("/v1/employees/{id}")).collect(),
    );
    let pages = asked(
        places.iter().map(|(name, id)| format!("/{company}/{connection}/{name}/{id}")).collect(),
        places.iter().map(|place| format!("/v1/employees?limit={PAGE}&cursor={}", cursor(place))).collect(),
    );
    for (name, [limit, gateway]) in [("one record", one), ("a page of 100", pages)] {
        let (mut limits, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            limits.push(Rate::of(load(&limit, length).await, length));
            rates.push(Rate::of(load(&gateway, length).await, length));
        }
        let (limit, Rate { rate, p50, p99 }) = (median(limits), median(rates));
        println!(
            "{:<44} {:>9.0} {rate:>11.0} {p50:>8.2} {p99:>8.2} {:>7.2}",
            format!("{engine}, {name}"),
            limit.rate,
            rate / limit.rate
        );
    }
}

/// Rows by the engine itself: how they are staged is another bench's matter.
fn fill(database: &str, company: &str, connection: &str, rows: u64) {
    let columns = "id, company_id, connection_id, list, external_id, content_hash, version, sort_name, search_text, name,
        first_name, last_name, email, sublevel, active, created_at, updated_at";
    let rest = "'Ana', 'Ruiz', 'ana.ruiz@example.com', 0, true, '2026-11-21 12:00:00', '2026-11-21 12:00:00'";
    match database.strip_prefix("sqlite:") {
        Some(path) => {
            let sql = format!(
                "PRAGMA synchronous = OFF;
                WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < {rows} - 1)
                INSERT INTO records ({columns}) SELECT printf('emp_%032x', n), '{company}', '{connection}', 'employee',
                    printf('8000-%d', n), zeroblob(16), 1, printf('person_%09d', n), printf('person_%09d', n),
                    printf('Person_%09d', n), {rest} FROM number"
            );
            rusqlite::Connection::open(path).expect("opened").execute_batch(&sql).expect("filled");
        }
        None => execute(
            database,
            &format!(
                "INSERT INTO records ({columns}) SELECT 'emp_' || lpad(to_hex(n), 32, '0'), '{company}', '{connection}',
                    'employee', '8000-' || n, decode(repeat('00', 16), 'hex'), 1, 'person_' || lpad(n::text, 9, '0'),
                    'person_' || lpad(n::text, 9, '0'), 'Person_' || lpad(n::text, 9, '0'), {rest}
                FROM generate_series(0, {rows} - 1) AS n; ANALYZE"
            ),
        ),
    }
    // The statistics, and what the engine keeps beside its tables.
    drop(Store::open(database).expect("opened"));
}

fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes()
}

struct Target {
    address: String,
    requests: Vec<Vec<u8>>,
}

/// How long each request took to be answered.
async fn load(target: &Arc<Target>, length: Duration) -> Vec<Duration> {
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..CONNECTIONS {
        let target = target.clone();
        senders.spawn(async move { send(&target, length, sender * 31).await });
    }
    let mut times = Vec::new();
    while let Some(sent) = senders.join_next().await {
        times.extend(sent.expect("sent"));
    }
    times
}

async fn send(target: &Target, length: Duration, first: usize) -> Vec<Duration> {
    let mut socket = TcpStream::connect(&target.address).await.expect("connected");
    socket.set_nodelay(true).expect("set");
    let (start, mut times, mut answer) = (Instant::now(), Vec::new(), vec![0; 256 << 10]);
    while start.elapsed() < length {
        let request = &target.requests[(first + times.len()) % target.requests.len()];
        let asked = Instant::now();
        socket.write_all(request).await.expect("sent");
        let (mut read, mut whole) = (0, usize::MAX);
        while read < whole {
            let more = socket.read(&mut answer[read..]).await.expect("answered");
            assert!(more > 0, "closed");
            read += more;
            if whole == usize::MAX {
                whole = length_of(&answer[..read]).unwrap_or(usize::MAX);
            }
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..read]));
        times.push(asked.elapsed());
    }
    times
}

/// The length of an answer whose head is there.
fn length_of(answer: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(answer).expect("a head") else { return None };
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = std::str::from_utf8(length.expect("a length").value).expect("a number");
    Some(head + length.parse::<usize>().expect("a number"))
}

#[derive(Clone, Copy)]
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
}

fn median(mut rates: Vec<Rate>) -> Rate {
    rates.sort_unstable_by(|a, b| a.rate.total_cmp(&b.rate));
    rates[rates.len() / 2]
}
