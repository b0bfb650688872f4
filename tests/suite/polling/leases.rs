//! Several gateways on one database: who polls a connection, and how fast a credential is used.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rollcall::{
    clock::{Ambient, Clock},
    domain::{ids::ConnectionId, secret::Secret, words::Kind},
    store::{
        Error, Store, clocks,
        connections::{self, Connection},
        polls::{self, Lease, Settled},
        rates::{self, Pace, Taken},
        webhooks,
    },
    sync::{register, shared_clock::SharedClock},
};

use crate::support::{TestClock, TestDatabase, granted, test_vault};

fn at(seconds: i64) -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
}

/// A connection that is polled, in a company of its own.
async fn add_polled(store: &Store, number: usize) -> Connection {
    let ambient = Ambient::system();
    let made = store.write(move |db| {
        let company = register::company(db, &ambient, &granted(), &format!("Company {number}"))?;
        let secrets = ["sid", "token"].map(|name| (name.to_owned(), Secret::new("x"))).into_iter().collect();
        let draft = register::ConnectionDraft {
            secrets,
            ..register::ConnectionDraft::new(Kind::Paycom, &company.id)
        };
        register::connection(db, &ambient, &test_vault(), &granted(), &draft)
    });
    made.await.unwrap().connection
}

/// Connections that are due at second 0.
async fn due(store: &Store, count: usize) -> Vec<Connection> {
    let mut connections = Vec::new();
    for number in 0..count {
        let connection = add_polled(store, number).await;
        let id = connection.id.clone();
        store.write(move |db| polls::restart(db, &id, at(0))).await.unwrap();
        connections.push(connection);
    }
    connections
}

async fn claim(store: &Store, by: &'static str, most: u16, now: i64) -> Vec<Lease> {
    store.write(move |db| polls::claim(db, by, most, at(now), at(now + 30))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gateways_never_hold_one_connection() {
    TestDatabase::each(async |database| {
        let (one, other) = (database.open(), database.open());
        due(&one, 40).await;
        let claims = async |store: &Store, by| {
            let mut claimed = Vec::new();
            loop {
                let some = claim(store, by, 3, 1).await;
                if some.is_empty() {
                    return claimed;
                }
                claimed.extend(some.into_iter().map(|lease| lease.connection_id));
            }
        };
        let (first, second) = tokio::join!(claims(&one, "one"), claims(&other, "other"));
        let all: BTreeSet<&ConnectionId> = first.iter().chain(&second).collect();
        assert_eq!((all.len(), first.len() + second.len()), (40, 40));
    })
    .await;
}

#[tokio::test]
async fn the_lease_of_a_gateway_that_died_runs_out_and_its_late_writes_are_refused() {
    TestDatabase::each(async |database| {
        let store = database.open();
        due(&store, 1).await;
        let dead = claim(&store, "dead", 5, 1).await.remove(0);
        assert_eq!(claim(&store, "heir", 5, 30).await, []);
        let heir = claim(&store, "heir", 5, 31).await.remove(0);
        assert!(heir.number > dead.number);
        let renew = |lease: Lease| store.write(move |db| polls::renew(db, &lease, at(90)));
        assert!(matches!(renew(dead).await, Err(Error::Stale("lease"))));
        renew(heir).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_is_given_back_is_free_at_once_and_a_paused_connection_is_left_alone() {
    TestDatabase::each(async |database| {
        let store = database.open();
        let connection = due(&store, 1).await.remove(0);
        let lease = claim(&store, "one", 5, 1).await.remove(0);
        store.write(move |db| polls::release(db, &lease)).await.unwrap();
        let lease = claim(&store, "other", 5, 2).await.remove(0);
        let pause = move |db: &mut _| {
            let paused = connections::Update { paused: Some(true), ..Default::default() };
            let lock = rollcall::store::locks::of(&connection.id).connection(db)?;
            connections::update(db, &lock, paused)?;
            polls::release(db, &lease)
        };
        store.write(pause).await.unwrap();
        assert_eq!(claim(&store, "one", 5, 3).await, []);
    })
    .await;
}

/// What was noted five days ahead, when the clock is set right again: plans, leases, and what a source asked for.
#[tokio::test]
async fn what_a_clock_that_was_ahead_put_off_is_due_when_it_is_set_right() {
    TestDatabase::each(async |database| {
        let (store, days) = (database.open(), 5 * 86_400);
        let connections = due(&store, 2).await;
        let ids: Vec<ConnectionId> = connections.into_iter().map(|connection| connection.id).collect();
        // One was polled and is planned for later, one is being polled.
        let polled = claim(&store, "ahead", 1, days).await.remove(0);
        let settled =
            Settled { ended_at: at(days), next_at: at(days + 900), failures: 0, ok_at: None, memory: None };
        store.write(move |db| polls::settle(db, &polled, &settled)).await.unwrap();
        assert_eq!(claim(&store, "ahead", 5, days + 1).await.len(), 1);
        let (inbox, pace) = (ids[0].clone(), Pace::per_minute(60));
        let before = store.write(move |db| {
            rates::close(db, "one", at(days + 60), at(days))?;
            webhooks::claim(db, &inbox, "ahead", at(days), at(days + 30))
        });
        assert!(before.await.unwrap().is_some());
        assert_eq!(claim(&store, "right", 5, 0).await, []);

        assert_eq!(store.write(|db| clocks::set_right(db, at(0))).await.unwrap(), 4);
        assert_eq!(store.write(|db| clocks::set_right(db, at(1))).await.unwrap(), 0);
        assert_eq!(claim(&store, "right", 5, 1).await.len(), 2);
        let inbox = ids[0].clone();
        let after = store.write(move |db| {
            // Cut down to what an honest pace gives, and from then on as ever.
            let first = rates::take(db, "one", pace, 1, at(1))?;
            let second = rates::take(db, "one", pace, 1, at(10))?;
            let first_waits = matches!(first, Taken::NotBefore(until) if until < at(10));
            Ok::<_, Error>((
                first_waits,
                second,
                webhooks::claim(db, &inbox, "right", at(10), at(40))?.is_some(),
            ))
        });
        assert_eq!(after.await.unwrap(), (true, Taken::Rights(1), true));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateways_together_keep_to_the_pace_of_one_credential() {
    TestDatabase::each(async |database| {
        let (one, other) = (database.open(), database.open());
        let pace = Pace::per_minute(30);
        // Each second both ask twice: four times as much as is allowed.
        let mut passed = Vec::new();
        for second in 0..120 {
            let take = async |store: &Store| {
                store.write(move |db| rates::take(db, "one", pace, 1, at(second))).await
            };
            let taken = tokio::join!(take(&one), take(&other), take(&one), take(&other));
            for answer in [taken.0, taken.1, taken.2, taken.3] {
                if answer.unwrap() == Taken::Rights(1) {
                    passed.push(second);
                }
            }
        }
        for start in 0..60 {
            let within = passed.iter().filter(|second| (start..start + 60).contains(*second)).count();
            assert!((22..=30).contains(&within), "{within} from second {start}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_one_gateway_is_told_to_wait_all_of_them_wait() {
    TestDatabase::each(async |database| {
        let (one, other) = (database.open(), database.open());
        let pace = Pace::per_minute(60);
        one.write(move |db| rates::close(db, "one", at(45), at(0))).await.unwrap();
        // A shorter wait does not open it earlier.
        one.write(move |db| rates::close(db, "one", at(5), at(1))).await.unwrap();
        let take = |seconds| other.write(move |db| rates::take(db, "one", pace, 3, at(seconds)));
        assert_eq!(take(44).await.unwrap(), Taken::NotBefore(at(45)));
        assert_eq!(take(45).await.unwrap(), Taken::Rights(3));
        let elsewhere = other.write(move |db| rates::take(db, "other", pace, 1, at(2))).await;
        assert_eq!(elsewhere.unwrap(), Taken::Rights(1));
    })
    .await;
}

/// A gateway that is killed leaves a lease by its clock; another one waits for it by its own.
#[tokio::test]
async fn gateways_of_a_server_go_by_its_clock_and_those_of_a_file_by_their_own() {
    TestDatabase::each(async |database| {
        let (store, clock) = (database.open(), TestClock::new());
        let off = Ambient { clock: clock.clone() as _, ..Ambient::system() };
        let (ambient, shared) = SharedClock::of(&store, off).await.unwrap();
        let near = |one: DateTime<Utc>, other: DateTime<Utc>| (one - other).abs() < TimeDelta::minutes(1);
        match database.url.starts_with("postgres") {
            true => assert!(near(ambient.now(), Utc::now()), "{}", ambient.now()),
            false => assert_eq!(ambient.now(), clock.now()),
        }
        // Set by hand while the gateway runs.
        clock.advance(TimeDelta::minutes(90));
        shared.set(&store).await.unwrap();
        assert!(near(
            ambient.now(),
            if database.url.starts_with("postgres") { Utc::now() } else { clock.now() }
        ));
    })
    .await;
}
