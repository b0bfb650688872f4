//! What happens beside a poll: its connection is deleted, it panics, the database does not let it be claimed.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use diesel::{Connection as _, connection::SimpleConnection};
use futures_util::future::BoxFuture;
use rollcall::{
    clock::{Ambient, Clock},
    config::LogFormat,
    connectors::outbound::Timeouts,
    domain::{
        ids::ConnectionId,
        words::{Kind, List, RunState},
    },
    store::{Db, Error, PageLimit, Store, connections, records, runs},
    sync::{backlog, poll, remove, source_access::SourceAccess},
    workers::{board::Workers, frame, poll::Polling},
};
use tokio::sync::watch;

use super::vendor::Vendor;
use crate::{
    support::{TestDatabase, granted, sources},
    telemetry::Lines,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_deleted_while_it_is_polled_and_nothing_of_it_stays() {
    TestDatabase::each(async |database| {
        let (store, ambient) = (database.open(), Ambient::system());
        let vendor = Vendor::start(Kind::Connectwise, 1, ambient.clock.clone()).await;
        let sources = sources(&store, &ambient, Timeouts::default());
        let connection = vendor.connect(&sources, "Acme", &[("requests_per_minute", "30")]).await;
        let lease = poll::claim(&sources, "gw", 1).await.unwrap().remove(0);
        let own = sources.clone();
        let polled = tokio::spawn(async move { poll::poll(&own, lease).await });
        // In the middle of a list: the pace lets no more through for now.
        vendor.has_seen(8).await;
        let id = connection.id.clone();
        let extent = store.read(move |db| remove::extent(db, &granted(), &id)).await.unwrap();
        assert!(
            remove::connection(&sources, &granted(), &extent, remove::Leave::Unlinked)
                .await
                .unwrap()
                .is_none()
        );
        tokio::time::timeout(Duration::from_secs(30), polled).await.expect("it goes on").unwrap();
        backlog::work_off(&store, &ambient).await.unwrap();
        let left = store.read(move |db: &mut Db| {
            let gone = connections::get(db, &connection.id);
            let people = records::present(db, &connection.id, List::Employee, None, PageLimit::SCAN)?;
            Ok::<_, Error>((gone, people.rows.len(), backlog::tasks(db)?))
        });
        let (gone, people, tasks) = left.await.unwrap();
        assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
        assert_eq!((people, tasks), (0, vec![]));
        assert_eq!(poll::claim(&sources, "gw", 9).await.unwrap(), []);
    })
    .await;
}

/// A worker that polls, until it is dropped.
struct Worker {
    task: tokio::task::JoinHandle<()>,
    _stop: watch::Sender<bool>,
}

impl Worker {
    fn start(sources: SourceAccess, wake: &Arc<tokio::sync::Notify>) -> Self {
        let polling = Polling { sources, wake: wake.clone(), gateway: "gw_test".into(), at_once: 8 };
        let (stop, stopped) = watch::channel(false);
        let run = frame::run(Arc::new(polling), Workers::default(), stopped);
        Self { task: tokio::spawn(run), _stop: stop }
    }
}

/// A clock that panics once, in whichever task asks for the time first that is not the worker's own: in a poll.
struct Stumbling {
    clock: Arc<dyn Clock>,
    worker: OnceLock<tokio::task::Id>,
    fell: AtomicBool,
}

impl Clock for Stumbling {
    fn now(&self) -> DateTime<Utc> {
        if let (Some(worker), Some(asking)) = (self.worker.get(), tokio::task::try_id())
            && *worker != asking
        {
            assert!(self.fell.swap(true, SeqCst), "on purpose");
        }
        self.clock.now()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(time)
    }
}

/// How many lists of a connection were read whole, and the code of its problem.
async fn stands(store: &Store, id: &ConnectionId) -> (usize, Option<String>) {
    let id = id.to_owned();
    let read = store.read(move |db: &mut Db| {
        let problem = connections::get(db, &id)?.problem.map(|(problem, _)| problem.code);
        let runs = runs::page(db, &id, None, PageLimit::SCAN)?.rows;
        Ok::<_, Error>((runs.iter().filter(|run| run.state == RunState::Complete).count(), problem))
    });
    read.await.unwrap()
}

#[tokio::test]
async fn a_poll_that_panics_is_told_at_its_connection_and_the_others_are_polled() {
    TestDatabase::each(async |database| {
        let (store, system) = (database.open(), Ambient::system());
        let (worker, fell) = (OnceLock::new(), AtomicBool::new(false));
        let clock = Arc::new(Stumbling { clock: system.clock.clone(), worker, fell });
        let ambient = Ambient { clock: clock.clone(), ..system.clone() };
        let sources = sources(&store, &ambient, Timeouts::default());
        let mut vendors = Vec::new();
        let mut ids = Vec::new();
        for seed in [1, 2, 3] {
            let vendor = Vendor::start(Kind::Connectwise, seed, system.clock.clone()).await;
            let connection =
                vendor.connect(&sources, &format!("Company {seed}"), &[("page_size", "100")]).await;
            ids.push(connection.id);
            vendors.push(vendor);
        }
        let worker = Worker::start(sources, &Arc::default());
        clock.worker.set(worker.task.id()).unwrap();
        let polled = async {
            loop {
                let mut all = Vec::new();
                for id in &ids {
                    all.push(stands(&store, id).await);
                }
                let count = |wanted: &(usize, Option<&str>)| {
                    all.iter().filter(|(lists, problem)| (*lists, problem.as_deref()) == *wanted).count()
                };
                if count(&(2, None)) == 2 && count(&(0, Some("panicked"))) == 1 {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), polled).await.expect("two are polled, one is told of");
        assert!(!worker.task.is_finished());
    })
    .await;
}

#[tokio::test]
async fn a_trouble_that_lasts_is_logged_when_it_begins_and_when_it_is_over() {
    TestDatabase::each(async |database| {
        let say = |sql: &str| match database.url.strip_prefix("sqlite:") {
            Some(path) => diesel::SqliteConnection::establish(path).unwrap().batch_execute(sql).unwrap(),
            None => diesel::PgConnection::establish(&database.url).unwrap().batch_execute(sql).unwrap(),
        };
        let store = database.open();
        let (lines, _guard) = Lines::capture("info", LogFormat::Text);
        say("ALTER TABLE polls RENAME TO polls_elsewhere");
        let wake = Arc::new(tokio::sync::Notify::new());
        let worker = Worker::start(sources(&store, &Ambient::system(), Timeouts::default()), &wake);
        let rounds = async |more: u64| {
            let done = || store.load().iter().find(|(name, _)| *name == "write").unwrap().1.begun;
            let until = done() + more;
            while done() < until {
                wake.notify_one();
                tokio::task::yield_now().await;
            }
        };
        rounds(20).await;
        assert_eq!(lines.text().matches("ERROR").count(), 1, "{}", lines.text());
        say("ALTER TABLE polls_elsewhere RENAME TO polls");
        rounds(20).await;
        while !lines.text().contains("it is over: connections that are due cannot be claimed") {
            tokio::task::yield_now().await;
        }
        assert_eq!(lines.text().matches("it is over").count(), 1, "{}", lines.text());
        drop(worker);
    })
    .await;
}
