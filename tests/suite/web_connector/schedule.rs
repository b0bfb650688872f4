//! What is due when a Web Connector calls.

use chrono::TimeDelta;
use rollcall::{
    domain::words::{List, Mode, RunState},
    simulators::quickbooks_desktop::{CompanyFile, Outcome, SessionReport},
    sync::register::{self, ConnectionChange},
};

use super::{Desk, on_each_engine};
use crate::support::{granted, test_vault};

impl Desk {
    async fn change(&self, change: ConnectionChange) {
        let id = self.connection.clone();
        let (ambient, vault) = (self.ambient.clone(), test_vault());
        let changed = self
            .store
            .write(move |db| register::change_connection(db, &ambient, &vault, &granted(), &id, &change));
        changed.await.unwrap();
    }
}

fn did_nothing(report: &SessionReport) -> bool {
    report.outcome == Outcome::NothingToDo && report.records.total() == 0
}

#[tokio::test]
async fn outside_of_its_hours_a_connection_has_nothing_to_do() {
    on_each_engine(async |database| {
        // It is noon in UTC, seven in the morning in New York.
        let desk = Desk::open(database, &[("window", "22:00-06:00 America/New_York")]).await;
        let mut file = CompanyFile::new(50, 5, 5);
        assert!(did_nothing(&desk.session(&mut file).await));
        desk.poll(Mode::Full).await;
        assert!(did_nothing(&desk.session(&mut file).await));
        desk.advance(TimeDelta::hours(16));
        desk.sync(&mut file).await;
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn a_paused_connection_has_nothing_to_do_until_it_goes_on() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(51, 5, 5);
        desk.change(ConnectionChange { paused: Some(true), ..ConnectionChange::default() }).await;
        desk.poll(Mode::Full).await;
        assert!(did_nothing(&desk.session(&mut file).await));
        desk.change(ConnectionChange { paused: Some(false), ..ConnectionChange::default() }).await;
        desk.sync(&mut file).await;
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn a_run_that_was_asked_for_is_the_one_that_the_next_session_runs() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(52, 5, 5);
        desk.sync(&mut file).await;
        let asked = desk.poll(Mode::Delta).await;
        // Asking again widens it and makes no second one.
        let again = desk.poll(Mode::Full).await;
        let ids =
            |runs: &[rollcall::store::runs::Run]| runs.iter().map(|run| run.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&asked), ids(&again));
        assert!(again.iter().all(|run| run.state == RunState::Queued && run.mode == Mode::Full));
        desk.sync(&mut file).await;
        let runs = desk.runs().await;
        for id in ids(&asked) {
            let run = runs.iter().find(|run| run.id == id).unwrap();
            assert_eq!((run.state, run.mode, run.reconciled), (RunState::Complete, Mode::Full, true));
        }
        assert_eq!(desk.session(&mut file).await.outcome, Outcome::NothingToDo);
    })
    .await;
}

#[tokio::test]
async fn a_refused_request_is_sent_again_on_demand_or_the_next_day_and_not_in_a_loop() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(53, 10, 10);
        let report = desk.trouble(&mut file, &["parse-error"]).await;
        assert!(report.last_error.unwrap().contains("0x80040400"));
        // The other list was read all the same.
        assert_eq!(report.records.customers, 10);
        for _ in 0..10 {
            desk.advance(TimeDelta::minutes(15));
            file.advance(TimeDelta::minutes(15));
            assert_eq!(desk.sync(&mut file).await.records.employees, 0);
        }
        assert_eq!(desk.full_sync(&mut file).await.records.employees, 10);
        desk.assert_equals(&file).await;

        desk.poll(Mode::Full).await;
        desk.trouble(&mut file, &["parse-error"]).await;
        desk.advance(TimeDelta::hours(25));
        assert_eq!(desk.sync(&mut file).await.records.employees, 10);
    })
    .await;
}

#[tokio::test]
async fn a_failed_run_is_tried_again_by_the_next_session() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(54, 10, 10);
        for fault in ["truncated-answer", "busy-file", "quickbooks-closed"] {
            desk.trouble(&mut file, &[fault]).await;
        }
        desk.sync(&mut file).await;
        desk.assert_equals(&file).await;
        assert!(desk.runs().await.iter().filter(|run| run.list == List::Employee).count() > 1);
    })
    .await;
}
