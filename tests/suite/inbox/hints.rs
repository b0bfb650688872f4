//! Records that are named, and fetched.

use std::time::Duration;

use chrono::TimeDelta;
use rollcall::{
    connectors::source::Failure,
    domain::{
        hold::Gone,
        problem::Problem,
        words::{Cause, Kind, List, MessageState, Mode, RunState},
    },
    store::{
        inbox::{self, Which},
        runs::Run,
    },
    sync::{ingest, reconcile, run},
};

use super::{Office, changed, upserted};
use crate::support::{TestDatabase, people, person};

fn failure(cause: Cause, retry_after: Option<Duration>) -> Failure {
    Failure::Source {
        cause,
        problem: Problem::new(cause.as_str(), "It did not answer.", "Wait."),
        retry_after,
    }
}

/// The whole list arrives, with so many people.
async fn whole_list(office: &Office, count: usize) -> Run {
    let (ambient, connection) = (office.ambient.clone(), office.connection.clone());
    let staged = office.store.write(move |db| {
        let run = run::start(db, &ambient, &connection, List::Employee, Mode::Full)?;
        ingest::batch(db, &ambient, &run, &people(count), None)?;
        reconcile::finish(db, &run, &Gone::NotSeen, None, ambient.now())
    });
    staged.await.unwrap()
}

#[tokio::test]
async fn a_burst_about_one_record_asks_once() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Paycom).await;
        office.source.says("7", Ok(Some(person("7", "Ana", "Ruiz"))));
        for n in 0..50 {
            office.tell(&format!("m{n}"), changed("7")).await;
        }
        office.work().await;
        assert_eq!(office.source.asked(), 1);
        assert_eq!(office.present().await.len(), 1);
        assert_eq!(office.messages(MessageState::Done).await.len(), 50);
    })
    .await;
}

#[tokio::test]
async fn a_record_that_the_source_does_not_show_is_not_marked_absent() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Paycom).await;
        office.tell("all", upserted(people(1))).await;
        office.tell("gone", changed("P-0000")).await;
        office.tell("never known", changed("X")).await;
        office.work().await;
        assert_eq!(office.present().await.len(), 1);
        let asked = office.run_in(RunState::Queued).await.unwrap();
        assert_eq!(asked.mode, Mode::Full, "the whole list will tell");
        assert_eq!(office.messages(MessageState::Done).await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn webhooks_of_a_record_that_a_hold_protects_ask_for_no_more_lists() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Paycom).await;
        assert_eq!(whole_list(&office, 20).await.state, RunState::Complete);
        assert_eq!(whole_list(&office, 5).await.state, RunState::Held);
        for n in 0..10 {
            office.tell(&format!("m{n}"), changed("P-0019")).await;
            office.work().await;
        }
        assert!(office.run_in(RunState::Queued).await.is_none(), "a person is asked already");
        // One that is there by the list, and not shown now, is another question.
        office.tell("other", changed("P-0000")).await;
        office.work().await;
        assert!(office.run_in(RunState::Queued).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_source_that_fails_is_left_alone_for_a_while_and_the_message_given_up_at_last() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Paycom).await;
        office.source.says("1", Err(failure(Cause::RateLimit, Some(Duration::from_mins(10)))));
        for id in ["1", "2", "3"] {
            office.tell(id, changed(id)).await;
        }
        office.work().await;
        assert_eq!(office.source.asked(), 1, "the others are not tried while the source refuses");
        office.clock.advance(TimeDelta::minutes(9));
        office.work().await;
        assert_eq!(office.source.asked(), 1);
        office.clock.advance(TimeDelta::minutes(10));
        office.source.says("1", Err(failure(Cause::Server, None)));
        for _ in 0..20 {
            office.work().await;
            office.clock.advance(TimeDelta::hours(2));
        }
        assert_eq!(office.messages(MessageState::Done).await.len(), 2);
        let dead = office.messages(MessageState::Dead).await;
        assert_eq!((dead.len(), dead[0].attempts), (1, 9));
        assert!(dead[0].body.is_some(), "what it said is kept");
        // Replayed once the source answers.
        office.source.says("1", Ok(Some(person("1", "Ana", "Ruiz"))));
        let (id, now) = (dead[0].id.clone(), office.ambient.now());
        let replayed = office.store.write(move |db| inbox::replay(db, Which::Message(&id), now));
        assert_eq!(replayed.await.unwrap(), 1);
        office.work().await;
        assert!(office.present().await.contains("1"));
        assert!(office.messages(MessageState::Dead).await.is_empty());
    })
    .await;
}
