//! Whole lists in pages, however they arrive.

use chrono::TimeDelta;
use rollcall::{
    domain::{
        event::Event,
        words::{ConnectionState, Kind, List, MessageState, RunState},
    },
    sync::inbox::end_silent_lists,
};

use super::{Office, page, page_of, removed, upserted};
use crate::support::{TestDatabase, people};

#[tokio::test]
async fn a_page_whose_predecessors_never_come_is_given_up_with_a_reason() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("p1", page(1, false, people(3))).await;
        office.tell("p3", page(3, true, people(4)[3..].to_vec())).await;
        for _ in 0..4 {
            office.work().await;
            office.clock.advance(TimeDelta::minutes(20));
        }
        office.work().await;
        let dead = office.messages(MessageState::Dead).await;
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].problem.as_ref().unwrap().code, "page_missing");
        assert_eq!(office.present().await.len(), 4, "nobody was marked absent, and what it says counts");
        // The run does not look as if it still ran.
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
async fn a_list_whose_first_page_was_lost_does_not_look_well() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("all", page(1, true, people(3))).await;
        office.tell("p2", page_of("lost", 2, true, people(4))).await;
        office.work().await;
        assert_eq!(office.stands().await.state, ConnectionState::Ok, "it may come yet");
        office.clock.advance(TimeDelta::minutes(61));
        office.work().await;
        let status = office.stands().await;
        assert_eq!(status.state, ConnectionState::Incomplete, "{status:?}");
        assert_eq!(office.present().await.len(), 4);
        office.tell("again", page_of("found", 1, true, people(4))).await;
        office.work().await;
        assert_eq!(office.stands().await.state, ConnectionState::Ok);
    })
    .await;
}

#[tokio::test]
async fn a_list_whose_pages_stop_coming_ends_by_itself_and_one_that_comes_further_does_not() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        let sweep = async || {
            let now = office.ambient.now();
            office.store.write(move |db| end_silent_lists(db, now)).await.unwrap()
        };
        let customers =
            Event::Replaced { list: List::Customer, list_id: None, page: 1, last: false, records: people(1) };
        office.tell("c1", customers).await;
        office.tell("p1", page(1, false, people(3))).await;
        office.work().await;
        office.clock.advance(TimeDelta::minutes(50));
        office.tell("p2", page(2, false, people(3))).await;
        office.work().await;
        office.clock.advance(TimeDelta::minutes(50));
        assert_eq!(sweep().await, 1, "that of customers");
        office.clock.advance(TimeDelta::minutes(11));
        assert_eq!(sweep().await, 1);
        let customers =
            Event::Replaced { list: List::Customer, list_id: None, page: 1, last: false, records: people(1) };
        office.tell("c2", customers).await;
        office.tell("p3", page(1, false, people(3))).await;
        office.work().await;
        office.clock.advance(TimeDelta::minutes(61));
        assert_eq!(sweep().await, 2, "both at once");
        assert_eq!(office.run_in(RunState::Failed).await.unwrap().problem.unwrap().code, "list_incomplete");
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

#[tokio::test]
async fn the_pages_of_a_list_may_come_in_any_order() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        for (round, name) in [None, Some("named")].into_iter().enumerate() {
            let told = |number, last, from: usize, to: usize| match name {
                Some(name) => page_of(name, number, last, people(6)[from..to].to_vec()),
                None => page(number, last, people(6)[from..to].to_vec()),
            };
            office.tell(&format!("{round}/3"), told(3, true, 4, 5)).await;
            office.tell(&format!("{round}/2"), told(2, false, 2, 4)).await;
            office.work().await;
            office.tell(&format!("{round}/1"), told(1, false, 0, 2)).await;
            office.tell(&format!("{round}/1 again"), told(2, false, 2, 4)).await;
            while office.work().await > 0 {}
            assert_eq!(office.present().await.len(), 5);
            assert!(office.run_in(RunState::Running).await.is_none(), "{name:?}");
            office.clock.advance(TimeDelta::minutes(61));
        }
    })
    .await;
}

#[tokio::test]
async fn lists_that_cannot_be_told_apart_judge_nobody_and_say_why() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("all", page(1, true, people(4))).await;
        office.tell("a1", page(1, false, people(1))).await;
        office.tell("b1", page(1, false, people(1))).await;
        office.tell("b2", page(2, true, people(2)[1..].to_vec())).await;
        office.tell("a2", page(2, true, people(3)[2..].to_vec())).await;
        office.work().await;
        assert_eq!(office.present().await.len(), 4);
        let run = office.runs().await.into_iter().find(|run| run.problem.is_some()).unwrap();
        assert!(!run.reconciled && run.state == RunState::Complete, "{run:?}");
        assert_eq!(run.problem.unwrap().code, "lists_interleaved");
    })
    .await;
}

#[tokio::test]
async fn a_page_1_that_is_sent_again_with_its_time_begins_no_other_list() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("all", page(1, true, people(4))).await;
        for again in ["a1", "a1 again"] {
            office.tell_at(again, Some(7200), page(1, false, people(2))).await;
        }
        office.tell_at("a2", Some(7200), page(2, true, people(3)[2..].to_vec())).await;
        office.work().await;
        assert_eq!(office.present().await.len(), 3);
    })
    .await;
}
