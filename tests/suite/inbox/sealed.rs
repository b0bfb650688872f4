//! What nobody understood is kept sealed, and read again when it is replayed.

use chrono::TimeDelta;
use rollcall::{
    connectors::hook,
    domain::{
        event::Message,
        words::{Kind, MessageState, RunState},
    },
    store::{
        WriteDb,
        inbox::{self, Which},
        sealed, secrets, webhooks,
    },
};

use super::Office;
use crate::support::{TestDatabase, test_vault};

/// What no version would keep in clear.
const CANARY: &str = "900-00-4711";

/// A message that this version understands, told as an older one would have told it.
async fn told_and_not_understood(office: &Office) -> inbox::Message {
    let body = format!(
        r#"{{"Event_Name": "Verify URL", "Data": {{"verification_code": "4711", "ssn": "{CANARY}"}}}}"#
    );
    let (message_id, name) = ("m1".to_owned(), "Verify URL".to_owned());
    let unknown = Message { message_id, name, told_at: None, event: Err("it is not known".into()) };
    office.inbox.accept_whole(&office.connection.id, unknown, body.as_bytes()).await.unwrap();
    office.messages(MessageState::Pending).await.remove(0)
}

async fn replay(office: &Office) -> usize {
    let (id, now) = (office.connection.id.clone(), office.ambient.now());
    office.store.write(move |db| inbox::replay(db, Which::AllOf(&id), now)).await.unwrap()
}

#[tokio::test]
async fn what_an_older_version_did_not_understand_is_understood_when_it_is_replayed() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Paycom).await;
        let message = told_and_not_understood(&office).await;
        assert_eq!(message.body, None);
        let promised = message.problem.unwrap().remedy;
        assert!(promised.contains("until 2026-12-05"), "{promised}");
        let id = message.id.clone();
        let kept = office.read(move |db, _| sealed::find(db, &id)).await.unwrap().bytes;
        assert!(!kept.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
        // Whoever sees the connection's secrets does not see its key for messages; a rotation seals that one anew.
        let names = office.read(secrets::names).await;
        assert!(!names.contains(&secrets::MESSAGE_KEY.to_owned()));
        let first = (String::new(), String::new());
        let all = office.read(move |db, _| secrets::not_sealed_with(db, "", &first, 100)).await;
        assert!(all.iter().any(|row| row.name == secrets::MESSAGE_KEY));

        office.work().await;
        let hook = office.read(webhooks::get).await;
        assert_eq!(hook.verification.unwrap().0, "4711");
        assert!(office.messages(MessageState::Dead).await.is_empty());
        let id = message.id.clone();
        assert_eq!(office.read(move |db, _| sealed::find(db, &id)).await, None, "and it is forgotten");
    })
    .await;
}

#[tokio::test]
async fn what_is_still_not_understood_stays_and_is_forgotten_in_time_and_then_promises_nothing() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Paycom).await;
        let (message_id, name) = ("m1".to_owned(), String::new());
        let unknown = Message { message_id, name, told_at: None, event: Err("it is not JSON".into()) };
        office.inbox.accept_whole(&office.connection.id, unknown, b"no JSON").await.unwrap();
        for _ in 0..2 {
            office.work().await;
            let dead = office.messages(MessageState::Dead).await.remove(0);
            assert!(dead.problem.unwrap().remedy.contains("kept, sealed, until 2026-12-05"));
            assert_eq!(replay(&office).await, 1);
        }
        assert!(office.run_in(RunState::Queued).await.is_some(), "the changes are asked for");
        office.clock.advance(TimeDelta::days(15));
        let now = office.ambient.now();
        office.store.write(move |db| sealed::forget(db, now)).await.unwrap();
        office.work().await;
        let dead = office.messages(MessageState::Dead).await.remove(0);
        let problem = dead.problem.unwrap();
        assert!(problem.remedy.contains("is not kept: it cannot be replayed"), "{problem:?}");
    })
    .await;
}

#[tokio::test]
async fn what_was_sealed_opens_only_in_its_place_and_the_key_is_made_once() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Paycom).await;
        let (vault, id, now) = (test_vault(), office.connection.id.clone(), office.ambient.now());
        let work = move |db: &mut WriteDb| {
            let key = vault.message_key(db, &id, now)?;
            assert!(key == vault.message_key(db, &id, now)?);
            let sealed = vault.seal_message(&key, &id, &"msg_1".into(), b"what was said")?;
            assert_eq!(vault.open_message(db, &id, &"msg_1".into(), &sealed)?, b"what was said");
            assert!(vault.open_message(db, &id, &"msg_2".into(), &sealed).is_err());
            Ok::<_, rollcall::sync::vault::VaultError>(())
        };
        office.store.write(work).await.unwrap();
        assert!(hook::read(Kind::Push, "{}", b"{}").is_none(), "its sender corrects it");
    })
    .await;
}
