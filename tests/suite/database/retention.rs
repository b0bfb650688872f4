//! What happened long ago is forgotten; what tells how things stand is not.

use chrono::{DateTime, TimeDelta, Utc};
use rollcall::{
    clock::Ambient,
    domain::{
        hold::Gone,
        ids::{RecordId, RunId},
        record::Record,
        words::{ChangeKind, List, Mode, RunState},
    },
    store::{PageLimit, Store, changes, connections::Connection, records, runs, runs::Run},
    sync::{
        ingest, link, reconcile,
        retention::{Kept, forget},
        run,
    },
};

use crate::support::{TestApp, TestClock, linking, people};

/// A list as a source tells it, at the time of `ambient`.
async fn arrives(
    store: &Store,
    ambient: &Ambient,
    connection: &Connection,
    list: List,
    records: Vec<Record>,
) -> Run {
    let (ambient, connection) = (ambient.clone(), connection.clone());
    let staged = store.write(move |db| {
        let run = run::start(db, &ambient, &connection, list, Mode::Full)?;
        ingest::batch(db, &ambient, &run, &records, None)?;
        reconcile::finish(db, &run, &Gone::NotSeen, None, ambient.now())
    });
    staged.await.unwrap()
}

async fn runs_of(store: &Store, connection: &Connection) -> Vec<RunId> {
    let id = connection.id.clone();
    let page = store.read(move |db| runs::page(db, &id, None, PageLimit::SCAN)).await.unwrap();
    page.rows.into_iter().map(|run| run.id).collect()
}

async fn changes_of(store: &Store, record: &RecordId) -> Vec<ChangeKind> {
    let id = record.to_owned();
    let page = store.read(move |db| changes::of_record(db, &id, None, PageLimit::SCAN)).await.unwrap();
    page.rows.into_iter().map(|change| change.kind).collect()
}

#[tokio::test]
async fn old_history_goes_and_what_a_list_a_hold_or_a_link_needs_stays() {
    TestApp::each(async |app| {
        let store = &app.gateway.store;
        let clock = TestClock::new();
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let connection = &app.connection;
        let kept = Kept {
            changes: TimeDelta::days(90),
            runs: TimeDelta::days(90),
            versions: TimeDelta::days(365),
            audit: None,
        };
        let now = || -> DateTime<Utc> { ambient.now() };

        // A year of daily lists in which one person changes each day.
        let mut list = people(40);
        let mut last = None;
        for day in 0..30 {
            list[0].job_title = Some(format!("job {day}"));
            last = Some(arrives(store, &ambient, connection, List::Employee, list.clone()).await);
            clock.advance(TimeDelta::days(1));
        }
        let customers = arrives(store, &ambient, connection, List::Customer, people(3)).await;
        let id = connection.id.clone();
        let (busy, quiet) = store
            .read(move |db| {
                let find = |db: &mut _, id2: &str| records::find(db, &id, List::Employee, id2);
                Ok::<_, rollcall::store::Error>((find(db, "P-0000")?.unwrap(), find(db, "P-0001")?.unwrap()))
            })
            .await
            .unwrap();
        let (hash, now_is) = (rollcall::domain::secret::Secret::new(&app.token).hash(), now());
        let found = store.read(move |db| rollcall::store::apps::by_token(db, &hash.0, now_is)).await.unwrap();
        let own = found.unwrap().1;
        for staged in [&busy, &quiet] {
            let (ambient, grant, staged) = (ambient.clone(), linking(&own), staged.clone());
            let made = store.write(move |db| link::create_profile(db, &ambient, &grant, &staged, None));
            made.await.unwrap();
        }
        let held = arrives(store, &ambient, connection, List::Employee, people(2)).await;
        assert_eq!(held.state, RunState::Held);
        let before = (runs_of(store, connection).await, changes_of(store, &busy.id).await);
        assert_eq!((before.0.len(), before.1.len()), (32, 32));

        // Nothing is old yet.
        forget(store, kept, now()).await.unwrap();
        assert_eq!((runs_of(store, connection).await, changes_of(store, &busy.id).await), before);

        clock.advance(TimeDelta::days(91));
        forget(store, kept, now()).await.unwrap();
        // The held run with its names, and the last of each list that was complete.
        let mut stay = [held.id.clone(), customers.id.clone(), last.unwrap().id];
        stay.sort_by(|a, b| b.cmp(a));
        assert_eq!(runs_of(store, connection).await, stay);
        let id = held.id.clone();
        let names = store.read(move |db| records::of_absences(db, &id, None, PageLimit::SCAN)).await.unwrap();
        assert_eq!(names.rows.len(), 38);
        for id in [&busy.id, &quiet.id] {
            assert_eq!(changes_of(store, id).await, [ChangeKind::Linked]);
        }
        let id = busy.id.clone();
        let versions = store.read(move |db| records::versions(db, &id)).await.unwrap().len();
        assert_eq!(versions, 30, "contents are kept for longer");
        clock.advance(TimeDelta::days(365));
        forget(store, kept, now()).await.unwrap();
        let id = busy.id.clone();
        assert!(store.read(move |db| records::versions(db, &id)).await.unwrap().is_empty());

        // What happens afterwards is there, and what the hold asks can still be answered.
        let page = app.admin("POST", &format!("/v1/runs/{}/reject", held.id), None).await;
        page.is(200);
        list[0].job_title = Some("another".into());
        arrives(store, &ambient, connection, List::Employee, list).await;
        assert_eq!(changes_of(store, &busy.id).await, [ChangeKind::Updated, ChangeKind::Linked]);
    })
    .await;
}

#[tokio::test]
async fn a_long_history_goes_in_small_steps() {
    TestApp::each(async |app| {
        let store = &app.gateway.store;
        let clock = TestClock::new();
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        // More rows than one transaction forgets: changes, versions, and the names of one run's absences.
        let mut list = people(1_300);
        arrives(store, &ambient, &app.connection, List::Employee, list.clone()).await;
        clock.advance(TimeDelta::minutes(1));
        for record in &mut list {
            record.job_title = Some("another".into());
        }
        arrives(store, &ambient, &app.connection, List::Employee, list.clone()).await;
        clock.advance(TimeDelta::minutes(1));
        let held = arrives(store, &ambient, &app.connection, List::Employee, people(2)).await;
        app.admin("POST", &format!("/v1/runs/{}/approve", held.id), None).await.is(200);
        // Of two of one moment none is the last.
        clock.advance(TimeDelta::minutes(1));
        arrives(store, &ambient, &app.connection, List::Employee, list).await;
        clock.advance(TimeDelta::days(400));
        let kept = Kept {
            changes: TimeDelta::days(90),
            runs: TimeDelta::days(90),
            versions: TimeDelta::days(365),
            audit: None,
        };
        // Two gateways at once.
        let (one, other) =
            tokio::join!(forget(store, kept, ambient.now()), forget(store, kept, ambient.now()));
        assert!(one.unwrap() + other.unwrap() >= 1_300 * 5);
        assert_eq!(runs_of(store, &app.connection).await.len(), 1);
        assert_eq!(forget(store, kept, ambient.now()).await.unwrap(), 0);
    })
    .await;
}
