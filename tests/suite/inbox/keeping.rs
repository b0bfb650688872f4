//! Kept before it is acknowledged, and no longer than it should be.

use chrono::TimeDelta;
use rollcall::{
    domain::{
        event::{Event, Message},
        words::{Kind, MessageState},
    },
    sync::inbox::{self, Accepted},
};

use super::{Office, upserted};
use crate::support::{TestDatabase, people};

fn ping(message_id: &str) -> Message {
    Message { message_id: message_id.into(), name: "ping".into(), told_at: None, event: Ok(Event::Nothing) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_answered_finds_the_message_in_the_database() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        let mut senders = tokio::task::JoinSet::new();
        for sender in 0..16 {
            let (inbox, id) = (office.inbox.clone(), office.connection.id.clone());
            let store = office.store.clone();
            senders.spawn(async move {
                for n in 0..10 {
                    // Every other message is sent by two.
                    let message_id =
                        if n % 2 == 0 { format!("{sender} {n}") } else { format!("{} {n}", sender / 2) };
                    inbox.accept(&id, ping(&message_id)).await.unwrap();
                    let connection = id.clone();
                    let kept = store.read(move |db| {
                        let limit = rollcall::store::PageLimit::SCAN;
                        rollcall::store::inbox::page(db, &connection, None, None, limit)
                    });
                    assert!(kept.await.unwrap().rows.iter().any(|kept| kept.message_id == message_id));
                }
            });
        }
        while let Some(ended) = senders.join_next().await {
            ended.unwrap();
        }
        assert_eq!(office.messages(MessageState::Pending).await.len(), 16 * 5 + 8 * 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_kept_takes_no_other_with_it() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        let mut senders = tokio::task::JoinSet::new();
        for n in 0..30 {
            let inbox = office.inbox.clone();
            let id = if n % 10 == 0 { "con_gone".into() } else { office.connection.id.clone() };
            senders.spawn(async move { (n, inbox.accept(&id, ping(&format!("m{n}"))).await) });
        }
        while let Some(ended) = senders.join_next().await {
            let (n, accepted) = ended.unwrap();
            assert_eq!(accepted.is_ok(), n % 10 != 0, "{n}: {accepted:?}");
        }
        assert_eq!(office.messages(MessageState::Pending).await.len(), 27);
    })
    .await;
}

#[tokio::test]
async fn what_was_dealt_with_is_remembered_for_a_while_and_then_forgotten() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("m1", upserted(people(1))).await;
        let unknown = Message { event: Err("no".into()), ..ping("m2") };
        office.inbox.accept(&office.connection.id, unknown).await.unwrap();
        office.work().await;
        // Whoever looks at the connection reads of it, and where it is to be looked for.
        let stands = office.stands().await;
        assert!(stands.detail.contains("1 message of its webhooks was given up."), "{stands:?}");
        let list = format!("`rollcall webhook list {} --state dead`", office.connection.id);
        assert!(stands.remedy.contains(&list) && stands.remedy.contains("--all-dead"), "{stands:?}");
        let forget = async |days| {
            office.clock.advance(TimeDelta::days(days));
            let now = office.ambient.now();
            office.store.write(move |db| inbox::forget(db, now, TimeDelta::days(7))).await.unwrap()
        };
        assert_eq!(forget(6).await, 0);
        assert_eq!(office.tell("m1", upserted(people(1))).await, Accepted::Duplicate);
        assert_eq!(forget(2).await, 1);
        assert_eq!(office.messages(MessageState::Dead).await.len(), 1);
        assert_eq!(forget(23).await, 1);
        assert!(!office.stands().await.detail.contains("given up"));
        // One that waits is never forgotten.
        office.tell("m3", upserted(people(1))).await;
        assert_eq!(forget(300).await, 0);
    })
    .await;
}
