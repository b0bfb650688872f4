//! How long a page of a long list takes: searched, filtered, both. The promise: at most 20 ms where nothing or little is
//! found, in a list of 1,000,000 as well as in one of 10,000.
//!
//! `cargo bench --bench search` prints the median of some reads of the first page, on SQLite and (where
//! `ROLLCALL_TEST_POSTGRES_URL` is set) on PostgreSQL, and what staging and indexing took. Set `ROWS` for another size
//! than 1,000,000.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at what it does not expect"
)]

use std::time::{Duration, Instant};

use diesel::{Connection as _, connection::SimpleConnection};
use rollcall::{
    clock::Ambient,
    domain::{
        access::{Actor, Acts, Attempt, Grant, Origin, Principal},
        ids::{AppId, LinkId, ProfileKey},
        key::Key,
        record::Record,
        words::{Kind, List},
    },
    store::{
        PageLimit, Store,
        connections::Connection,
        links,
        locks::{self, Locked},
        profiles::{self, Profile},
        records::{self, Filter, Linked, Order, Place, Position, Present},
    },
    sync::{
        ingest,
        register::{self, ConnectionDraft},
        search_index,
        vault::{KeySource, Vault},
    },
};

const READS: usize = 7;

fn main() {
    let rows: usize = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for rows in [10_000, rows] {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("search.db").display());
        runtime.block_on(measure("SQLite", &url, rows));
        let Some(server) = std::env::var("ROLLCALL_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
        else {
            continue;
        };
        let name = format!("rollcall_bench_{}", uuid::Uuid::now_v7().simple());
        execute(&server, &format!("CREATE DATABASE {name}"));
        let mut url = url::Url::parse(&server).expect("a URL");
        url.set_path(&name);
        runtime.block_on(measure("PostgreSQL", url.as_str(), rows));
        execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}

fn execute(server: &str, sql: &str) {
    let mut connection = diesel::PgConnection::establish(server).expect("connected");
    connection.batch_execute(sql).expect("executed");
}

async fn measure(engine: &str, url: &str, rows: usize) {
    let (store, ambient) = (Store::open(url).expect("opened"), Ambient::system());
    store.migrate().expect("migrated");
    let (connection, app_id) = register(&store, &ambient).await;
    let start = Instant::now();
    for from in (0..rows).step_by(ingest::BATCH) {
        let batch: Vec<Record> = (from..rows.min(from + ingest::BATCH)).map(person).collect();
        let (ambient, connection) = (ambient.clone(), connection.clone());
        let staged = store.write(move |db| {
            let lock = locks::of(&connection.id).list(db, List::Employee)?;
            ingest::stage(db, &ambient, &place(&connection, &lock, &ambient), &batch)
        });
        staged.await.expect("staged");
    }
    let staged = start.elapsed();
    if engine == "PostgreSQL" {
        // What autovacuum does in its own time.
        execute(url, "VACUUM ANALYZE");
    }
    let start = Instant::now();
    search_index::work_off(&store, &ambient).await.expect("indexed");
    println!(
        "\n{engine}, {rows} rows: staged in {:.1} s, then indexed in {:.1} s",
        staged.as_secs_f64(),
        start.elapsed().as_secs_f64()
    );
    mark(&store, &ambient, &connection, &app_id, rows).await;
    if engine == "PostgreSQL" {
        execute(url, "VACUUM ANALYZE");
    }
    for (name, filter) in asked(&app_id) {
        let mut found = 0;
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..READS {
            let (company, filter) = (connection.company_id.clone(), filter.clone());
            let start = Instant::now();
            let page = store.read(move |db| {
                records::page(db, &company, List::Employee, &filter, Order::Name, None, PageLimit::DEFAULT)
            });
            found = page.await.expect("read").rows.len();
            times.push(start.elapsed());
        }
        times.sort_unstable();
        let median = times.get(READS / 2).copied().unwrap_or_default();
        println!("{name:<34} {:>8.2} ms, {found:>3} found", median.as_secs_f64() * 1e3);
    }
}

fn place<'a>(connection: &'a Connection, lock: &'a Locked<List>, ambient: &Ambient) -> Place<'a> {
    Place { company_id: &connection.company_id, lock, run_id: None, now: ambient.now() }
}

async fn register(store: &Store, ambient: &Ambient) -> (Connection, AppId) {
    let ambient = ambient.clone();
    let vault = Vault::new(KeySource::Given(vec![Key::new([7; 32])]), ambient.entropy.clone());
    let made = store.write(move |db| {
        let company = register::company(db, &ambient, &granted(), "Bench")?;
        let draft = ConnectionDraft::new(Kind::QuickbooksDesktop, &company.id);
        let connection = register::connection(db, &ambient, &vault, &granted(), &draft)?.connection;
        let (app, _) =
            register::app(db, &ambient, &granted(), "Timesheets", std::slice::from_ref(&company.id), false)?;
        Ok::<_, register::Error>((connection, app.id))
    });
    made.await.expect("made")
}

/// Names of syllables, as many as a list of that length has; one in 50,000 has a rare one, one in 1,000 is not active.
fn person(number: usize) -> Record {
    const SYLLABLES: [&str; 24] = [
        "ba", "ker", "son", "mar", "tin", "ez", "vic", "ha", "lo", "ri", "den", "wo", "od", "gre", "en",
        "fi", "sch", "er", "mül", "ler", "ng", "ki", "ta", "na",
    ];
    const FIRST: [&str; 8] = ["Ana", "Bert", "Carla", "Dmitri", "Elena", "Farid", "Grace", "Zoë"];
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let syllable = |place: u32| SYLLABLES.get((mixed / 24usize.pow(place)) % 24).copied().unwrap_or_default();
    let last: String = (0..3).map(syllable).collect();
    let last = if number % 50_000 == 49 { format!("Xquist{last}") } else { last };
    let first = FIRST.get(mixed % 8).copied().unwrap_or_default();
    Record {
        external_id: format!("{:X}-{}", 0x8000_0000usize + number, 1_600_000_000 + number),
        name: format!("{last}, {first}"),
        first_name: Some(first.into()),
        email: Some(format!("{first}.{last}.{number}@example.com")),
        last_name: Some(last),
        active: !number.is_multiple_of(1_000),
        ..Record::default()
    }
}

/// Marks 500 absent, and links 1,000.
async fn mark(store: &Store, ambient: &Ambient, connection: &Connection, app_id: &AppId, rows: usize) {
    let (ambient, connection, app_id) = (ambient.clone(), connection.clone(), app_id.to_owned());
    let marked = store.write(move |db| {
        let lock = locks::of(&connection.id).list(db, List::Employee)?;
        let place = place(&connection, &lock, &ambient);
        let filter = Filter::default();
        let mut after = None::<Position>;
        for part in 0..10 {
            // Some here and some there of the list.
            let name = format!("{}a", char::from(b'a' + part * 2));
            let from = match after.take() {
                Some(Position::Name(last, id)) if last >= name => Position::Name(last, id),
                _ => Position::Name(name, String::new().into()),
            };
            let limit = PageLimit::new(100).expect("a limit");
            let order = Order::Name;
            let page = records::page(
                db,
                &connection.company_id,
                List::Employee,
                &filter,
                order,
                Some(&from),
                limit,
            )?;
            for staged in &page.rows {
                let profile = Profile {
                    key: ProfileKey::new(ambient.now(), ambient.entropy.bytes()),
                    app_id: app_id.clone(),
                    list: List::Employee,
                    profile_id: staged.id.to_string(),
                    company_id: connection.company_id.clone(),
                    name: staged.record.name.clone(),
                    email: None,
                    details: rollcall::domain::details::Details::default(),
                    sort_name: staged.sort_name.clone(),
                    created_at: ambient.now(),
                    updated_at: ambient.now(),
                };
                profiles::insert(db, &profile, &Actor::command_line())?;
                let id = LinkId::new(ambient.now(), ambient.entropy.bytes());
                links::insert(db, &id, &profile, staged, &Actor::command_line(), ambient.now())?;
            }
            let gone: Vec<Present> = page
                .rows
                .iter()
                .step_by(2)
                .map(|staged| Present {
                    external_id: staged.record.external_id.clone(),
                    id: staged.id.clone(),
                    version: staged.version,
                })
                .collect();
            records::mark_absent(db, &place, &gone)?;
            after = page.rows.last().map(|last| Position::of(last, order));
        }
        Ok::<_, rollcall::store::Error>(())
    });
    marked.await.expect("marked");
    assert!(rows >= 10_000, "so many are marked");
}

fn asked(app_id: &AppId) -> Vec<(&'static str, Filter)> {
    let linked = |linked| Some(Linked { linked, app_id: Some(app_id.to_owned()) });
    let search = |part: &str| Filter { search: Some(part.into()), ..Filter::default() };
    let none = Filter::default;
    vec![
        ("no filter", none()),
        ("absent", Filter { absent: Some(true), ..none() }),
        ("inactive", Filter { active: Some(false), ..none() }),
        ("linked", Filter { linked: linked(true), ..none() }),
        ("not linked", Filter { linked: linked(false), ..none() }),
        ("absent and inactive", Filter { absent: Some(true), active: Some(false), ..none() }),
        ("linked and absent", Filter { linked: linked(true), absent: Some(true), ..none() }),
        ("linked and inactive", Filter { linked: linked(true), active: Some(false), ..none() }),
        (
            "linked, inactive and absent",
            Filter { linked: linked(true), active: Some(false), absent: Some(true), ..none() },
        ),
        ("search: nothing", search("zzyzx")),
        ("search: nothing, common trigrams", search("example.comana")),
        ("search: a rare word", search("xquist")),
        ("search: an ID", search("1600009999")),
        ("search: a common word", search("example.com")),
        ("search: a name of many", search("sonmar")),
        ("search: a name at the end", search("woodwo, ")),
        ("search: two letters, none", search("zq")),
        ("search: two letters, few", search("xq")),
        ("search: two letters, many", search("an")),
        ("search: one letter, none", search("ß")),
        ("nothing, inactive", Filter { active: Some(false), ..search("zzyzx") }),
        ("nothing, linked", Filter { linked: linked(true), ..search("zzyzx") }),
        ("a rare word, absent", Filter { absent: Some(true), ..search("xquist") }),
        ("a common word, absent", Filter { absent: Some(true), ..search("example.com") }),
        ("a common word, linked", Filter { linked: linked(true), ..search("example.com") }),
    ]
}

/// The grant to do something anywhere, as the command line has it.
fn granted<A: Acts>() -> Grant<A> {
    Attempt::new(Principal::CommandLine, None, Origin::at(Ambient::system().now()))
        .throughout()
        .expect("a grant")
}
