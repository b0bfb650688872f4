//! Whoever asks much of the database waits behind itself, and nobody else does.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
    mpsc,
};

use diesel::{QueryableByName, RunQueryDsl, sql_types::Text};
use reqwest::Method;
use rollcall::{
    domain::{secret::Secret, words::List},
    http::api::auth,
    store::{AnyConnection, Db, Requester, Result, Store, on_behalf_of},
};
use tokio::task::JoinSet;

use crate::support::{TestApp, TestDatabase, people};

/// Searches that take until they are let go, as those of a hundred thousands of people would.
struct Searches {
    tasks: JoinSet<Result<()>>,
    run: Arc<AtomicUsize>,
    let_go: mpsc::Sender<()>,
}

impl Searches {
    /// Begins as many as there is room for; returns once some run.
    async fn begin(store: &Store, lane: &Requester, count: usize) -> Self {
        let (let_go, held) = mpsc::channel::<()>();
        let (held, run) = (Arc::new(Mutex::new(held)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let (store, lane, held, run) = (store.clone(), lane.clone(), held.clone(), run.clone());
            let search = move |_: &mut Db| {
                run.fetch_add(1, SeqCst);
                // The end of the sender lets all of them go.
                let _ = held.lock().unwrap().recv();
                Ok(())
            };
            tasks.spawn(async move { on_behalf_of(lane, store.read(search)).await });
        }
        while run.load(SeqCst) == 0 || load(store).waiting + load(store).running < count {
            tokio::task::yield_now().await;
        }
        Self { tasks, run, let_go }
    }
}

fn load(store: &Store) -> rollcall::store::Load {
    store.load().into_iter().find(|(name, _)| *name == "read").unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tokens_searches_keep_nobody_else_waiting() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(3)).await;
        let store = &app.gateway.store;
        let lane = auth::requester(&Secret::new(&app.token).hash());
        let mut searches = Searches::begin(store, &lane, 128).await;
        // Another caller, a probe, the figures, and the gateway's own work: reading and writing.
        app.admin("GET", "/v1/employees?company=Acme", None).await.is(200);
        app.call(Method::GET, "/readyz", None, None).await.is(200);
        app.call(Method::GET, "/metrics", None, None).await.is(200);
        app.stage(List::Employee, people(4)).await;
        // The line is bounded: what the same token asks for beyond it is refused, with the time to come back.
        while load(store).waiting < 128 {
            let (store, lane) = (store.clone(), lane.clone());
            searches.tasks.spawn(async move { on_behalf_of(lane, store.read(|_| Ok(()))).await });
            tokio::task::yield_now().await;
        }
        let refused = app.get("/v1/employees").await;
        refused.problem(503, "database_busy");
        assert_eq!(refused.headers["retry-after"], "1");
        assert!(load(store).refused >= 1);
        drop(searches.let_go);
        while let Some(search) = searches.tasks.join_next().await {
            let searched = search.unwrap();
            assert!(matches!(searched, Ok(()) | Err(rollcall::store::Error::Busy)), "{searched:?}");
        }
        app.get("/v1/employees").await.is(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_any_more_is_not_done() {
    TestDatabase::each(async |database| {
        let store = database.open();
        let mut searches = Searches::begin(&store, &Requester::Caller("a".into()), 64).await;
        searches.tasks.abort_all();
        while searches.tasks.join_next().await.is_some() {}
        drop(searches.let_go);
        // Behind all of them.
        on_behalf_of(Requester::Caller("a".into()), store.read(|_| Ok::<_, rollcall::store::Error>(())))
            .await
            .unwrap();
        // One may have been taken just before.
        let run = || searches.run.load(SeqCst) as u64;
        while load(&store).skipped + run() < 64 {
            tokio::task::yield_now().await;
        }
        assert!(run() < 64, "all of 64 were done");
    })
    .await;
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

fn setting(db: &mut Db, name: &str) -> Result<String> {
    let AnyConnection::Postgres(connection) = db.diesel() else { panic!("PostgreSQL only") };
    let sql = format!("SELECT current_setting('{name}') AS value");
    Ok(diesel::sql_query(sql).get_result::<Setting>(connection)?.value)
}

#[tokio::test]
async fn no_statement_and_no_lock_of_postgresql_is_waited_for_without_end() {
    let Some(database) = TestDatabase::postgres() else { return };
    let store = database.open();
    let all = |db: &mut Db| {
        let names = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];
        names.iter().map(|name| setting(db, name)).collect::<Result<Vec<_>>>()
    };
    assert_eq!(store.read(all).await.unwrap(), ["1min", "15s", "1min"]);
    assert_eq!(store.write(move |db| all(db)).await.unwrap(), ["0", "30s", "1min"]);
    assert_eq!(on_behalf_of(Requester::Probe, store.read(all)).await.unwrap(), ["3s", "3s", "10s"]);
    // Readers and writers have connections of their own.
    let pid = |db: &mut Db| {
        let AnyConnection::Postgres(connection) = db.diesel() else { panic!("PostgreSQL only") };
        let sql = "SELECT pg_backend_pid()::text AS value";
        Ok::<_, rollcall::store::Error>(diesel::sql_query(sql).get_result::<Setting>(connection)?.value)
    };
    assert_ne!(store.read(pid).await.unwrap(), store.write(move |db| pid(db)).await.unwrap());
}
