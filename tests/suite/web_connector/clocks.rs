//! Clocks that are wrong, and updates that were cut off: neither keeps later changes away.

use chrono::TimeDelta;
use rollcall::simulators::quickbooks_desktop::{CompanyFile, Outcome};

use super::{Desk, on_each_engine};

/// A company file whose computer has the gateway's time.
fn file(desk: &Desk, seed: u64, employees: u64, customers: u64) -> CompanyFile {
    let mut file = CompanyFile::new(seed, employees, customers);
    let offset = *file.now().offset();
    file.set_now(desk.ambient.now().with_timezone(&offset));
    file
}

/// The first of both lists get another e-mail.
fn change(file: &mut CompanyFile, email: &str) {
    let first = [file.employees().next().unwrap().list_id, file.customers().next().unwrap().list_id];
    for id in first {
        file.change_email(&id, Some(email)).unwrap();
    }
}

#[tokio::test]
async fn a_record_of_the_future_hides_no_later_change() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = file(&desk, 130, 10, 10);
        file.advance(TimeDelta::days(4000));
        let last = file.employees().last().unwrap().list_id;
        file.change_email(&last, Some("future@example.com")).unwrap();
        file.advance(-TimeDelta::days(4000));
        desk.sync(&mut file).await;
        for round in 0..4 {
            desk.advance(TimeDelta::minutes(15));
            file.advance(TimeDelta::minutes(15));
            change(&mut file, &format!("round{round}@example.com"));
            let report = desk.sync(&mut file).await;
            assert!(report.records.total() < 10, "all was read: {report:?}");
            desk.assert_equals(&file).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_quickbooks_computer_whose_clock_was_ahead_is_read_on_when_it_is_set_right() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = file(&desk, 131, 10, 10);
        file.advance(TimeDelta::days(300));
        change(&mut file, "ahead@example.com");
        desk.sync(&mut file).await;
        file.advance(-TimeDelta::days(300));
        desk.advance(TimeDelta::minutes(15));
        file.advance(TimeDelta::minutes(15));
        change(&mut file, "right@example.com");
        desk.sync(&mut file).await;
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn a_gateway_whose_clock_was_ahead_silences_no_connection_when_it_is_set_right() {
    on_each_engine(async |database| {
        let first = Desk::open(database, &[]).await;
        for fault in [None, Some("parse-error"), Some("warn-500")] {
            let desk = first.beside(fault.unwrap_or("none"), &[]).await;
            let mut file = file(&desk, 132, 10, 10);
            desk.advance(TimeDelta::days(5));
            match fault {
                Some(fault) => drop(desk.trouble(&mut file, &[fault]).await),
                None => drop(desk.sync(&mut file).await),
            }
            desk.advance(-TimeDelta::days(5));
            change(&mut file, "later@example.com");
            desk.sync(&mut file).await;
            desk.assert_equals(&file).await;
            assert_eq!(desk.session(&mut file).await.outcome, Outcome::NothingToDo, "{fault:?}");
        }
    })
    .await;
}

/// Cut at each call, the next update reads what the cut one did not, at once.
#[tokio::test]
async fn an_update_after_one_that_was_cut_off_starts_at_once() {
    on_each_engine(async |database| {
        let first = Desk::open(database, &[]).await;
        for call in 3..12 {
            let name = format!("Cut at {call}");
            let desk = first.beside(&name, &[("page_size", "4"), ("min_interval_seconds", "3600")]).await;
            let mut file = file(&desk, 133, 6, 6);
            desk.sync(&mut file).await;
            desk.advance(TimeDelta::hours(2));
            file.advance(TimeDelta::hours(2));
            change(&mut file, "cut@example.com");
            desk.trouble(&mut file, &[&format!("vanish@{call}")]).await;
            desk.session(&mut file).await;
            desk.assert_equals(&file).await;
            assert_eq!(desk.session(&mut file).await.outcome, Outcome::NothingToDo, "cut at call {call}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_list_that_did_not_come_whole_is_read_again_at_once() {
    on_each_engine(async |database| {
        let first = Desk::open(database, &[]).await;
        for fault in ["warn-500", "partial-list@2", "no-permission", "truncated-answer"] {
            let desk = first.beside(fault, &[("page_size", "4")]).await;
            let mut file = file(&desk, 134, 6, 12);
            desk.trouble(&mut file, &[fault]).await;
            // The order of runs is that of their times.
            desk.advance(TimeDelta::seconds(1));
            desk.sync(&mut file).await;
            desk.assert_equals(&file).await;
            assert!(desk.runs().await.iter().take(1).all(|run| run.reconciled), "{fault}");
        }
    })
    .await;
}
