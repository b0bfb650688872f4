//! Searches and filters of long lists: what they find, and what they read for it.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    Connection as _, RunQueryDsl as _,
    connection::{Instrumentation, InstrumentationEvent, SimpleConnection},
    prelude::QueryableByName,
    sql_types::{BigInt, Text},
};
use rollcall::{
    domain::{
        fold::fold,
        ids::{AppId, CompanyId},
        record::Record,
        trigrams,
        words::List,
    },
    store::{
        AnyConnection, Db, Engine, PageLimit, Store,
        connections::Connection,
        locks::{self, Locked},
        records::{self, Filter, Linked, Order, Place, Position, Present, Staged},
    },
    sync::{ingest, search_index},
};
use serde_json::json;

use crate::support::{TestApp, TestDatabase, granted, people, person};

const LIST: List = List::Employee;

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn of<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[self.up_to(some.len())]
    }
}

async fn write(app: &TestApp, connection: &Connection, records: Vec<Record>) {
    let (ambient, connection) = (app.gateway.ambient.clone(), connection.clone());
    let written = app.gateway.store.write(move |db| {
        let lock = locks::of(&connection.id).list(db, LIST)?;
        ingest::stage(db, &ambient, &place(&connection, &lock, ambient.now()), &records)
    });
    written.await.unwrap();
}

fn place<'a>(
    connection: &'a Connection,
    lock: &'a Locked<List>,
    now: chrono::DateTime<chrono::Utc>,
) -> Place<'a> {
    Place { company_id: &connection.company_id, lock, run_id: None, now }
}

async fn index(app: &TestApp) {
    search_index::work_off(&app.gateway.store, &app.gateway.ambient).await.unwrap();
}

/// All rows that fit, page by page.
async fn all(store: &Store, company_id: &CompanyId, filter: Filter, rows: u16) -> Vec<Staged> {
    let company_id = company_id.to_owned();
    let read = store.read(move |db| -> rollcall::store::Result<_> {
        let (mut all, mut after) = (Vec::new(), None::<Position>);
        loop {
            let limit = PageLimit::new(rows).unwrap();
            let page = records::page(db, &company_id, LIST, &filter, Order::Name, after.as_ref(), limit)?;
            after = page.rows.last().map(|last| Position::of(last, Order::Name));
            all.extend(page.rows);
            if !page.more {
                return Ok(all);
            }
        }
    });
    read.await.unwrap()
}

/// The app's own ID in the database.
async fn app_id(app: &TestApp) -> AppId {
    let apps = app.admin("GET", "/v1/apps", None).await;
    let apps = apps.is(200)["data"].as_array().unwrap().clone();
    let own = apps.iter().find(|app| app["name"] == "Timesheets").unwrap();
    own["id"].as_str().unwrap().into()
}

async fn link(app: &TestApp, record_id: &str) {
    app.send("POST", &format!("/v1/employees/{record_id}/profile"), json!({})).await;
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    record_id: String,
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn count(db: &mut Db, sql: &str) -> i64 {
    diesel::sql_query(format!("SELECT ({sql}) AS count")).get_result::<Count>(db.diesel()).unwrap().count
}

/// The words that the index holds, by record.
fn words(db: &mut Db) -> BTreeMap<String, BTreeSet<String>> {
    let sql = match db.diesel() {
        AnyConnection::Sqlite(connection) => {
            connection
                .batch_execute(
                    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_words USING fts5vocab(main, search_trigrams, instance)",
                )
                .unwrap();
            "SELECT record_id, term AS word FROM search_words JOIN search_entries ON seq = doc"
        }
        AnyConnection::Postgres(_) => {
            "SELECT record_id, unnest(tsvector_to_array(trigrams)) AS word FROM search_entries"
        }
    };
    let mut words = BTreeMap::<_, BTreeSet<String>>::new();
    for found in diesel::sql_query(sql).load::<Word>(db.diesel()).unwrap() {
        words.entry(found.record_id).or_default().insert(found.word);
    }
    words
}

/// What the index must hold of these records.
fn words_of(db: &mut Db, rows: &[Staged]) -> BTreeMap<String, BTreeSet<String>> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = Text)]
        connection_id: String,
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let numbers: BTreeMap<String, i64> = diesel::sql_query("SELECT connection_id, seq FROM search_lists")
        .load::<Number>(db.diesel())
        .unwrap()
        .into_iter()
        .map(|number| (number.connection_id, number.seq))
        .collect();
    let of = |row: &Staged| {
        let number = numbers[row.connection_id.as_str()];
        let trigrams = trigrams::of_text(&row.record.search_text());
        trigrams.into_iter().map(|trigram| format!("{number}\u{ba}{trigram}")).collect()
    };
    rows.iter().map(|row| (row.id.to_string(), of(row))).collect()
}

const FIRST: [&str; 6] = ["Zoë", "Łucja", "José", "Bo", "Q", "x_y%z"];
const LAST: [&str; 6] = ["O’Brien", "Smith", "Smithson", "Ng", "100%", "van der  Berg"];

fn odd(dice: &mut Dice, number: usize) -> Record {
    let (first, last): (&&str, &&str) = (dice.of(&FIRST), dice.of(&LAST));
    let mut odd = person(&format!("X-{number}"), first, last);
    odd.active = dice.up_to(4) > 0;
    odd
}

/// Something to search for: a part of what is there, most of the time.
fn part(dice: &mut Dice, rows: &[Staged]) -> String {
    let text: Vec<char> = dice.of(rows).record.search_text().replace('\n', " ").chars().collect();
    let from = dice.up_to(text.len());
    let part: String = text.iter().skip(from).take(1 + dice.up_to(6)).collect();
    if dice.up_to(8) == 0 { format!("{part}zz") } else { part }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story: each step searches what the steps before have written")]
async fn a_search_finds_what_the_records_hold_whatever_is_written_and_whatever_is_indexed() {
    TestApp::each(async |app| {
        let store = &app.gateway.store;
        let company = app.company.id.clone();
        let second = {
            let (ambient, company) = (app.gateway.ambient.clone(), company.clone());
            let vault = crate::support::test_vault();
            let made = store.write(move |db| {
                use rollcall::{domain::words::Kind, sync::register};
                let mut draft = register::ConnectionDraft::new(Kind::Push, &company);
                draft.name = Some("Second".into());
                register::connection(db, &ambient, &vault, &granted(), &draft)
            });
            made.await.unwrap().connection
        };
        let connections = [app.connection.clone(), second];
        // Longer than what is gone through before the index is asked.
        for connection in &connections {
            write(app, connection, people(1_200)).await;
        }
        index(app).await;
        let own = app_id(app).await;
        let mut dice = Dice(7);
        for round in 0..30 {
            let connection = dice.of(&connections).clone();
            let rows = all(store, &company, Filter::default(), 500).await;
            let theirs: Vec<&Staged> = rows.iter().filter(|row| row.connection_id == connection.id).collect();
            match dice.up_to(6) {
                0 | 1 => {
                    let odd = (0..=dice.up_to(9))
                        .map(|_| {
                            let n = dice.up_to(60);
                            odd(&mut dice, n)
                        })
                        .collect();
                    write(app, &connection, odd).await;
                }
                2 => {
                    // Others get a name that is rare, or lose it.
                    let mut renamed = dice.of(&theirs).record.clone();
                    renamed.name = format!("{} {round}", dice.of(&LAST));
                    renamed.last_name = None;
                    write(app, &connection, vec![renamed]).await;
                }
                3 => {
                    let gone = dice.of(&theirs);
                    let gone = Present {
                        external_id: gone.record.external_id.clone(),
                        id: gone.id.clone(),
                        version: gone.version,
                    };
                    let now = app.gateway.ambient.now();
                    let marked = store.write(move |db| {
                        let lock = locks::of(&connection.id).list(db, LIST)?;
                        records::mark_absent(db, &place(&connection, &lock, now), &[gone])
                    });
                    marked.await.unwrap();
                }
                4 => link(app, &dice.of(&theirs).id).await,
                _ => index(app).await,
            }
            let rows = all(store, &company, Filter::default(), 500).await;
            let links = app.get("/v1/links?limit=500").await;
            let linked: BTreeSet<String> = links.is(200)["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|link| link["record_id"].as_str().unwrap().to_owned())
                .collect();
            let one_of = |dice: &mut Dice| [None, None, Some(false), Some(true)][dice.up_to(4)];
            for _ in 0..4 {
                let filter = Filter {
                    connection_id: (dice.up_to(3) == 0).then(|| dice.of(&connections).id.clone()),
                    linked: one_of(&mut dice).map(|linked| Linked { linked, app_id: Some(own.clone()) }),
                    active: one_of(&mut dice),
                    absent: one_of(&mut dice),
                    search: (dice.up_to(4) > 0).then(|| part(&mut dice, &rows)),
                    changed_since: None,
                };
                let fits = |row: &&Staged| {
                    filter.connection_id.as_ref().is_none_or(|id| *id == row.connection_id)
                        && filter
                            .linked
                            .as_ref()
                            .is_none_or(|asked| asked.linked == linked.contains(row.id.as_str()))
                        && filter.active.is_none_or(|active| active == row.record.active)
                        && filter.absent.is_none_or(|absent| absent == row.absent_at.is_some())
                        && filter
                            .search
                            .as_ref()
                            .is_none_or(|part| row.record.search_text().contains(&fold(part)))
                };
                let expected: Vec<&str> = rows.iter().filter(fits).map(|row| row.id.as_str()).collect();
                let found = all(store, &company, filter.clone(), 97).await;
                let found: Vec<&str> = found.iter().map(|row| row.id.as_str()).collect();
                assert_eq!(found, expected, "round {round}: {filter:?}");
            }
        }
        index(app).await;
        let rows = all(store, &company, Filter::default(), 500).await;
        let held = store.write(move |db| -> rollcall::store::Result<_> {
            assert_eq!(count(db, "SELECT count(*) FROM search_pending"), 0);
            let stale = "SELECT count(*) FROM links JOIN records ON records.id = record_id \
                         WHERE links.sort_name <> records.sort_name";
            assert_eq!(count(db, stale), 0);
            assert_eq!(words(db), words_of(db, &rows), "the index holds exactly what the records hold");
            Ok(())
        });
        held.await.unwrap();
        // A connection that is deleted takes its part of the index with it.
        let gone = connections[1].id.clone();
        app.admin("DELETE", &format!("/v1/connections/{gone}?confirm=true"), None).await;
        rollcall::sync::backlog::work_off(store, &app.gateway.ambient).await.unwrap();
        let rows = all(store, &company, Filter::default(), 500).await;
        let held = store.write(move |db| -> rollcall::store::Result<_> {
            let left = count(db, "SELECT count(*) FROM connections");
            assert_eq!(left, 1);
            assert_eq!(words(db), words_of(db, &rows));
            Ok(())
        });
        held.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn names_of_any_length_are_listed_and_found() {
    TestApp::each(async |app| {
        // Random letters, so that PostgreSQL cannot make the key of an index short.
        let mut dice = Dice(3);
        let mut long = person("L-1", "Ana", "Long");
        long.name = (0..1_000)
            .map(|_| char::from_u32(0x4e00 + u32::try_from(dice.up_to(20_000)).unwrap()).unwrap())
            .collect();
        let tail: String = long.name.chars().skip(990).collect();
        write(app, &app.connection, vec![long]).await;
        index(app).await;
        let filter = Filter { search: Some(tail), ..Filter::default() };
        assert_eq!(all(&app.gateway.store, &app.company.id, filter, 10).await.len(), 1);
        let rows = all(&app.gateway.store, &app.company.id, Filter::default(), 10).await;
        link(app, &rows[0].id).await;
        assert!(!app.get("/v1/employees?linked=true").await.is(200)["data"].as_array().unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn records_from_before_there_was_an_index_get_into_it() {
    TestApp::each(async |app| {
        let store = &app.gateway.store;
        write(app, &app.connection, people(1_500)).await;
        index(app).await;
        let undone = store.write(|db| -> rollcall::store::Result<_> {
            let folder = match db.diesel() {
                AnyConnection::Sqlite(_) => "sqlite",
                AnyConnection::Postgres(_) => "postgres",
            };
            let path = format!(
                "{}/migrations/{folder}/2026-11-27-000061_search/down.sql",
                env!("CARGO_MANIFEST_DIR")
            );
            db.diesel().batch_execute(&std::fs::read_to_string(path).unwrap()).unwrap();
            db.diesel()
                .batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = '20261127000061'")
                .unwrap();
            Ok(())
        });
        undone.await.unwrap();
        assert_eq!(store.migrate().unwrap().applied.len(), 1);
        let noted = store.read(|db| -> rollcall::store::Result<_> {
            Ok((
                count(db, "SELECT count(*) FROM search_pending"),
                count(db, "SELECT sum(count) FROM search_pending"),
            ))
        });
        assert_eq!(noted.await.unwrap(), (2, 1_500));
        let rare = || Filter { search: Some("person1499".into()), ..Filter::default() };
        assert_eq!(all(store, &app.company.id, rare(), 10).await.len(), 1);
        index(app).await;
        assert_eq!(all(store, &app.company.id, rare(), 10).await.len(), 1);
        let rows = all(store, &app.company.id, Filter::default(), 500).await;
        let held =
            store.write(move |db| -> rollcall::store::Result<_> { Ok((words(db), words_of(db, &rows))) });
        let (held, expected) = held.await.unwrap();
        assert_eq!(held, expected);
    })
    .await;
}

/// What is asked for, as a person would.
fn asked(app_id: &AppId) -> Vec<(&'static str, Filter)> {
    let linked = || Some(Linked { linked: true, app_id: Some(app_id.to_owned()) });
    let search = |part: &str| Filter { search: Some(part.into()), ..Filter::default() };
    let none = Filter::default;
    vec![
        ("all", none()),
        ("absent", Filter { absent: Some(true), ..none() }),
        ("inactive", Filter { active: Some(false), ..none() }),
        ("linked", Filter { linked: linked(), ..none() }),
        ("absent and inactive", Filter { absent: Some(true), active: Some(false), ..none() }),
        ("absent and active", Filter { absent: Some(true), active: Some(true), ..none() }),
        ("linked and absent", Filter { linked: linked(), absent: Some(true), ..none() }),
        ("linked and inactive", Filter { linked: linked(), active: Some(false), ..none() }),
        ("linked and present", Filter { linked: linked(), absent: Some(false), ..none() }),
        ("nothing", search("zzyzx")),
        ("nothing, of common trigrams", search("sonper")),
        ("a rare word", search("rareword")),
        ("a common word", search("example.com")),
        ("two letters that are nowhere", search("zx")),
        ("a rare pair", search("rw")),
        ("a letter that is nowhere", search("ß")),
        ("a rare word, inactive", Filter { active: Some(false), ..search("rareword") }),
        ("a common word, absent", Filter { absent: Some(true), ..search("example.com") }),
        ("a common word, linked", Filter { linked: linked(), ..search("example.com") }),
        ("nothing, linked", Filter { linked: linked(), ..search("zzyzx") }),
    ]
}

/// A list of `count` with a few of everything, indexed.
async fn long_list(app: &TestApp, count: usize) -> AppId {
    let mut list = people(count);
    for (n, record) in list.iter_mut().enumerate() {
        record.active = n % 1_000 != 501;
        if n % 4_000 == 3_990 {
            record.first_name = Some("Rareword".into());
        }
    }
    for some in list.chunks(4_000) {
        write(app, &app.connection, some.to_vec()).await;
    }
    index(app).await;
    let rows = all(&app.gateway.store, &app.company.id, Filter::default(), 500).await;
    for row in rows.iter().step_by(count / 5) {
        link(app, &row.id).await;
    }
    let gone: Vec<Present> = rows
        .iter()
        .skip(7)
        .step_by(count / 6)
        .map(|row| Present {
            external_id: row.record.external_id.clone(),
            id: row.id.clone(),
            version: row.version,
        })
        .collect();
    let (connection, now) = (app.connection.clone(), app.gateway.ambient.now());
    let marked = app.gateway.store.write(move |db| {
        let lock = locks::of(&connection.id).list(db, LIST)?;
        records::mark_absent(db, &place(&connection, &lock, now), &gone)
    });
    marked.await.unwrap();
    app_id(app).await
}

/// Notes the statements that a connection sends.
struct Statements(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl Instrumentation for Statements {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.0.lock().unwrap().push(query.to_string());
        }
    }
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[tokio::test]
async fn sqlite_reads_every_filtered_list_in_order_from_an_index() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database).await;
    let own = long_list(&app, 3_000).await;
    let company = app.company.id.clone();
    for (name, filter) in asked(&own) {
        let company = company.clone();
        let read = app.gateway.store.read(move |db| -> rollcall::store::Result<_> {
            let noted = std::sync::Arc::default();
            db.diesel().set_instrumentation(Statements(std::sync::Arc::clone(&noted)));
            records::page(db, &company, LIST, &filter, Order::Name, None, PageLimit::DEFAULT)?;
            db.diesel().set_instrumentation(None::<Box<dyn Instrumentation>>);
            let mut plans = Vec::new();
            for statement in noted.lock().unwrap().iter() {
                let sql = statement.split(" -- binds").next().unwrap();
                let plan: Vec<Plan> =
                    diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(db.diesel()).unwrap();
                plans.push(plan.into_iter().map(|step| step.detail).collect::<Vec<_>>());
            }
            Ok(plans)
        });
        let plans = read.await.unwrap();
        assert!(plans.len() > 1, "{name}: {plans:?}");
        for step in plans.iter().flatten() {
            let whole = step.starts_with("SCAN")
                && !step.contains("VIRTUAL TABLE INDEX")
                && !step.contains("CONSTANT");
            assert!(!whole && !step.contains("TEMP B-TREE"), "{name}: {plans:#?}");
        }
        let uses = |index: &str| plans.iter().flatten().any(|step| step.contains(index));
        match name {
            "absent" | "absent and active" | "linked and absent" => {
                assert!(uses("records_absent"), "{name}: {plans:#?}");
            }
            "inactive" | "linked and inactive" => assert!(uses("records_inactive"), "{name}: {plans:#?}"),
            "linked" | "linked and present" => assert!(uses("links_by_name"), "{name}: {plans:#?}"),
            _ if name.contains("rare") && !name.contains("inactive") => {
                assert!(uses("VIRTUAL TABLE INDEX"), "{name}: {plans:#?}");
            }
            _ => {}
        }
    }
}

/// Rows that the session has read so far.
const READ: &str = "SELECT CAST(coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0) AS BIGINT) \
                    FROM pg_stat_xact_user_tables";

#[tokio::test]
async fn postgres_reads_a_small_part_of_a_list_for_every_filter() {
    let Some(database) = TestDatabase::postgres() else { return };
    let app = TestApp::start(&database).await;
    assert_eq!(app.gateway.store.engine(), Engine::Postgres);
    let own = long_list(&app, 8_000).await;
    diesel::PgConnection::establish(&database.url).unwrap().batch_execute("VACUUM ANALYZE").unwrap();
    for (name, filter) in asked(&own) {
        let company = app.company.id.clone();
        let is_search = filter.search.is_some();
        let read = app.gateway.store.read(move |db| -> rollcall::store::Result<_> {
            db.diesel().batch_execute("BEGIN").unwrap();
            let before = count(db, READ);
            records::page(db, &company, LIST, &filter, Order::Name, None, PageLimit::DEFAULT)?;
            let read = count(db, READ) - before;
            db.diesel().batch_execute("COMMIT").unwrap();
            Ok(read)
        });
        let (read, most) = (read.await.unwrap(), if is_search { 3_000 } else { 600 });
        assert!(read <= most, "{name}: {read} rows are read");
    }
}

#[tokio::test]
async fn postgres_looks_each_record_up_by_its_own_index_before_there_are_statistics() {
    let Some(database) = TestDatabase::postgres() else { return };
    let app = TestApp::start(&database).await;
    write(&app, &app.connection, people(6_000)).await;
    let connection = app.connection.id.clone();
    let read = app.gateway.store.read(move |db| -> rollcall::store::Result<_> {
        let ids: Vec<String> = (0..500).map(|n| format!("P-{n:04}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        db.diesel().batch_execute("BEGIN").unwrap();
        let before = count(db, READ);
        assert_eq!(records::known(db, &connection, LIST, &ids)?.len(), 500);
        let read = count(db, READ) - before;
        db.diesel().batch_execute("COMMIT").unwrap();
        Ok(read)
    });
    let read = read.await.unwrap();
    assert!(read <= 1_000, "{read} rows are read for 500");
}
