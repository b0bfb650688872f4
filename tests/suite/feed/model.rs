//! Eight writers at once, long and short transactions, some of which do not come to their end, and readers that stop and
//! resume all the time: what they make of the feed is what is staged.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use chrono::{DateTime, Utc};
use diesel::{Connection as _, RunQueryDsl};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rollcall::{
    clock::Ambient,
    domain::{
        details::Details,
        ids::{CompanyId, RecordId},
        record::Record,
        words::{Kind, List},
    },
    store::{
        self, PageLimit, Store, WriteDb,
        apps::{self, App},
        changes::Filter,
        connections::Connection,
        locks::{self, Locked},
        profiles,
        records::{self, Place},
    },
    sync::{
        feed::{self, Start},
        ingest, link, profile,
        register::{self, ConnectionDraft},
        remove,
    },
};
use tokio::task::JoinSet;

use super::rebuilt::Rebuilt;
use crate::support::{TestDatabase, granted, linking, person, test_vault};

const WRITERS: usize = 8;
/// Transactions of each writer.
const TRANSACTIONS: usize = 60;
/// How often each reader stops and resumes, at least.
const RESUMED: usize = 260;

/// Two companies, each with two connections, and an app that sees both.
#[derive(Clone)]
struct World {
    store: Store,
    ambient: Ambient,
    companies: Vec<CompanyId>,
    connections: Vec<Connection>,
    app: App,
    writing: Arc<AtomicUsize>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_readers_make_of_the_feed_is_what_is_staged_whatever_writes_at_the_same_time() {
    TestDatabase::each(async |database| {
        let world = World::start(database).await;
        let mut at_work = JoinSet::new();
        for seed in 0..WRITERS as u64 {
            at_work.spawn(world.clone().write(seed, database.url.clone()));
        }
        let mut readers = JoinSet::new();
        for (seed, company) in (100u64..).zip(world.companies.iter().cycle().take(4)) {
            readers.spawn(world.clone().follow(seed, company.clone()));
        }
        while let Some(done) = at_work.join_next().await {
            done.unwrap();
        }
        let mut resumed = 0;
        while let Some(read) = readers.join_next().await {
            let (company, mut rebuilt, times) = read.unwrap();
            resumed += times;
            let staged = world.store.read(move |db| Rebuilt::of_database(db, &company)).await.unwrap();
            assert!(rebuilt.position > 100, "{}", rebuilt.position);
            rebuilt.position = 0;
            assert_eq!(rebuilt, staged);
        }
        assert!(resumed >= 1000, "{resumed}");
    })
    .await;
}

impl World {
    async fn start(database: &TestDatabase) -> Self {
        let (store, ambient) = (database.open(), Ambient::system());
        feed::ensure_epoch(&store, &ambient).await.unwrap();
        let outside = ambient.clone();
        let made = store.write(move |db| {
            let (mut companies, mut connections) = (Vec::new(), Vec::new());
            for company in ["Acme", "Birch"] {
                let company = register::company(db, &outside, &granted(), company)?;
                for name in ["one", "two"] {
                    let mut draft = ConnectionDraft::new(Kind::Push, &company.id);
                    draft.name = Some(name.to_owned());
                    connections.push(
                        register::connection(db, &outside, &test_vault(), &granted(), &draft)?.connection,
                    );
                }
                companies.push(company.id);
            }
            let (app, _) = register::app(db, &outside, &granted(), "Timesheets", &companies, false)?;
            let app = apps::get(db, &app.id)?;
            Ok::<_, register::Error>((companies, connections, app))
        });
        let (companies, connections, app) = made.await.unwrap();
        let writing = Arc::new(AtomicUsize::new(WRITERS));
        Self { store, ambient, companies, connections, app, writing }
    }

    async fn write(self, seed: u64, url: String) {
        let mut rng = StdRng::seed_from_u64(seed);
        for n in 0..TRANSACTIONS {
            // In the end one connection is taken away from under the others.
            if seed == 0 && n == TRANSACTIONS / 2 {
                self.remove(&self.connections[3]).await;
            }
            if url.starts_with("postgres") && rng.random_ratio(1, 40) {
                let url = url.clone();
                tokio::task::spawn_blocking(move || break_a_connection(&url)).await.unwrap();
            }
            let connection = self.connections[rng.random_range(0..self.connections.len())].clone();
            // Whatever it comes to: what counts is what is in the database.
            self.transaction(&mut rng, connection).await;
        }
        self.writing.fetch_sub(1, Relaxed);
    }

    async fn transaction(&self, rng: &mut StdRng, connection: Connection) {
        let (ambient, now) = (self.ambient.clone(), Utc::now());
        let list = if rng.random() { List::Employee } else { List::Customer };
        let some = |rng: &mut StdRng, most| -> Vec<Record> {
            let count = rng.random_range(1..=most);
            (0..count).map(|_| someone(rng)).collect()
        };
        match rng.random_range(0..10) {
            // Short ones, long ones, and such as do not come to their end.
            0..4 => {
                let most = if rng.random_ratio(1, 4) { 400 } else { 3 };
                let batches = [some(rng, most), some(rng, most)];
                let fails = rng.random_ratio(1, 5);
                let _ = self
                    .store
                    .write(move |db| {
                        for batch in &batches {
                            let lock = locks::of(&connection.id).list(db, list)?;
                            ingest::stage(db, &ambient, &place(&connection, &lock, now), batch)?;
                        }
                        if fails { Err(store::Error::Stale("test")) } else { Ok(()) }
                    })
                    .await;
            }
            4 => {
                let from = rng.random_range(0..300);
                let _ = self.store.write(move |db| mark_some_absent(db, &connection, list, from, now)).await;
            }
            5..7 => self.link(rng, &connection, list).await,
            7 => {
                let found = self.find(&connection, list, rng.random_range(0..400)).await;
                let (Some(found), app) = (found, self.app.clone()) else { return };
                let unlinked = self.store.write(move |db| {
                    let staged = records::get(db, list, &found)?;
                    link::unlink(db, &ambient, &linking(&app), &staged)
                });
                let _ = unlinked.await;
            }
            8 => {
                let (profile, app) = (format!("u-{}", rng.random_range(0..30)), self.app.clone());
                let deleted =
                    self.store.write(move |db| match profiles::find(db, &app.id, list, &profile)? {
                        Some(profile) => profile::delete(db, &ambient, &linking(&app), &profile),
                        None => Ok(()),
                    });
                let _ = deleted.await;
            }
            _ => {
                let found = self.find(&connection, list, rng.random_range(0..400)).await;
                let (Some(found), app) = (found, self.app.clone()) else { return };
                let made = self.store.write(move |db| {
                    let staged = records::get(db, list, &found)?;
                    link::create_profile(db, &ambient, &linking(&app), &staged, None)
                });
                let _ = made.await;
            }
        }
    }

    async fn link(&self, rng: &mut StdRng, connection: &Connection, list: List) {
        let Some(found) = self.find(connection, list, rng.random_range(0..400)).await else { return };
        let draft = profile::Draft {
            list,
            profile_id: format!("u-{}", rng.random_range(0..30)),
            company_id: Some(connection.company_id.clone()),
            name: format!("Name {}", rng.random_range(0..3)),
            email: None,
            details: Details::default(),
        };
        let profile_id = draft.profile_id.clone();
        let (ambient, app) = (self.ambient.clone(), self.app.clone());
        let put = self.store.write(move |db| profile::put(db, &ambient, &linking(&app), &draft));
        let _ = put.await;
        let (ambient, app) = (self.ambient.clone(), self.app.clone());
        let linked = self.store.write(move |db| {
            let staged = records::get(db, list, &found)?;
            link::link(db, &ambient, &linking(&app), &staged, &profile_id)
        });
        let _ = linked.await;
    }

    async fn find(&self, connection: &Connection, list: List, number: usize) -> Option<RecordId> {
        let id = connection.id.clone();
        let found = self.store.read(move |db| records::find(db, &id, list, &format!("P-{number}")));
        found.await.ok().flatten().map(|staged| staged.id)
    }

    async fn remove(&self, connection: &Connection) {
        use rollcall::sync::backlog;
        let (id, now) = (connection.id.clone(), Utc::now());
        // A connection of the database may be broken just now.
        loop {
            let id = id.clone();
            let marked = self.store.write(move |db| remove::mark(db, &id, now)).await;
            if matches!(marked, Ok(()) | Err(store::Error::NotFound(_))) {
                break;
            }
        }
        while backlog::work_off(&self.store, &self.ambient).await.is_err() {}
    }

    /// Reads the feed in small parts until the writers are done; the state, and how often it had to resume.
    async fn follow(self, seed: u64, company: CompanyId) -> (CompanyId, Rebuilt, usize) {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut kept = (Rebuilt::default(), Start::Oldest);
        let (mut state, mut start) = kept.clone();
        let mut resumed = 0;
        loop {
            let done = self.writing.load(Relaxed) == 0;
            let (read, from) = (company.clone(), start.clone());
            let most = rng.random_range(1..200);
            let part =
                self.store.read(move |db| feed::read(db, &read, &from, &Filter::default(), most)).await;
            let Ok(part) = part else { continue };
            let ended = part.changes.is_empty() && !part.more;
            part.changes.into_iter().for_each(|change| state.apply(change));
            start = Start::After(part.next);
            match rng.random_range(0..4) {
                // It remembers what it has done, and where it stopped.
                0 => kept = (state.clone(), start.clone()),
                // It is gone before it did, and begins again from there.
                1 => {
                    (state, start) = kept.clone();
                    resumed += 1;
                }
                _ if ended && done && resumed < RESUMED => {
                    (state, start) = kept.clone();
                    resumed += 1;
                }
                _ if ended && done => return (company, state, resumed),
                _ => {}
            }
            tokio::task::yield_now().await;
        }
    }
}

fn place<'a>(connection: &'a Connection, lock: &'a Locked<List>, now: DateTime<Utc>) -> Place<'a> {
    Place { company_id: &connection.company_id, lock, run_id: None, now }
}

fn someone(rng: &mut StdRng) -> Record {
    let mut record = person(&format!("P-{}", rng.random_range(0..400)), "Ana", "Ruiz");
    record.job_title = Some(format!("job {}", rng.random_range(0..3)));
    record
}

fn mark_some_absent(
    db: &mut WriteDb,
    connection: &Connection,
    list: List,
    from: usize,
    now: DateTime<Utc>,
) -> store::Result<()> {
    let lock = locks::of(&connection.id).list(db, list)?;
    let limit = PageLimit::new(7).unwrap();
    let some = records::present(db, &connection.id, list, Some(&format!("P-{from}")), limit)?.rows;
    records::mark_absent(db, &place(connection, &lock, now), &some)
}

/// Ends one of the gateway's connections to PostgreSQL, in the middle of whatever it does.
fn break_a_connection(url: &str) {
    let Ok(mut connection) = diesel::PgConnection::establish(url) else { return };
    let broken = "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE '%transaction%' OR \
        (datname = current_database() AND pid <> pg_backend_pid() AND state = 'active') LIMIT 1) AS one";
    // Another writer may break this one at the same moment.
    let _ = diesel::sql_query(broken).execute(&mut connection);
}
