//! Lists arrive whole, change, and lose people only when they are really gone.

use chrono::TimeDelta;
use rollcall::{
    domain::words::{List, Mode, RunState},
    simulators::quickbooks_desktop::{CompanyFile, Outcome},
};

use super::{Desk, on_each_engine};

#[tokio::test]
async fn a_first_session_stages_both_lists_whole() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[("page_size", "7")]).await;
        let mut file = CompanyFile::new(1, 50, 40);
        let report = desk.sync(&mut file).await;
        desk.assert_equals(&file).await;
        assert!(report.progress.is_sorted(), "{:?}", report.progress);
        assert_eq!(report.progress.last(), Some(&100));
        let runs = desk.runs().await;
        assert!(
            runs.iter()
                .all(|run| run.state == RunState::Complete && run.reconciled && run.mode == Mode::Full)
        );
        let customers = desk.staged(List::Customer).await;
        let job = customers.into_iter().find(|record| record.record.sublevel > 0).unwrap();
        assert!(job.record.full_name.unwrap().contains(':'));
    })
    .await;
}

#[tokio::test]
async fn nothing_is_due_right_after_a_session() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(2, 5, 5);
        desk.sync(&mut file).await;
        assert_eq!(desk.session(&mut file).await.outcome, Outcome::NothingToDo);
    })
    .await;
}

#[tokio::test]
async fn a_delta_brings_what_changed_and_what_was_deleted() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(3, 60, 60);
        desk.sync(&mut file).await;
        desk.advance(TimeDelta::minutes(15));
        file.advance(TimeDelta::minutes(200));
        let people: Vec<_> = file.employees().collect();
        file.change_email(&people[3].list_id, Some("new@example.com")).unwrap();
        file.deactivate(&people[4].list_id).unwrap();
        file.delete(&people[5].list_id).unwrap();
        let report = desk.sync(&mut file).await;
        desk.assert_equals(&file).await;
        assert!(report.records.employees < 10, "{:?}", report.records);
        let gone = desk.find(List::Employee, &people[5].list_id).await;
        assert!(gone.absent_at.is_some());
        let last = desk.runs().await;
        assert!(last.iter().take(2).all(|run| run.mode == Mode::Delta && run.state == RunState::Complete));
    })
    .await;
}
