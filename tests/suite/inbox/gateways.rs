//! Several gateways on one database, and one that dies.

use chrono::TimeDelta;
use rollcall::domain::words::{Kind, MessageState};

use super::{Office, changed, upserted};
use crate::support::{TestDatabase, people, person};

#[tokio::test]
async fn two_gateways_never_work_on_one_inbox_at_once() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell("m1", upserted(people(2))).await;
        let other = Office::desk(&office.store, &office.ambient, &office.source, "gw_two");
        let lost = office.desk.claim(&office.connection.id).await.unwrap().unwrap();
        assert_eq!(other.claim(&office.connection.id).await.unwrap(), None);
        // The first one hangs until its lease has run out.
        office.clock.advance(TimeDelta::seconds(31));
        let taken = other.claim(&office.connection.id).await.unwrap().unwrap();
        assert_eq!(office.desk.work(&lost).await.unwrap(), 0, "it lost the lease and writes nothing");
        assert!(office.present().await.is_empty());
        assert_eq!(other.work(&taken).await.unwrap(), 1);
        office.desk.release(lost).await;
        assert_eq!(
            office.desk.claim(&office.connection.id).await.unwrap(),
            None,
            "it is not its own any more"
        );
        other.release(taken).await;
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
            let desk = Office::desk(&office.store, &office.ambient, &office.source, gateway);
            let id = office.connection.id.clone();
            desks.spawn(async move {
                for _ in 0..5 {
                    if let Some(lease) = desk.claim(&id).await.unwrap() {
                        desk.work(&lease).await.unwrap();
                        desk.release(lease).await;
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
