//! What runs beside the requests: one frame for all, who does what several gateways share, and how it is told.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use rollcall::{
    clock::Ambient,
    domain::words::{Ended, WorkerState},
    store::{
        Error, PageLimit, Result, Store, WriteDb,
        duties::{self, Claim, Lease},
        workers,
    },
    workers::{
        board::{Broken, Health, Workers},
        frame::{self, Claimed, Worker},
        periodic::{Due, ForAll, Periodic, Periodically},
        report::Report,
    },
};
use tokio::sync::{Notify, watch};

use crate::support::{Process, TestApp, TestDatabase};

/// What a piece of work does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Ends,
    Fails,
    Panics,
    /// Until it is dropped.
    Hangs,
    /// The same, and its lease is taken by another.
    Loses,
}

/// A worker that is claimed one piece of work after the other, and remembers how its leases were settled.
#[derive(Default)]
struct Script {
    acts: Mutex<Vec<Act>>,
    settled: Mutex<Vec<(Act, Ended)>>,
    renewed: AtomicU32,
    wake: Notify,
}

impl Worker for Script {
    const NAME: &'static str = "script";
    const NOT_CLAIMED: &'static str = "nothing can be claimed";
    const NOT_DONE: &'static str = "the script is not played";
    type Capacity = ();
    type Lease = Act;
    type Slot = ();

    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn wake(&self) -> Option<&Notify> {
        Some(&self.wake)
    }

    async fn capacity(&self, _: usize) {}

    async fn claim(&self, (): ()) -> Result<Claimed<Act, ()>> {
        let jobs = self.acts.lock().unwrap().drain(..).map(|act| (act, ())).collect();
        Ok(Claimed { jobs, again: Duration::from_hours(1) })
    }

    fn span(&self, _: &Act) -> tracing::Span {
        tracing::Span::none()
    }

    async fn work(&self, act: &Act, (): ()) -> Result<()> {
        match act {
            Act::Ends => Ok(()),
            Act::Fails => Err(Error::Full),
            Act::Panics => panic!("on purpose"),
            Act::Hangs | Act::Loses => std::future::pending().await,
        }
    }

    fn lease_for(&self) -> Duration {
        Duration::from_millis(3)
    }

    async fn renew(&self, act: &Act) -> Result<()> {
        self.renewed.fetch_add(1, SeqCst);
        if *act == Act::Loses { Err(Error::Stale("lease")) } else { Ok(()) }
    }

    async fn settle(&self, act: Act, ended: Ended) -> Result<()> {
        self.settled.lock().unwrap().push((act, ended));
        Ok(())
    }
}

/// Ends when the health of a worker is as it should be.
async fn until(workers: &Workers, name: &str, is: impl Fn(&Health) -> bool) -> Health {
    let wait = async {
        loop {
            if let Some(health) = workers.health().get(name).filter(|health| is(health)) {
                return health.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
    waited.unwrap_or_else(|_| panic!("{:?}", workers.health()))
}

#[tokio::test]
async fn each_piece_of_work_ends_alone_and_its_lease_is_settled_by_how_it_ended() {
    let script = Arc::new(Script::default());
    *script.acts.lock().unwrap() = vec![Act::Ends, Act::Fails, Act::Panics, Act::Loses, Act::Hangs];
    let (workers, (stop, stopped)) = (Workers::default(), watch::channel(false));
    let run = tokio::spawn(frame::run(script.clone(), workers.clone(), stopped));
    let health = until(&workers, "script", |health| health.runs == 4).await;
    assert_eq!((health.failures, health.busy, health.panics), (2, 1, 0));
    assert_eq!(health.state(), WorkerState::Failing);
    assert!(script.renewed.load(SeqCst) > 1, "what hangs keeps its lease");
    // The next that ends well ends the trouble.
    script.acts.lock().unwrap().push(Act::Ends);
    script.wake.notify_one();
    let health = until(&workers, "script", |health| health.runs == 5).await;
    assert_eq!((health.state(), health.trouble()), (WorkerState::Working, None));
    stop.send_replace(true);
    run.await.unwrap();
    let mut settled = script.settled.lock().unwrap().clone();
    settled.sort_by_key(|(act, _)| *act as u8);
    let expected = [
        (Act::Ends, Ended::Done),
        (Act::Ends, Ended::Done),
        (Act::Fails, Ended::Failed),
        (Act::Hangs, Ended::Stopped),
        (Act::Loses, Ended::Lost),
    ];
    assert_eq!(settled, expected, "what panicked is left to run out");
}

fn at(seconds: i64) -> DateTime<Utc> {
    "2026-11-27T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
}

async fn claim(store: &Store, by: &'static str, early: bool, now: i64) -> Option<Lease> {
    let every = TimeDelta::seconds(60);
    let claim = Claim { name: "sweep", by, every, early, now: at(now), until: at(now + 10) };
    store.write(move |db| duties::claim(db, claim)).await.unwrap()
}

#[tokio::test]
async fn what_is_done_for_all_is_done_by_one_gateway_at_a_time_and_once_a_period() {
    TestDatabase::each(async |database| {
        let (one, other) = (database.open(), database.open());
        let (first, second) = tokio::join!(claim(&one, "one", false, 0), claim(&other, "other", false, 0));
        assert_eq!([&first, &second].into_iter().flatten().count(), 1, "{first:?} {second:?}");
        let held = first.or(second).unwrap();
        let settled = held.clone();
        assert_eq!(claim(&other, "other", true, 5).await, None, "not while its lease holds");
        one.write(move |db| duties::settle(db, &settled, at(65))).await.unwrap();
        assert_eq!(claim(&other, "other", false, 30).await, None, "it was done a moment ago");
        assert!(claim(&other, "other", false, 64).await.is_some(), "a moment early will do");
        // That one dies; whoever was away for too long changes nothing any more.
        let heir = claim(&one, "heir", true, 75).await.expect("its lease has run out");
        let late = held.clone();
        let renewed = one.write(move |db| duties::renew(db, &late, at(200))).await;
        assert!(matches!(renewed, Err(Error::Stale("lease"))));
        one.write(move |db| duties::settle(db, &held, at(5))).await.unwrap();
        one.write(move |db| duties::renew(db, &heir, at(100))).await.unwrap();
        // What a clock that was ahead had planned and leased keeps nobody waiting when it is set right.
        let ahead = claim(&one, "ahead", true, 500_000).await.unwrap();
        assert!(claim(&one, "right", false, 200).await.is_some(), "{ahead:?}");
    })
    .await;
}

#[tokio::test]
async fn the_leases_and_reports_of_a_gateway_that_has_gone_are_freed() {
    TestDatabase::each(async |database| {
        let store = database.open();
        claim(&store, "gone", false, 0).await.unwrap();
        let freed = store.write(|db: &mut WriteDb| duties::free(db, "gone")).await.unwrap();
        assert_eq!(freed, 1);
        assert!(claim(&store, "heir", true, 1).await.is_some());
    })
    .await;
}

/// Counts how often it is done, of all its kind together.
#[derive(Clone, Default)]
struct Counted {
    count: Arc<AtomicU32>,
    done: Arc<AtomicU32>,
}

impl Periodic for Counted {
    const NAME: &'static str = "counted";
    const PERIOD: Duration = Duration::from_millis(5);
    const NOT_DONE: &'static str = "it is not counted";

    async fn due(&self) -> Result<Due> {
        Ok(if self.count.load(SeqCst) < 3 { Due::Now } else { Due::No })
    }

    async fn work(&self) -> Result<()> {
        let before = self.count.load(SeqCst);
        tokio::task::yield_now().await;
        // Another that worked at the same time would be lost here.
        self.count.store(before + 1, SeqCst);
        self.done.fetch_add(1, SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn gateways_that_share_a_database_share_what_is_done_for_all() {
    TestDatabase::each(async |database| {
        let counted = Counted::default();
        let (stop, stopped) = watch::channel(false);
        let mut gateways = tokio::task::JoinSet::new();
        for gateway in ["gw_one", "gw_two"] {
            let for_all = ForAll { store: database.open(), gateway: gateway.into() };
            let worker = Periodically::one(counted.clone(), Ambient::system(), for_all);
            gateways.spawn(frame::run(worker.into(), Workers::default(), stopped.clone()));
        }
        let done = async {
            while counted.count.load(SeqCst) < 3 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), done).await.expect("it is done");
        stop.send_replace(true);
        gateways.join_all().await;
        assert_eq!(counted.count.load(SeqCst), counted.done.load(SeqCst), "two did it at the same time");
    })
    .await;
}

async fn rows(store: &Store) -> Vec<workers::Worker> {
    store.read(|db| workers::page(db, None, PageLimit::SCAN)).await.unwrap().rows
}

#[tokio::test]
async fn a_worker_that_fails_is_reported_at_once_with_what_to_do_and_so_is_its_recovery() {
    TestApp::each(async |app| {
        let (store, board) = (app.gateway.store.clone(), Workers::default());
        let report = Report::new(store.clone(), Ambient::system(), "gw_test".into(), board.clone());
        let poll = board.standing("poll");
        assert_eq!(report.due().await.unwrap(), Due::Now, "nothing was reported yet");
        report.work().await.unwrap();
        poll.began(at(1));
        poll.ended(Ended::Done, at(2));
        assert_eq!(report.due().await.unwrap(), Due::No, "that can wait");
        poll.note::<()>("nothing is polled", Err(Broken::Store(Error::Full)), || at(3));
        assert_eq!(report.due().await.unwrap(), Due::Now);
        report.work().await.unwrap();
        let list = app.call(Method::GET, "/v1/workers", Some(&app.admin), None).await.is(200).clone();
        let row = &list["data"][0];
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&row["gateway"], &row["name"], &row["state"]),
            (&"gw_test".into(), &"poll".into(), &"failing".into())
        );
        assert_eq!(row["problem"]["code"], "database_full");
        assert!(row["problem"]["detail"].as_str().unwrap().starts_with("Nothing is polled: "), "{row}");
        assert_eq!((&row["runs"], &row["last_result"]), (&1.into(), &"done".into()));
        assert_eq!(row["failing_since"], "2026-11-27T12:00:03Z");
        poll.note("nothing is polled", Ok(()), || at(4));
        assert_eq!(report.due().await.unwrap(), Due::Now);
        report.work().await.unwrap();
        assert_eq!(rows(&store).await[0].state, WorkerState::Idle);
        // Another reports only now and then; one that has not for long is gone.
        let other = Report::new(store.clone(), Ambient::system(), "gw_other".into(), board.clone());
        other.work().await.unwrap();
        assert_eq!(rows(&store).await.len(), 2);
        let page = app.call(Method::GET, "/v1/workers?limit=1", Some(&app.admin), None).await.is(200).clone();
        let next = format!("/v1/workers?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
        let next = app.call(Method::GET, &next, Some(&app.admin), None).await.is(200).clone();
        assert_eq!(
            (&page["data"][0]["gateway"], &next["data"][0]["gateway"]),
            (&"gw_other".into(), &"gw_test".into())
        );
        let later = Utc::now() + TimeDelta::minutes(1);
        store.write(move |db| workers::report(db, "gw_third", &[], later)).await.unwrap();
        assert_eq!(rows(&store).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_gateway_reports_its_workers_and_those_of_one_that_was_killed_are_forgotten() {
    let database = TestDatabase::sqlite();
    let store = database.open();
    let gateway_of_all = async |not: &str| loop {
        let all = rows(&store).await;
        if let Some(first) = all.first().filter(|first| first.gateway != not) {
            let names: Vec<&str> = all.iter().map(|worker| worker.name.as_str()).collect();
            let expected = [
                "backlog",
                "gateways",
                "inbox",
                "poll",
                "report",
                "retention",
                "search_index",
                "sweep",
                "watch",
            ];
            if all.iter().all(|worker| worker.gateway == first.gateway)
                && expected.iter().all(|it| names.contains(it))
            {
                return first.gateway.clone();
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let wait = Duration::from_secs(30);
    let doomed = Process::start(&database).await;
    let killed = tokio::time::timeout(wait, gateway_of_all("")).await.expect("it reports");
    doomed.kill();
    let heir = Process::start(&database).await;
    let living =
        tokio::time::timeout(wait, gateway_of_all(&killed)).await.expect("the heir alone is told of");
    assert_ne!(living, killed);
    drop(heir);
}
