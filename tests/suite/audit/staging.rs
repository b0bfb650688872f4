//! What is staged: one row for a run, however much it changed; none for one that changed nothing.

use rollcall::{
    clock::Ambient,
    domain::words::List,
    store::{Result, locks, records::Place},
    sync::ingest,
};

use super::{findings, rows};
use crate::support::{TestApp, people};

#[tokio::test]
async fn a_long_list_leaves_one_row_and_the_same_list_again_none() {
    TestApp::each(async |app| {
        let store = &app.gateway.store;
        let before = rows(store).await.len();
        let run = app.stage(List::Employee, people(3000)).await;
        let after = rows(store).await;
        assert_eq!(after.len(), before + 1);
        let row = after.iter().find(|row| row.action == "run_ended").unwrap();
        assert_eq!((row.object_id.as_str(), row.chain.as_str()), (run.id.as_str(), app.company.id.as_str()));
        assert_eq!((row.actor_kind.as_str(), row.actor_id.as_deref()), ("worker", Some("staging")));
        assert_eq!(row.after("created").as_deref(), Some("3000"));
        app.stage(List::Employee, people(3000)).await;
        assert_eq!(rows(store).await.len(), before + 1, "nothing was changed");
        app.stage(List::Employee, people(2999)).await;
        let absent = rows(store).await.into_iter().filter_map(|row| row.after("absent")).next_back();
        assert_eq!(absent.as_deref(), Some("1"));
        assert_eq!(findings(store, Vec::new()).await, []);
    })
    .await;
}

#[tokio::test]
async fn records_that_come_outside_of_a_run_leave_a_row_for_each_transaction() {
    TestApp::each(async |app| {
        let (ambient, id) = (Ambient::system(), app.connection.id.clone());
        let company = app.company.id.clone();
        let staged = app.gateway.store.write(move |db| -> Result<()> {
            let lock = locks::of(&id).list(db, List::Employee)?;
            let place = Place { company_id: &company, lock: &lock, run_id: None, now: ambient.now() };
            ingest::told(db, &ambient, &place, &people(2))?;
            Ok(())
        });
        staged.await.unwrap();
        let told = rows(&app.gateway.store).await.into_iter().filter(|row| row.action == "records_staged");
        let told: Vec<_> = told.collect();
        assert_eq!((told.len(), told[0].object_id.as_str()), (1, app.connection.id.as_str()));
        assert_eq!(told[0].after("created").as_deref(), Some("2"));
    })
    .await;
}
