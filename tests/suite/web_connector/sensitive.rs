//! Promise 7: what Rollcall does not need it never holds, though QuickBooks sends it.

use std::{
    collections::BTreeSet,
    fs, io,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
use rollcall::simulators::quickbooks_desktop::{
    CompanyFile, List as InFile, ListEntry, ProcessorOptions, RequestProcessor,
};
use tracing_subscriber::{Layer, filter::dynamic_filter_fn, layer::SubscriberExt};

use super::{Desk, on_each_engine, wire::Manual};
use crate::canaries::SOUGHT;

/// Elements of which the gateway needs nothing.
const SENSITIVE: [&str; 13] = [
    "SSN",
    "EIN",
    "BirthDate",
    "BankName",
    "RoutingNumber",
    "AccountNumber",
    "CreditCardNumber",
    "Ethnicity",
    "Notes",
    // Of an address.
    "Note",
    "ResaleNumber",
    "City",
    "ContactValue",
];

/// The values of the sensitive elements in a document, longer than what could stand anywhere by chance.
fn sensitive(document: &str, staged: &BTreeSet<String>) -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    for element in SENSITIVE {
        for piece in document.split(&format!("<{element}>")).skip(1) {
            let (value, _) = piece.split_once("</").unwrap();
            let value = quick_xml::escape::unescape(value).unwrap().into_owned();
            // Phones and addresses stand in several places of a record; those that are staged are no secret.
            if value.len() > 5 && !staged.contains(&value) {
                values.insert(value);
            }
        }
    }
    values
}

fn needed(file: &CompanyFile) -> BTreeSet<String> {
    let texts = |entry: ListEntry| {
        let customer = entry.list == InFile::Customer;
        let number = entry.number.filter(|number| customer || !number.starts_with("000-00-"));
        [entry.email, entry.phone, number, entry.bill_address.map(|address| address.city)]
    };
    file.employees().chain(file.customers()).flat_map(texts).flatten().collect()
}

/// A QuickBooks that sends every field, whatever was asked for.
fn everything(processor: &mut RequestProcessor, request: &str, file: &CompanyFile) -> String {
    let mut all = String::new();
    for (index, piece) in request.split("<IncludeRetElement>").enumerate() {
        all.push_str(if index == 0 { piece } else { piece.split_once("</IncludeRetElement>").unwrap().1 });
    }
    processor.process(&all, file).unwrap().to_text(file)
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// All that the database holds, as text: SQLite's files as they are, PostgreSQL's tables row by row.
pub(crate) fn dump(url: &str) -> String {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let files = [path.to_owned(), format!("{path}-wal")];
        let bytes: Vec<u8> = files.iter().flat_map(|file| fs::read(file).unwrap_or_default()).collect();
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    let mut server = PgConnection::establish(url).unwrap();
    let tables = "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public'";
    let tables: Vec<Line> = sql_query(tables).load(&mut server).unwrap();
    let mut all = String::new();
    for table in tables {
        let rows = format!("SELECT t::text AS line FROM \"{}\" t", table.line);
        let rows: Vec<Line> = sql_query(rows).load(&mut server).unwrap();
        all.extend(rows.into_iter().map(|row| row.line));
    }
    all
}

/// How many tests listen.
static LISTENING: AtomicUsize = AtomicUsize::new(0);
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Bytes of the log that are kept.
const LONGEST: usize = 256 << 20;

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = LOG.lock().unwrap();
        // All tests of this process write to it: what is sought is kept in any case.
        if log.len() < LONGEST || memchr::memmem::find(bytes, SOUGHT.as_bytes()).is_some() {
            log.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What was heard so far.
pub(crate) fn heard() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap()).into_owned()
}

/// Listens to every line of every thread of this process, but for those that the gateway's log never lets through.
pub(crate) struct Listening;

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENING.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Listening {
    pub(crate) fn start() -> Self {
        listen();
        LISTENING.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

fn listen() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let heard = dynamic_filter_fn(|metadata, _| {
            LISTENING.load(Ordering::Relaxed) > 0 && !metadata.target().starts_with("yaserde")
        });
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Log).with_filter(heard);
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines)).unwrap();
    });
}

#[tokio::test]
async fn nothing_sensitive_gets_into_a_table_or_a_line_of_the_log() {
    let _listening = Listening::start();
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[("page_size", "20")]).await;
        let at = desk.server.address;
        let mut file = CompanyFile::new(70, 60, 60);
        let mut secrets: BTreeSet<String> = BTreeSet::new();
        let mut session = Manual::begin(at, &desk.options, &mut file).await.unwrap();
        let mut processor = RequestProcessor::begin_session(&ProcessorOptions::default(), 7);
        secrets.extend(sensitive(&session.hcp, &BTreeSet::new()));
        loop {
            let request = session.send(at).await;
            // An account number may be a bank's, and then stands within what is not asked for.
            let mut unasked = SENSITIVE.iter().filter(|element| **element != "AccountNumber");
            assert!(unasked.all(|element| !request.contains(&format!(">{element}<"))), "{request}");
            let answer = everything(&mut processor, &request, &file);
            secrets.extend(sensitive(&answer, &needed(&file)));
            if session.receive(at, &answer).await == 100 {
                break;
            }
        }
        session.close(at).await;
        desk.assert_equals(&file).await;
        assert!(secrets.len() > 150, "{}", secrets.len());
        secrets.insert(session.ticket.clone());
        secrets.insert(desk.options.password.reveal().to_owned());

        // What is in a broken answer must not get into the words about it.
        desk.poll(rollcall::domain::words::Mode::Full).await;
        let mut session = Manual::begin(at, &desk.options, &mut file).await.unwrap();
        let request = session.send(at).await;
        let answer = everything(&mut processor, &request, &file);
        let ssn = answer.find("<SSN>").unwrap() + 12;
        assert_eq!(session.receive(at, &answer[..ssn]).await, -101);
        let words = session.last_error(at).await;

        // Of the rows before the first of a chain there is no hash: it is kept as zeros.
        let held = dump(&database.url).replace(&"0".repeat(64), "");
        assert!(held.contains(&file.employees().next().unwrap().list_id), "the dump shows nothing");
        let log = heard();
        assert!(log.contains("path=\"/qbwc\"") || log.contains("/qbwc"), "the log shows nothing: {log}");
        for secret in &secrets {
            for (place, text) in [("database", &held), ("log", &log), ("last error", &words)] {
                assert!(!text.contains(secret.as_str()), "`{secret}` is in the {place}");
            }
        }
    })
    .await;
}
