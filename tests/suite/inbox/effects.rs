//! What each event does.

use rollcall::domain::{
    event::Event,
    words::{Kind, MessageState, RunState},
};

use super::{Office, page, removed, upserted};
use crate::support::{TestDatabase, people, person};

#[tokio::test]
async fn what_is_told_twice_happens_once() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        for _ in 0..2 {
            office.tell("m1", upserted(people(3))).await;
        }
        assert_eq!(office.work().await, 1);
        assert_eq!(office.work().await, 0);
        assert_eq!(office.present().await.len(), 3);
        let done = office.messages(MessageState::Done).await;
        assert_eq!(done.len(), 1);
        assert_eq!(done[0].body, None, "what it said is forgotten");
    })
    .await;
}

#[tokio::test]
async fn a_mass_removal_is_held_also_when_it_comes_one_by_one() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("all", page(1, true, people(20))).await;
        let all: Vec<String> = people(20).into_iter().map(|record| record.external_id).collect();
        let ids: Vec<&str> = all.iter().map(String::as_str).collect();
        office.tell("gone", removed(&ids)).await;
        office.work().await;
        assert_eq!(office.present().await.len(), 20);
        let held = office.run_in(RunState::Held).await.unwrap();
        assert_eq!((held.absent, held.present_before), (20, 20));
        for id in &ids {
            office.tell(&format!("gone {id}"), removed(&[id])).await;
        }
        office.work().await;
        assert_eq!(office.present().await.len(), 15, "five may leave without a question");
        let held = office.run_in(RunState::Held).await.unwrap();
        assert_eq!(held.absent, 15, "and the hold names all the others");
        // Much later a few may leave again.
        office.clock.advance(chrono::TimeDelta::hours(2));
        office.tell("later", removed(&[ids[19]])).await;
        office.work().await;
        assert_eq!(office.present().await.len(), 14);
    })
    .await;
}

#[tokio::test]
async fn a_whole_list_that_is_being_read_neither_loses_nor_keeps_whom_a_message_names() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("all", page(1, true, people(10))).await;
        office.tell("p1", page(1, false, people(8))).await;
        office.tell("new", upserted(vec![person("NEW", "Zoë", "New")])).await;
        office.tell("gone", removed(&["P-0000"])).await;
        office.tell("p2", page(2, true, vec![])).await;
        office.work().await;
        let present = office.present().await;
        assert!(present.contains("NEW"), "it came after its place in the list had passed");
        assert!(!present.contains("P-0000"), "it was seen, and removed after that");
        assert!(!present.contains("P-0009"), "it was not in the list");
        assert_eq!(present.len(), 8);
        assert!(office.run_in(RunState::Running).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_message_without_a_meaning_is_kept_for_a_person() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Paycom).await;
        let unknown = rollcall::domain::event::Message {
            message_id: "m1".into(),
            name: "employee.teleported".into(),
            told_at: None,
            event: Err("this event is not known".into()),
        };
        office.inbox.accept(&office.connection.id, unknown).await.unwrap();
        office.tell("code", Event::VerificationCode { code: "4711".into() }).await;
        office.work().await;
        let dead = office.messages(MessageState::Dead).await;
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].problem.as_ref().unwrap().code, "not_understood");
        assert!(office.run_in(RunState::Queued).await.is_some(), "and the changes are asked for");
        let hook = office.read(rollcall::store::webhooks::get).await;
        assert_eq!(hook.verification.unwrap().0, "4711");
    })
    .await;
}
