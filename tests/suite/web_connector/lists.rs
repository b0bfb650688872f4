//! Lists arrive whole, change, and lose people only when they are really gone.

use chrono::TimeDelta;
use rollcall::{
    domain::words::{List, Mode, RunState},
    simulators::quickbooks_desktop::{CompanyFile, Outcome},
};

use super::{Desk, on_each_engine, wire::Manual};

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

/// QuickBooks' text went through SOAP: what its prolog says of an encoding does not hold any more, and an apostrophe that
/// Windows wrote arrives as a control character, in one spelling or another.
#[tokio::test]
async fn letters_are_read_as_what_was_meant_whatever_the_prolog_says() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let at = desk.server.address;
        let mut file = CompanyFile::new(16, 5, 0);
        let person = file.employees().next().unwrap().list_id;
        for (round, letter) in
            ["&#146;", "&#x92;", "\u{92}", "&#25;", "&#x19;", "\u{19}"].into_iter().enumerate()
        {
            file.rename(&person, &format!("O’Neil {round}")).unwrap();
            desk.poll(Mode::Full).await;
            let mut session = Manual::begin(at, &desk.options, &mut file).await.unwrap();
            loop {
                let request = session.send(at).await;
                let answer = session.answer(&request, &file).replace('’', letter);
                let answer = answer.replacen("?>", "encoding=\"windows-1252\"?>", 1);
                if session.receive(at, &answer).await == 100 {
                    break;
                }
            }
            assert!(session.close(at).await.starts_with("OK"));
            desk.assert_equals(&file).await;
        }
    })
    .await;
}
