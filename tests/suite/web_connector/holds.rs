//! Promise 3: mass absence is held, and a person decides.

use chrono::TimeDelta;
use rollcall::{
    domain::words::{List, Mode, RunState},
    simulators::quickbooks_desktop::CompanyFile,
    store::{PageLimit, records, runs, runs::Run},
    sync::hold,
};

use super::{Desk, on_each_engine};
use crate::support::granted;

impl Desk {
    async fn held(&self, list: List) -> Option<Run> {
        let id = self.connection.clone();
        let held = self.store.read(move |db| runs::in_state(db, &id, list, RunState::Held)).await;
        held.unwrap()
    }

    async fn named(&self, run: &Run) -> usize {
        let id = run.id.clone();
        let page = self.store.read(move |db| records::of_absences(db, &id, None, PageLimit::SCAN)).await;
        page.unwrap().rows.len()
    }

    async fn approve(&self, run: &Run) -> Result<Run, hold::Error> {
        let (id, now) = (run.id.clone(), self.ambient.now());
        self.store.write(move |db| hold::approve(db, &granted(), &id, None, now)).await
    }

    async fn reject(&self, run: &Run) -> Result<Run, hold::Error> {
        let (id, now) = (run.id.clone(), self.ambient.now());
        self.store.write(move |db| hold::reject(db, &granted(), &id, None, now)).await
    }
}

async fn with_hold(desk: &Desk, file: &mut CompanyFile, fault: &str) -> Run {
    desk.sync(file).await;
    desk.poll(Mode::Full).await;
    desk.trouble(file, &[fault]).await;
    desk.held(List::Employee).await.unwrap()
}

#[tokio::test]
async fn a_list_that_comes_empty_is_held_with_the_names_of_all() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(7, 20, 5);
        let held = with_hold(&desk, &mut file, "empty-list").await;
        assert_eq!((held.absent, held.present_before, held.reconciled), (20, 20, false));
        assert_eq!(desk.named(&held).await, 20);
        assert_eq!(held.problem.unwrap().code, "mass_absence");
        assert_eq!(desk.absent().await, 0);
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn a_small_list_that_is_answered_with_no_match_is_held_as_well() {
    on_each_engine(async |database| {
        let first = Desk::open(database, &[]).await;
        for (employees, held) in [(2, true), (4, true), (1, false)] {
            let desk = first.beside(&format!("Company of {employees}"), &[]).await;
            let mut file = CompanyFile::new(14, employees, 3);
            desk.sync(&mut file).await;
            desk.poll(Mode::Full).await;
            let report = desk.trouble(&mut file, &["empty-list"]).await;
            assert_eq!(desk.held(List::Employee).await.is_some(), held, "{employees}");
            assert_eq!(desk.absent().await > 0, !held, "{employees}");
            let shown = report.close_message.unwrap();
            assert_eq!(shown.starts_with("Held (employees: 0 new, 0 changed"), held, "{shown}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_web_connector_shows_the_run_that_is_held() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(15, 20, 5);
        let held = with_hold(&desk, &mut file, "empty-list").await;
        // Also when a later session goes well: nobody has decided yet.
        desk.poll(Mode::Delta).await;
        let shown = desk.sync(&mut file).await.close_message.unwrap();
        assert!(shown.starts_with("Held (") && shown.contains(held.id.as_str()), "{shown}");
        desk.reject(&held).await.unwrap();
        desk.full_sync(&mut file).await;
        desk.poll(Mode::Delta).await;
        assert!(desk.sync(&mut file).await.close_message.unwrap().starts_with("OK ("));
    })
    .await;
}

#[tokio::test]
async fn approving_a_hold_marks_those_it_names_and_nobody_else_and_only_once() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(8, 20, 5);
        let held = with_hold(&desk, &mut file, "partial-list").await;
        let approved = desk.approve(&held).await.unwrap();
        assert_eq!((approved.state, approved.absent), (RunState::Complete, 10));
        assert_eq!(approved.decision.unwrap().by.to_string(), "command line");
        assert_eq!(desk.absent().await, 10);
        assert!(matches!(desk.approve(&held).await, Err(hold::Error::NotHeld)));
        assert!(matches!(desk.reject(&held).await, Err(hold::Error::NotHeld)));
        // They were there all the time: the next whole list brings them back.
        desk.full_sync(&mut file).await;
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn rejecting_a_hold_leaves_everybody_as_they_are() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(9, 20, 5);
        let held = with_hold(&desk, &mut file, "partial-list").await;
        assert_eq!(desk.reject(&held).await.unwrap().state, RunState::Failed);
        assert_eq!(desk.absent().await, 0);
        assert!(matches!(desk.approve(&held).await, Err(hold::Error::NotHeld)));
        assert_eq!(desk.absent().await, 0);
    })
    .await;
}

#[tokio::test]
async fn people_seen_again_after_the_hold_are_not_marked_by_approving_it() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(10, 20, 5);
        let held = with_hold(&desk, &mut file, "empty-list").await;
        desk.advance(TimeDelta::minutes(15));
        file.advance(TimeDelta::days(1));
        let seen_again = file.employees().nth(3).unwrap();
        file.change_email(&seen_again.list_id, Some("back@example.com")).unwrap();
        desk.sync(&mut file).await;
        desk.approve(&held).await.unwrap();
        assert!(desk.find(List::Employee, &seen_again.list_id).await.absent_at.is_none());
        assert!(desk.absent().await >= 10);
    })
    .await;
}

#[tokio::test]
async fn a_later_whole_list_answers_the_question_that_a_hold_asks() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(11, 20, 5);
        let held = with_hold(&desk, &mut file, "empty-list").await;
        desk.full_sync(&mut file).await;
        assert!(desk.held(List::Employee).await.is_none());
        assert!(matches!(desk.approve(&held).await, Err(hold::Error::NotHeld)));
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn five_people_may_leave_without_a_question_and_a_sixth_asks_one() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(12, 20, 0);
        desk.sync(&mut file).await;
        let people: Vec<_> = file.employees().collect();
        for person in &people[..5] {
            file.delete(&person.list_id).unwrap();
        }
        desk.full_sync(&mut file).await;
        assert_eq!(desk.absent().await, 5);
        for person in &people[5..11] {
            file.delete(&person.list_id).unwrap();
        }
        desk.full_sync(&mut file).await;
        assert_eq!((desk.absent().await, desk.held(List::Employee).await.unwrap().absent), (5, 6));
    })
    .await;
}

#[tokio::test]
async fn a_thousand_partial_answers_remove_nobody() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(13, 12, 12);
        desk.sync(&mut file).await;
        // Two in each session: one for each list.
        for session in 0..500 {
            desk.poll(Mode::Full).await;
            let kind = if session % 2 == 0 { "partial-list*2" } else { "empty-list*2" };
            desk.trouble(&mut file, &[kind]).await;
        }
        assert_eq!(desk.absent().await, 0);
        desk.assert_equals(&file).await;
    })
    .await;
}
