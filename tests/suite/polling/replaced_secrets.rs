//! A source's vendor may replace a secret while it is polled: the new one is stored before it is used.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use rollcall::{
    clock::Ambient,
    connectors::{outbound::NotSent, polled::SecretKeeper},
    domain::{ids::ConnectionId, secret::Secret, words::Kind},
    store::{
        Store,
        polls::{self, Lease},
    },
    sync::{
        register::{self, ConnectionChange, ConnectionDraft},
        source_access::LeasedSecrets,
    },
};

use crate::support::{TestDatabase, granted, test_vault};

const LEASE: Duration = Duration::from_secs(10);

async fn add(store: &Store, ambient: &Ambient) -> ConnectionId {
    let ambient = ambient.clone();
    let add = store.write(move |db| {
        let company = register::company(db, &ambient, &granted(), "Acme")?;
        let secrets = [("sid", "s"), ("token", "first")];
        let secrets = secrets.map(|(name, text)| (name.to_owned(), Secret::new(text))).into_iter().collect();
        let draft = ConnectionDraft { secrets, ..ConnectionDraft::new(Kind::Paycom, &company.id) };
        register::connection(db, &ambient, &test_vault(), &granted(), &draft)
    });
    add.await.unwrap().connection.id
}

async fn claim(store: &Store, ambient: &Ambient, by: &'static str, later: i64) -> Lease {
    let now = ambient.now() + TimeDelta::seconds(later);
    let claimed = store.write(move |db| polls::claim(db, by, 1, now, now + LEASE));
    claimed.await.unwrap().remove(0)
}

fn keeper(store: &Store, ambient: &Ambient, lease: Option<Lease>) -> LeasedSecrets {
    let (store, ambient, vault) = (store.clone(), ambient.clone(), test_vault());
    LeasedSecrets { store, ambient, vault, lease, lease_for: LEASE }
}

async fn token(store: &Store, id: &ConnectionId) -> String {
    let id = id.to_owned();
    let secrets: BTreeMap<String, Secret> =
        store.read(move |db| test_vault().secrets(db, &id)).await.unwrap();
    secrets["token"].reveal().to_owned()
}

#[tokio::test]
async fn a_replaced_secret_is_stored_before_it_is_used_and_outlives_a_crash_between_the_two() {
    TestDatabase::each(async |database| {
        let ambient = Ambient::system();
        let store = database.open();
        let id = add(&store, &ambient).await;
        let lease = claim(&store, &ambient, "one", 1).await;
        let one = keeper(&store, &ambient, Some(lease));
        one.replace("token", Secret::new("second")).await.unwrap();
        // The gateway dies before it has used it: whoever polls next has the new one.
        drop((one, store));
        let store = database.open();
        assert_eq!(token(&store, &id).await, "second");
        let heir = claim(&store, &ambient, "heir", 60).await;
        keeper(&store, &ambient, Some(heir)).replace("token", Secret::new("third")).await.unwrap();
        assert_eq!(token(&store, &id).await, "third");
    })
    .await;
}

#[tokio::test]
async fn only_the_holder_of_the_lease_replaces_a_secret() {
    TestDatabase::each(async |database| {
        let ambient = Ambient::system();
        let store = database.open();
        let id = add(&store, &ambient).await;
        let dead = claim(&store, &ambient, "dead", 1).await;
        let _heir = claim(&store, &ambient, "heir", 60).await;
        for lease in [Some(dead), None] {
            let refused = keeper(&store, &ambient, lease).replace("token", Secret::new("stale")).await;
            assert!(matches!(refused, Err(NotSent::LeaseLost)), "{refused:?}");
        }
        assert_eq!(token(&store, &id).await, "first");
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_a_person_gives_is_not_overwritten_by_a_late_replacement() {
    TestDatabase::each(async |database| {
        let ambient = Ambient::system();
        let store = database.open();
        let id = add(&store, &ambient).await;
        let keeper = keeper(&store, &ambient, Some(claim(&store, &ambient, "one", 1).await));
        let (given, by) = (id.clone(), ambient.clone());
        let person = store.write(move |db| {
            let secrets = [("token".to_owned(), Secret::new("given"))].into_iter().collect();
            let change = ConnectionChange { secrets, ..ConnectionChange::default() };
            register::change_connection(db, &by, &test_vault(), &granted(), &given, &change)
        });
        person.await.unwrap();
        let late = keeper.replace("token", Secret::new("late")).await;
        assert!(matches!(late, Err(NotSent::LeaseLost)), "{late:?}");
        assert_eq!(token(&store, &id).await, "given");
    })
    .await;
}
