//! How fast a list is staged, against the physical limit, side by side in one run.
//!
//! `cargo bench --bench staging` prints, for 100,000 employees that arrive in one SOAP answer:
//!
//! - the pieces alone: unescaping, parsing, mapping and hashing, raw prepared inserts and COPY of the same rows;
//! - the whole: a first load and the same list again, over a socket, on SQLite and (where
//!   `ROLLCALL_TEST_POSTGRES_URL` is set) on PostgreSQL;
//! - the ratios that the project promises. Set `ROWS` for another size.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at what it does not expect"
)]

use std::{
    io::Read,
    sync::Arc,
    time::{Duration, Instant},
};

use rollcall::{
    clock::Ambient,
    codec::{qbxml::Reader, soap::Call},
    connectors::{
        outbound::{Outbound, Timeouts},
        quickbooks_desktop::map,
    },
    domain::{
        access::{Acts, Attempt, Grant, Principal},
        key::Key,
        record::Record,
        secret::Secret,
        words::{Kind, List, Mode},
    },
    http::{self, Gateway, layers, server},
    simulators::quickbooks_desktop::{CompanyFile, ProcessorOptions, RequestProcessor},
    store::Store,
    sync::{
        ask, ingest,
        register::{self, ConnectionDraft},
        run,
        source_access::SourceAccess,
        vault::{KeySource, Vault},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const ROUNDS: usize = 3;

fn main() {
    let rows: u64 = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(staging(rows));
}

async fn staging(rows: u64) {
    let file = CompanyFile::new(7, rows, 0);
    let sqlite = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite:{}", sqlite.path().join("bench.db").display());
    let desk = Desk::open(&url).await;
    let first = desk.answer(&file).await;
    println!("{rows} employees, {:.1} MB of SOAP\n", first.len() as f64 / 1e6);

    let unescaped = best(|| unescape(&first));
    let parsed = best(|| drop(parse(&first)));
    let records = parse(&first);
    let hash = best(|| {
        for record in &records {
            std::hint::black_box(record.content_hash());
        }
    });
    let insert = (0..ROUNDS).map(|_| raw_insert(&records)).min().expect("rounds");
    println!("alone                          ms     rows/s");
    for (name, time) in
        [("unescape", unescaped), ("unescape, parse, map", parsed), ("hash", hash), ("raw insert", insert)]
    {
        line(name, time, rows);
    }

    let other = tempfile::tempdir().expect("a directory");
    let alone = Desk::open(&format!("sqlite:{}", other.path().join("alone.db").display())).await;
    line("write to SQLite", alone.write_alone(&records).await, rows);
    drop((alone, records));

    println!("\nSQLite, through the socket      ms     rows/s");
    let load = desk.push(&first).await;
    line("first load", load, rows);
    let mut again = Duration::MAX;
    for _ in 0..ROUNDS {
        desk.ask_for_all().await;
        let same = desk.answer(&file).await;
        again = again.min(desk.push(&same).await);
    }
    line("the same list again", again, rows);
    println!("\nratios (the promise)");
    let limit = parsed + insert;
    println!(
        "first load, speed against parse + insert   {:.2} (at least 0.75)",
        limit.as_secs_f64() / load.as_secs_f64()
    );
    println!(
        "same list again, time against parse        {:.2} (at most 1.30)",
        again.as_secs_f64() / parsed.as_secs_f64()
    );

    if let Ok(url) = std::env::var("ROLLCALL_TEST_POSTGRES_URL") {
        postgres(&url, &file, rows).await;
    }
}

async fn postgres(server: &str, file: &CompanyFile, rows: u64) {
    use diesel::{Connection, RunQueryDsl};
    let mut admin = diesel::PgConnection::establish(server).expect("PostgreSQL answers");
    let name = format!("rollcall_bench_{}", std::process::id());
    diesel::sql_query(format!("CREATE DATABASE {name}")).execute(&mut admin).expect("a database");
    let mut url: url::Url = server.parse().expect("a URL");
    url.set_path(&name);
    let desk = Desk::open(url.as_str()).await;
    println!("\nPostgreSQL                      ms     rows/s");
    let first = desk.answer(file).await;
    let parsed = best(|| drop(parse(&first)));
    let records = parse(&first);
    let copy = raw_copy(url.as_str(), &desk.connection, &records);
    line("COPY into the same table", copy, rows);
    let load = desk.push(&first).await;
    line("first load, by the socket", load, rows);
    desk.ask_for_all().await;
    let same = desk.answer(file).await;
    line("the same list again", desk.push(&same).await, rows);
    line("write alone", desk.write_alone(&records).await, rows);
    println!(
        "first load, speed against parse + COPY     {:.2} (at least 0.60)",
        (parsed + copy).as_secs_f64() / load.as_secs_f64()
    );
    drop(desk);
    diesel::sql_query(format!("DROP DATABASE {name} WITH (FORCE)")).execute(&mut admin).expect("dropped");
}

fn line(name: &str, time: Duration, rows: u64) {
    println!("{name:<27} {:>7.0} {:>10.0}", time.as_secs_f64() * 1e3, rows as f64 / time.as_secs_f64());
}

fn best(mut work: impl FnMut()) -> Duration {
    let once = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..ROUNDS).map(|_| once(&mut work)).min().expect("rounds")
}

fn unescape(envelope: &[u8]) {
    each_response(envelope, |document| {
        std::io::copy(document, &mut std::io::sink()).expect("unescaped");
    });
}

fn parse(envelope: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    each_response(envelope, |document| {
        let mut reader = Reader::new(document);
        reader.answer().expect("qbXML").expect("an answer");
        while let Some(ret) = reader.record().expect("a record") {
            records.push(map::record(List::Employee, ret).expect("a ListID"));
        }
        assert!(reader.answer().expect("well-formed").is_none());
    });
    records
}

fn each_response(envelope: &[u8], mut visit: impl FnMut(&mut dyn Read)) {
    let mut call = Call::open(envelope).expect("an envelope");
    while let Some(name) = call.parameter().expect("a parameter") {
        if name == "response" {
            call.stream(|mut document| visit(&mut document)).expect("a text");
        }
    }
    call.finish().expect("the end");
}

/// The same rows into the same table, prepared, in one transaction: nothing can be faster.
fn raw_insert(records: &[Record]) -> Duration {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("raw.db");
    Store::open(&format!("sqlite:{}", path.display())).expect("opened").migrate().expect("migrated");
    let mut raw = rusqlite::Connection::open(&path).expect("opened");
    raw.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16384; PRAGMA cache_size = -16000; PRAGMA foreign_keys = OFF")
        .expect("set");
    let prepared: Vec<_> = records
        .iter()
        .enumerate()
        .map(|(n, record)| {
            (format!("emp_{n:032x}"), record, record.sort_name(), record.search_text(), record.content_hash())
        })
        .collect();
    let start = Instant::now();
    let transaction = raw.transaction().expect("begun");
    {
        let mut insert = transaction
            .prepare(
                "INSERT INTO records (id, company_id, connection_id, list, external_id, content_hash, version, sort_name, \
                 search_text, name, full_name, first_name, middle_name, last_name, company_name, email, phone, job_title, \
                 parent_external_id, sublevel, active, hired_on, released_on, source_created_at, source_modified_at, \
                 absent_at, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            )
            .expect("prepared");
        for (id, record, sort_name, search_text, hash) in &prepared {
            insert
                .execute(rusqlite::params![
                    id,
                    "com_019a0000000070008000000000000000",
                    "con_019a0000000070008000000000000000",
                    "employee",
                    record.external_id,
                    &hash[..],
                    1,
                    sort_name,
                    search_text,
                    record.name,
                    record.full_name,
                    record.first_name,
                    record.middle_name,
                    record.last_name,
                    record.company_name,
                    record.email,
                    record.phone,
                    record.job_title,
                    record.parent_external_id,
                    record.sublevel,
                    record.active,
                    record.hired_on.map(|date| date.to_string()),
                    record.released_on.map(|date| date.to_string()),
                    record.source_created_at,
                    record.source_modified_at,
                    None::<String>,
                    "2026-11-21 12:00:00.000000",
                    "2026-11-21 12:00:00.000000",
                ])
                .expect("inserted");
        }
    }
    transaction.commit().expect("committed");
    start.elapsed()
}

diesel::table! {
    records (id) {
        id -> Text,
        company_id -> Text,
        connection_id -> Text,
        list -> Text,
        external_id -> Text,
        content_hash -> Binary,
        version -> Integer,
        sort_name -> Text,
        search_text -> Text,
        name -> Text,
        full_name -> Nullable<Text>,
        first_name -> Nullable<Text>,
        middle_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        company_name -> Nullable<Text>,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        job_title -> Nullable<Text>,
        sublevel -> Integer,
        active -> Bool,
        hired_on -> Nullable<Date>,
        source_created_at -> Nullable<Text>,
        source_modified_at -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

#[derive(diesel::Insertable)]
#[diesel(table_name = records, treat_none_as_default_value = false)]
struct Row<'a> {
    id: String,
    company_id: &'a str,
    connection_id: &'a str,
    list: &'a str,
    external_id: &'a str,
    content_hash: Vec<u8>,
    version: i32,
    sort_name: String,
    search_text: String,
    name: &'a str,
    full_name: Option<&'a str>,
    first_name: Option<&'a str>,
    middle_name: Option<&'a str>,
    last_name: Option<&'a str>,
    company_name: Option<&'a str>,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    job_title: Option<&'a str>,
    sublevel: i32,
    active: bool,
    hired_on: Option<chrono::NaiveDate>,
    source_created_at: Option<&'a str>,
    source_modified_at: Option<&'a str>,
    created_at: chrono::NaiveDateTime,
    updated_at: chrono::NaiveDateTime,
}

/// The same rows into the same table, in one COPY that is taken back.
fn raw_copy(url: &str, connection_id: &str, records: &[Record]) -> Duration {
    use diesel::{Connection, ExecuteCopyFromDsl};
    let mut connection = diesel::PgConnection::establish(url).expect("connected");
    let now = chrono::Utc::now().naive_utc();
    let rows: Vec<Row<'_>> =
        records.iter().enumerate().map(|(n, record)| raw_row(n, record, connection_id, now)).collect();
    let mut took = Duration::ZERO;
    connection.test_transaction::<_, diesel::result::Error, _>(|connection| {
        let start = Instant::now();
        diesel::copy_from(records::table).from_insertable(rows).execute(connection)?;
        took = start.elapsed();
        Ok(())
    });
    took
}

fn raw_row<'a>(n: usize, record: &'a Record, connection_id: &'a str, now: chrono::NaiveDateTime) -> Row<'a> {
    Row {
        id: format!("emp_{n:032x}"),
        company_id: "com_019a0000000070008000000000000000",
        connection_id,
        list: "employee",
        external_id: &record.external_id,
        content_hash: record.content_hash().to_vec(),
        version: 1,
        sort_name: record.sort_name(),
        search_text: record.search_text(),
        name: &record.name,
        full_name: record.full_name.as_deref(),
        first_name: record.first_name.as_deref(),
        middle_name: record.middle_name.as_deref(),
        last_name: record.last_name.as_deref(),
        company_name: record.company_name.as_deref(),
        email: record.email.as_deref(),
        phone: record.phone.as_deref(),
        job_title: record.job_title.as_deref(),
        sublevel: record.sublevel,
        active: record.active,
        hired_on: record.hired_on,
        source_created_at: record.source_created_at.as_deref(),
        source_modified_at: record.source_modified_at.as_deref(),
        created_at: now,
        updated_at: now,
    }
}

/// No secret is sealed here.
fn vault() -> Vault {
    Vault::new(KeySource::Given(vec![Key::new([7; 32])]), Ambient::system().entropy)
}

/// A gateway on a socket with one connection, and the session that is open.
struct Desk {
    store: Store,
    ambient: Ambient,
    address: std::net::SocketAddr,
    connection: String,
    username: String,
    password: Secret,
}

impl Desk {
    async fn open(url: &str) -> Arc<Self> {
        let store = Store::open(url).expect("opened");
        store.migrate().expect("migrated");
        let ambient = Ambient::system();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("bound");
        let public_url = format!("http://localhost:{}", address.port()).parse().expect("a URL");
        let sources = SourceAccess {
            store: store.clone(),
            ambient: ambient.clone(),
            vault: vault(),
            outbound: Outbound::new(Timeouts::default()).expect("clients"),
            public_url,
            lease_for: Duration::from_secs(30),
        };
        let gateway = Gateway::new(sources);
        let router =
            layers::stack(http::qbwc::router(gateway, 1 << 40), ambient.clone(), layers::Transport::Http);
        let settings =
            rollcall::config::Settings::read(&rollcall::config::MapSource::default()).expect("settings");
        tokio::spawn(server::run(
            listener,
            router,
            server::Limits::from(&settings.http),
            None,
            std::future::pending(),
        ));
        let made = {
            let ambient = ambient.clone();
            let work = move |db: &mut rollcall::store::WriteDb| {
                let company = register::company(db, &ambient, &granted(), "Bench")?;
                let draft = ConnectionDraft::new(Kind::QuickbooksDesktop, &company.id);
                register::connection(db, &ambient, &vault(), &granted(), &draft)
            };
            store.write(work).await.expect("made")
        };
        let (username, password) = made.credentials.expect("credentials");
        Arc::new(Self { store, ambient, address, connection: made.connection.id, username, password })
    }

    async fn ask_for_all(&self) {
        let (ambient, id) = (self.ambient.clone(), self.connection.clone());
        let work = move |db: &mut rollcall::store::WriteDb| {
            let connection = rollcall::store::connections::get(db, &id)?;
            let attempt = Attempt::new(Principal::CommandLine, None, None);
            ask::ask(db, &ambient, &attempt.throughout()?, &connection, Mode::Full)
        };
        self.store.write(work).await.expect("asked");
    }

    /// Opens a session and makes QuickBooks' answer to its first request, as a whole SOAP call.
    async fn answer(&self, file: &CompanyFile) -> Vec<u8> {
        let admitted = self
            .call("authenticate", &[("strUserName", &self.username), ("strPassword", self.password.reveal())])
            .await;
        let ticket = between(&admitted, "<string>", "</string>");
        let parameters = [("ticket", ticket), ("qbXMLMajorVers", "13"), ("qbXMLMinorVers", "0")];
        let request = self.call("sendRequestXML", &parameters).await;
        let request = between(&request, "<sendRequestXMLResult>", "</sendRequestXMLResult>");
        let request = quick_xml::escape::unescape(request).expect("escaped").into_owned();
        let options = ProcessorOptions::default();
        let mut processor = RequestProcessor::begin_session(&options, 1);
        let answer = processor.process(&request, file).expect("an answer").to_text(file);
        let parameters =
            [("ticket", ticket), ("response", answer.as_str()), ("hresult", ""), ("message", "")];
        envelope("receiveResponseXML", &parameters).into_bytes()
    }

    /// Stages records without the wire, as another connection of the company.
    async fn write_alone(&self, records: &[Record]) -> Duration {
        let (ambient, id) = (self.ambient.clone(), self.connection.clone());
        let work = move |db: &mut rollcall::store::WriteDb| {
            let company = rollcall::store::connections::get(db, &id)?.company_id;
            let mut draft = ConnectionDraft::new(Kind::QuickbooksDesktop, &company);
            draft.name = Some("alone".into());
            let made = register::connection(db, &ambient, &vault(), &granted(), &draft)?;
            Ok::<_, register::Error>(run::start(db, &ambient, &made.connection, List::Employee, Mode::Full)?)
        };
        let run = self.store.write(work).await.expect("a run");
        let batches: Vec<Vec<Record>> = records.chunks(ingest::BATCH).map(<[Record]>::to_vec).collect();
        let start = Instant::now();
        for batch in batches {
            let (ambient, run) = (self.ambient.clone(), run.clone());
            let work =
                move |db: &mut rollcall::store::WriteDb| ingest::batch(db, &ambient, &run, &batch, None);
            self.store.write(work).await.expect("staged");
        }
        start.elapsed()
    }

    async fn push(&self, envelope: &[u8]) -> Duration {
        let start = Instant::now();
        let answer = self.post(envelope).await;
        let time = start.elapsed();
        let percent = between(&answer, "<receiveResponseXMLResult>", "</receiveResponseXMLResult>");
        assert!(percent.parse::<i32>().expect("a number") > 0, "{answer}");
        time
    }

    async fn call(&self, method: &str, parameters: &[(&str, &str)]) -> String {
        self.post(envelope(method, parameters).as_bytes()).await
    }

    async fn post(&self, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        let head = format!(
            "POST /qbwc HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        stream.write_all(body).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }
}

fn envelope(method: &str, parameters: &[(&str, &str)]) -> String {
    let parameters: String = parameters
        .iter()
        .map(|(name, value)| format!("<{name}>{}</{name}>", quick_xml::escape::partial_escape(*value)))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <soap:Body><{method} xmlns=\"http://developer.intuit.com/\">{parameters}</{method}></soap:Body></soap:Envelope>"
    )
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).expect("a start");
    rest.split_once(end).expect("an end").0
}

/// The grant to do something anywhere, as the command line has it.
fn granted<A: Acts>() -> Grant<A> {
    Attempt::new(Principal::CommandLine, None, None).throughout().expect("a grant")
}
