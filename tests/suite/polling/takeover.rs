//! Two gateways on one PostgreSQL, the shipped binary, one of them killed in the middle of a run: the other goes on
//! where it was.

use std::time::Duration;

use rollcall::{
    clock::Ambient,
    connectors::outbound::Timeouts,
    domain::words::{Kind, List, Mode, RunState},
    store::{PageLimit, polls, runs},
};

use super::vendor::{Facts, Vendor};
use crate::support::{Process, SECRET_KEY, TestDatabase, sources, staged};

const SETTINGS: [(&str, &str); 2] = [("ROLLCALL_LEASE", "2"), ("ROLLCALL_SECRET_KEY", SECRET_KEY)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_gateway_goes_on_with_the_run_of_one_that_was_killed() {
    let Some(database) = TestDatabase::postgres() else { return };
    let store = database.open();
    let vendor = Vendor::start(Kind::Connectwise, 1, Ambient::system().clock).await;
    let sources = sources(&store, &Ambient::system(), Timeouts::default());
    let connection = vendor.connect(&sources, "Two gateways", &[("requests_per_minute", "30")]).await;

    let doomed = Process::start_with(&database, &SETTINGS).await;
    vendor.has_seen(8).await;
    let heir = Process::start_with(&database, &SETTINGS).await;
    let before = vendor.requests().len();
    doomed.kill();
    let finished = async {
        loop {
            let id = connection.id.clone();
            let page = store.read(move |db| runs::page(db, &id, None, PageLimit::DEFAULT)).await.unwrap();
            if page.rows.len() == 2 && page.rows.iter().all(|run| run.state == RunState::Complete) {
                return page.rows;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let runs = tokio::time::timeout(Duration::from_mins(1), finished).await.expect("taken over");
    drop(heir);
    assert!(vendor.requests().len() > before, "the heir had nothing to do");
    for run in &runs {
        assert!(run.mode == Mode::Full && run.reconciled && run.problem.is_none(), "{run:?}");
    }
    for list in List::ALL {
        let staged = staged(&store, &connection, *list).await;
        let staged: std::collections::BTreeMap<_, _> = staged
            .iter()
            .map(|staged| (staged.record.external_id.clone(), Facts::of(*list, &staged.record)))
            .collect();
        assert_eq!(staged, vendor.truth(*list));
    }
    // No page was read twice, but for the one that was under way.
    let pages: Vec<String> = vendor
        .requests()
        .into_iter()
        .map(|request| request.target)
        .filter(|target| target.contains("pageId="))
        .collect();
    let mut distinct = pages.clone();
    distinct.sort();
    distinct.dedup();
    assert!(pages.len() <= distinct.len() + 1, "{pages:#?}");
    assert_eq!(vendor.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_the_next_start_on_sqlite_goes_on_at_once() {
    let database = TestDatabase::sqlite();
    let store = database.open();
    let vendor = Vendor::start(Kind::Connectwise, 1, Ambient::system().clock).await;
    let sources = sources(&store, &Ambient::system(), Timeouts::default());
    vendor.connect(&sources, "One gateway", &[("requests_per_minute", "30")]).await;
    let doomed = Process::start(&database).await;
    vendor.has_seen(8).await;
    doomed.kill();
    let before = vendor.requests().len();
    let heir = Process::start(&database).await;
    // The pace lets a request through every three seconds; the lease would hold for ten.
    tokio::time::timeout(Duration::from_secs(6), vendor.has_seen(before + 1)).await.expect("it stands still");
    // Another one that starts beside it leaves its lease alone, and frees it when it has gone.
    let other = Process::start(&database).await;
    let leases = async || {
        let held = store.read(polls::claimed_by).await.unwrap();
        held.into_iter().next()
    };
    let held = leases().await.expect("it is polled");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(leases().await.as_ref(), Some(&held));
    heir.kill();
    let before = vendor.requests().len();
    tokio::time::timeout(Duration::from_secs(6), vendor.has_seen(before + 1)).await.expect("it stands still");
    assert_ne!(leases().await, Some(held));
    drop(other);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_the_next_start_on_postgresql_goes_on_when_the_lease_has_run_out() {
    let Some(database) = TestDatabase::postgres() else { return };
    let store = database.open();
    let vendor = Vendor::start(Kind::Connectwise, 1, Ambient::system().clock).await;
    let sources = sources(&store, &Ambient::system(), Timeouts::default());
    let connection = vendor.connect(&sources, "One gateway", &[("requests_per_minute", "30")]).await;
    let doomed = Process::start_with(&database, &SETTINGS).await;
    vendor.has_seen(8).await;
    doomed.kill();
    let id = connection.id.clone();
    let (_, until) = store.read(move |db| polls::get(db, &id)).await.unwrap().leased.expect("it is polled");
    let held_for = until - chrono::Utc::now();
    assert!(held_for <= chrono::TimeDelta::seconds(2), "{held_for}");
    let before = vendor.requests().len();
    let heir = Process::start_with(&database, &SETTINGS).await;
    tokio::time::timeout(Duration::from_mins(1), vendor.has_seen(before + 1)).await.expect("it stands still");
    assert!(chrono::Utc::now() >= until, "it was not waited for");
    drop(heir);
}
