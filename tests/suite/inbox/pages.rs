//! Whole lists in pages, however they arrive.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use rollcall::{
    domain::{
        event::Event,
        words::{ConnectionState, Kind, MessageState, RunState},
    },
    sync::inbox::end_silent_lists,
};

use super::{Office, page, removed, upserted};
use crate::support::{TestDatabase, people, person};

/// Works until nothing is due, sometimes dying with the lease in hand.
async fn work_with_crashes(office: &Office, rng: &mut StdRng) {
    if rng.random_bool(0.2) {
        drop(office.desk.claim(&office.connection.id).await.unwrap());
        office.clock.advance(TimeDelta::seconds(31));
    }
    while office.work().await > 0 {}
}

/// The messages of one whole list: its pages with their IDs.
fn messages(round: usize, who: &BTreeSet<String>, rng: &mut StdRng) -> Vec<(String, Event)> {
    let who: Vec<_> = who.iter().map(|id| person(id, "Ana", &format!("Round{round}"))).collect();
    let pages = rng.random_range(1..5u32);
    let size = who.len().div_ceil(pages as usize).max(1);
    (1..=pages)
        .map(|number| {
            let records = who.iter().skip((number as usize - 1) * size).take(size).cloned().collect();
            (format!("{round}/{number}"), page(number, number == pages, records))
        })
        .collect()
}

#[tokio::test]
async fn whatever_the_order_the_last_whole_list_is_what_is_staged() {
    TestDatabase::each(async |database| {
        let mut rng = StdRng::seed_from_u64(11);
        let office = Office::open(database, Kind::Push).await;
        let mut broken_off = false;
        for round in 0..60 {
            // Few enough that none of their absences is held.
            let who: BTreeSet<String> =
                (0..5).filter(|_| rng.random_bool(0.6)).map(|n| format!("P-{n}")).collect();
            let mut told = messages(round, &who, &mut rng);
            let gives_up = told.len() > 1 && rng.random_bool(0.25);
            // After a list that was broken off, page 1 comes first: it says that another one begins.
            let first = usize::from(broken_off);
            told[first..].shuffle(&mut rng);
            if gives_up {
                let left_out = rng.random_range(0..told.len());
                told.remove(left_out);
            }
            let before = office.present().await;
            for (id, event) in told {
                for _ in 0..rng.random_range(1..3) {
                    office.tell(&id, event.clone()).await;
                }
                if rng.random_bool(0.5) {
                    work_with_crashes(&office, &mut rng).await;
                }
            }
            work_with_crashes(&office, &mut rng).await;
            broken_off = gives_up;
            let present = office.present().await;
            if gives_up {
                assert!(present.is_superset(&before), "round {round}: a part of a list marks nobody absent");
                // What waits for a page that never comes must not be taken for the next list's.
                office.clock.advance(TimeDelta::minutes(6));
            } else {
                assert_eq!(present, who, "round {round}");
            }
        }
        assert!(office.runs().await.iter().all(|run| run.state != RunState::Held));
    })
    .await;
}

#[tokio::test]
async fn a_page_whose_predecessors_never_come_is_given_up_with_a_reason() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("p1", page(1, false, people(3))).await;
        office.tell("p3", page(3, true, people(0))).await;
        for _ in 0..4 {
            office.work().await;
            office.clock.advance(TimeDelta::minutes(20));
        }
        office.work().await;
        let dead = office.messages(MessageState::Dead).await;
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].problem.as_ref().unwrap().code, "page_missing");
        assert_eq!(office.present().await.len(), 3, "nobody was marked absent");
        // The run does not look as if it still ran.
        let now = office.ambient.now();
        assert_eq!(office.store.write(move |db| end_silent_lists(db, now)).await.unwrap(), 1);
        let failed = office.run_in(RunState::Failed).await.unwrap();
        assert_eq!(failed.problem.unwrap().code, "list_incomplete");
        let status = office.stands().await;
        assert_eq!(status.state, ConnectionState::Incomplete, "{status:?}");
        assert!(status.remedy.contains("from page 1"), "{status:?}");

        // Other messages do not say who is there; a list that comes whole does.
        office.tell("up", upserted(people(3))).await;
        office.tell("gone", removed(&["1"])).await;
        office.work().await;
        assert_eq!(office.stands().await.state, ConnectionState::Incomplete);
        office.tell("half", page(1, false, people(2))).await;
        office.work().await;
        assert_eq!(office.stands().await.state, ConnectionState::Polling);
        office.tell("whole", page(2, true, people(3))).await;
        office.work().await;
        assert_eq!(office.stands().await.state, ConnectionState::Ok);
    })
    .await;
}

#[tokio::test]
async fn a_whole_list_that_lost_most_people_is_held() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("all", page(1, true, people(40))).await;
        office.tell("few", page(1, true, people(10))).await;
        office.work().await;
        assert_eq!(office.present().await.len(), 40);
        assert_eq!(office.run_in(RunState::Held).await.unwrap().absent, 30);
    })
    .await;
}
