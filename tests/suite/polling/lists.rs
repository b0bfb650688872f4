//! Each list stands for itself.

use rollcall::{
    clock::Ambient,
    connectors::outbound::Timeouts,
    domain::words::{Kind, List, RunState},
    simulators::vendor::{Fault, Faults, PlannedFault},
    store::{PageLimit, connections, runs},
    sync::poll,
};

use super::vendor::Vendor;
use crate::support::{TestClock, TestDatabase, sources, staged};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_one_list_keeps_no_other_from_being_read() {
    TestDatabase::each(async |database| {
        let store = database.open();
        let clock = TestClock::new();
        let ambient = Ambient { clock: clock.clone() as _, ..Ambient::system() };
        let sources = sources(&store, &ambient, Timeouts::default());
        for (number, fault) in [Fault::ServerError, Fault::Forbidden, Fault::TruncatedJson, Fault::Redirect]
            .into_iter()
            .enumerate()
        {
            for (list, path) in [(List::Employee, "system/members"), (List::Customer, "company/companies")] {
                let vendor = Vendor::start(Kind::Connectwise, number as u64, clock.clone() as _).await;
                let always = PlannedFault { times: 9999, ..PlannedFault::from(fault) }.on(path);
                vendor.set_faults(Faults::new([always]));
                let connection = vendor.connect(&sources, &format!("{fault} {path}"), &[]).await;
                let lease = poll::claim(&sources, "gateway", 1).await.unwrap().remove(0);
                poll::poll(&sources, lease).await;
                for of in List::ALL {
                    let whole = staged(&store, &connection, *of).await.len() == vendor.truth(*of).len();
                    assert_eq!(whole, *of != list, "{fault}: {of} when {list} fails");
                }
                let id = connection.id.clone();
                let (runs, connection) = store
                    .read(move |db| {
                        Ok::<_, rollcall::store::Error>((
                            runs::page(db, &id, None, PageLimit::DEFAULT)?.rows,
                            connections::get(db, &id)?,
                        ))
                    })
                    .await
                    .unwrap();
                for run in runs {
                    assert_eq!(run.state == RunState::Failed, run.list == list, "{fault}: {run:?}");
                }
                assert!(connection.problem.is_some(), "{fault} {path}");
            }
        }
    })
    .await;
}
