//! Random changes at the source, random trouble on the way: in the end what is staged is what the source has.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rollcall::{
    domain::words::List,
    simulators::quickbooks_desktop::{CompanyFile, Fault, Faults, NewCustomer, NewEmployee, PlannedFault},
};

use super::{Desk, on_each_engine};

/// Trouble that the gateway can tell from a list that is whole; half a list with a proper end is for the hold.
const TROUBLE: [Fault; 9] = [
    Fault::DeadIterator,
    Fault::ParseError,
    Fault::BusyFile,
    Fault::QuickBooksClosed,
    Fault::CutAnswer,
    Fault::TruncatedAnswer,
    Fault::Warn500,
    Fault::NoPermission,
    Fault::Vanish,
];

/// Fewer than a hold asks about, so that no person is needed.
const MOST_DELETIONS: usize = 5;

fn change(file: &mut CompanyFile, rng: &mut StdRng, deletions: &mut usize) {
    let people: Vec<_> = file.employees().chain(file.customers()).collect();
    let id = &people[rng.random_range(0..people.len())].list_id;
    match rng.random_range(0..7) {
        0 => file.change_email(id, Some("changed@example.com")).unwrap(),
        1 => file.rename(id, &format!("Renamed {}", rng.random_range(0..1000))).unwrap(),
        2 => file.deactivate(id).unwrap(),
        3 => file.reactivate(id).unwrap(),
        4 => {
            let new =
                NewEmployee { first_name: "New".into(), last_name: "Person".into(), ..Default::default() };
            file.add_employee(new);
        }
        5 => {
            let new = NewCustomer { name: "New & Co".into(), ..Default::default() };
            file.add_customer(new).unwrap();
        }
        // A customer with jobs cannot be deleted.
        _ if *deletions < MOST_DELETIONS => *deletions += usize::from(file.delete(id).is_ok()),
        _ => {}
    }
}

async fn assert_nobody_is_missed(desk: &Desk, file: &CompanyFile, seed: u64) {
    let there: BTreeSet<String> =
        file.employees().chain(file.customers()).map(|entry| entry.list_id).collect();
    for list in [List::Employee, List::Customer] {
        for staged in desk.staged(list).await {
            let missed = staged.absent_at.is_some() && there.contains(&staged.record.external_id);
            assert!(!missed, "seed {seed}: {} is absent and in the source", staged.record.external_id);
        }
    }
}

#[tokio::test]
async fn whatever_happens_in_between_the_staged_lists_end_up_as_the_source_has_them() {
    on_each_engine(async |database| {
        let first = Desk::open(database, &[]).await;
        for seed in 0..100 {
            let mut rng = StdRng::seed_from_u64(seed);
            let page_size = rng.random_range(1..12).to_string();
            let mut desk = first.beside(&format!("Company {seed}"), &[("page_size", &page_size)]).await;
            let mut file = CompanyFile::new(seed, rng.random_range(3..15), rng.random_range(1..15));
            desk.sync(&mut file).await;
            let scope = desk.app(&format!("App {seed}")).await;
            let linked: Vec<String> = file.employees().take(3).map(|entry| entry.list_id).collect();
            for id in &linked {
                desk.link(&scope, List::Employee, id).await;
            }
            let mut deletions = 0;
            for _ in 0..rng.random_range(1..6) {
                let minutes = TimeDelta::minutes(rng.random_range(1..600));
                file.advance(minutes);
                desk.advance(minutes);
                for _ in 0..rng.random_range(0..4) {
                    change(&mut file, &mut rng, &mut deletions);
                }
                let mut faults = Faults::none();
                for _ in 0..rng.random_range(0..3) {
                    let fault = TROUBLE[rng.random_range(0..TROUBLE.len())];
                    faults.add(PlannedFault { fault, times: 1, after: rng.random_range(0..6) });
                }
                if rng.random_range(0..10) == 0 {
                    desk.restart(database).await;
                }
                let report = desk.session_with(&mut file, &mut faults).await;
                assert!(report.progress.iter().filter(|percent| **percent >= 0).is_sorted(), "{report:?}");
                assert_nobody_is_missed(&desk, &file, seed).await;
            }
            desk.full_sync(&mut file).await;
            desk.assert_equals(&file).await;
            for id in &linked {
                assert_eq!(desk.linked(&scope, List::Employee, id).await.as_ref(), Some(id), "seed {seed}");
            }
        }
    })
    .await;
}
