//! Several gateways on one database, and one that dies.

use chrono::TimeDelta;
use rollcall::{
    domain::{
        ids::ConnectionId,
        words::{Kind, MessageState},
    },
    store::inbox,
    sync::inbox::InboxProcessor,
    workers::{board::Workers, frame, inbox::Inboxes},
};
use tokio::{sync::watch, task::JoinHandle};

use super::{Office, changed, upserted};
use std::time::Duration;

use crate::support::{TestDatabase, people, person};

#[tokio::test]
async fn two_gateways_never_work_on_one_inbox_at_once() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("m1", upserted(people(2))).await;
        let other = Office::processor(&office.store, &office.ambient, &office.source, "gw_two");
        let lost = office.processor.claim(&office.connection.id).await.unwrap().unwrap();
        assert_eq!(other.claim(&office.connection.id).await.unwrap(), None);
        // The first one hangs until its lease has run out.
        office.clock.advance(TimeDelta::seconds(31));
        let taken = other.claim(&office.connection.id).await.unwrap().unwrap();
        assert_eq!(
            office.processor.work(&lost, None).await.unwrap(),
            0,
            "it lost the lease and writes nothing"
        );
        assert!(office.present().await.is_empty());
        assert_eq!(other.work(&taken, None).await.unwrap(), 1);
        office.processor.release(lost).await.unwrap();
        assert_eq!(
            office.processor.claim(&office.connection.id).await.unwrap(),
            None,
            "it is not its own any more"
        );
        other.release(taken).await.unwrap();
        assert_eq!(office.present().await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateways_that_hurry_for_the_same_messages_deal_with_each_once() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Paycom).await;
        for n in 0..40 {
            let id = format!("{n}");
            office.source.says(&id, Ok(Some(person(&id, "Ana", "Ruiz"))));
            office.tell(&id, changed(&id)).await;
        }
        let mut desks = tokio::task::JoinSet::new();
        for gateway in ["a", "b", "c"] {
            let processor = Office::processor(&office.store, &office.ambient, &office.source, gateway);
            let id = office.connection.id.clone();
            desks.spawn(async move {
                for _ in 0..5 {
                    if let Some(lease) = processor.claim(&id).await.unwrap() {
                        processor.work(&lease, None).await.unwrap();
                        processor.release(lease).await.unwrap();
                    }
                }
            });
        }
        while let Some(ended) = desks.join_next().await {
            ended.unwrap();
        }
        assert_eq!(office.source.asked(), 40);
        assert_eq!(office.messages(MessageState::Done).await.len(), 40);
    })
    .await;
}

/// A turn for whoever is next; its connection.
async fn turn(office: &Office, gateway: &str) -> Option<ConnectionId> {
    let mut processor = Office::processor(&office.store, &office.ambient, &office.source, gateway);
    processor.turn = Duration::ZERO;
    let now = office.ambient.now();
    let next = office.store.read(move |db| inbox::due_connections(db, now, 1)).await.unwrap().0.pop()?;
    let lease = processor.claim(&next).await.unwrap().unwrap();
    processor.work(&lease, None).await.unwrap();
    office.clock.advance(TimeDelta::seconds(1));
    processor.release(lease).await.unwrap();
    Some(next)
}

#[tokio::test]
async fn busy_inboxes_starve_nobody() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        let mut busy = Vec::new();
        for n in 0..4 {
            let id = office.another(Kind::Push, &format!("busy {n}")).await;
            for message in 0..500 {
                office.tell_to(&id, &format!("m{message}"), upserted(people(1))).await;
            }
            busy.push(id);
        }
        office.tell("late", upserted(people(1))).await;
        let mut turns = Vec::new();
        for _ in 0..5 {
            turns.push(turn(&office, "one").await.unwrap());
        }
        assert_eq!(
            turns.pop().as_ref(),
            Some(&office.connection.id),
            "it had its turn after each of the others"
        );
        assert_eq!(turns, busy, "the oldest first");
        assert_eq!(office.present().await.len(), 1);
        let depth = office.read(|db, _| inbox::depth(db)).await;
        assert_eq!(depth.waiting, 4 * 300);
        assert!(depth.oldest.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_second_gateway_takes_what_the_first_does_not_work_on() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("m1", upserted(people(1))).await;
        let other = office.another(Kind::Push, "other").await;
        office.tell_to(&other, "m1", upserted(people(1))).await;
        let lease = office.processor.claim(&office.connection.id).await.unwrap().unwrap();
        assert_eq!(turn(&office, "two").await, Some(other));
        assert_eq!(turn(&office, "two").await, None);
        office.processor.release(lease).await.unwrap();
        assert_eq!(turn(&office, "two").await.as_ref(), Some(&office.connection.id));
    })
    .await;
}

/// A source that never answers.
struct Hangs;

impl rollcall::sync::inbox::Fetch for Hangs {
    fn fetch<'a>(
        &'a self,
        _connection_id: &'a ConnectionId,
        _list: rollcall::domain::words::List,
        _external_id: &'a str,
    ) -> futures_util::future::BoxFuture<
        'a,
        Result<rollcall::connectors::source::Fetched, rollcall::connectors::source::Failure>,
    > {
        Box::pin(std::future::pending())
    }
}

/// The worker, with this processor.
fn works(processor: InboxProcessor, office: &Office, stopped: watch::Receiver<bool>) -> JoinHandle<()> {
    let worker = Inboxes { processor, arrived: office.inbox.arrived() };
    tokio::spawn(frame::run(worker.into(), Workers::default(), stopped))
}

#[tokio::test]
async fn sources_that_hang_keep_no_place_from_others() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        for n in 0..10 {
            let id = office.another(Kind::Paycom, &format!("hangs {n}")).await;
            office.tell_to(&id, "m", changed("7")).await;
        }
        office.tell("m1", upserted(people(1))).await;
        let mut processor = Office::processor(&office.store, &office.ambient, &office.source, "one");
        processor.fetch = std::sync::Arc::new(Hangs);
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let worker = works(processor, &office, stopped);
        let dealt = async {
            while office.messages(MessageState::Done).await.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), dealt).await.expect("its turn comes");
        stop.send_replace(true);
        worker.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_gateway_without_room_leaves_its_inboxes_to_others() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("m1", upserted(people(1))).await;
        let mut full = Office::processor(&office.store, &office.ambient, &office.source, "full");
        full.slots = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let worker = works(full, &office, stopped);
        for _ in 0..100 {
            office.messages(MessageState::Pending).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(office.work().await, 1);
        stop.send_replace(true);
        worker.await.unwrap();
    })
    .await;
}
