//! Old rows are removed from the beginning of a chain, and the chain stays whole.

use chrono::TimeDelta;
use rollcall::{
    clock::Ambient,
    sync::{
        audit::checkpoints::{self, Checkpoints},
        register,
        retention::{self, Kept},
    },
};

use super::{actions, findings, verified};
use crate::support::{TestClock, TestDatabase, granted_at};

#[tokio::test]
async fn what_is_removed_by_its_age_is_told_by_the_chain_itself() {
    TestDatabase::each(async |database| {
        let store = database.open_audited();
        let clock = TestClock::new();
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let made = ambient.clone();
        let company = store.write(move |db| register::company(db, &made, &granted_at(&made), "Acme"));
        let id = company.await.unwrap().id;
        let rename = async |name: String| {
            let (ambient, id) = (ambient.clone(), id.clone());
            let done = store.write(move |db| register::rename_company(db, &granted_at(&ambient), &id, &name));
            done.await.unwrap();
        };
        for number in 0..4 {
            rename(format!("Old {number}")).await;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("checkpoints.jsonl");
        let written = Checkpoints::new(Some(file.clone()));
        written.write(&store, ambient.now()).await.unwrap();
        clock.advance(TimeDelta::days(100));
        rename("Young".into()).await;

        let days = TimeDelta::days(90);
        let kept = Kept { changes: days, runs: days, versions: days, audit: Some(days) };
        retention::forget(&store, Kept { audit: None, ..kept }, ambient.now()).await.unwrap();
        assert_eq!(actions(&store, &id).await.len(), 6, "for ever");
        retention::forget(&store, kept, ambient.now()).await.unwrap();
        assert_eq!(actions(&store, &id).await, ["company_changed", "audit_cut"]);
        let anchors = checkpoints::read(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(findings(&store, anchors).await, []);
        let checked = verified(&store, Vec::new()).await;
        let theirs = checked.iter().find(|checked| checked.chain == id).unwrap();
        assert_eq!((theirs.begins, theirs.last), (6, 7));

        // Again, over the beginning that is gone.
        clock.advance(TimeDelta::days(100));
        rename("Younger".into()).await;
        retention::forget(&store, kept, ambient.now()).await.unwrap();
        assert_eq!(actions(&store, &id).await, ["company_changed", "audit_cut"]);
        assert_eq!(findings(&store, Vec::new()).await, []);
    })
    .await;
}
