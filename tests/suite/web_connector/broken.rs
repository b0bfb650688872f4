//! Promise 2: a list is whole or it is not reconciled. Whatever breaks, nobody is marked absent by it.

use chrono::TimeDelta;
use rollcall::{
    domain::words::{ConnectionState, List, Mode, RunState},
    simulators::quickbooks_desktop::CompanyFile,
};

use super::{Desk, on_each_engine};

/// Deletes three entries of a list that have nothing below them: few enough to be marked without a question.
fn delete_three(file: &mut CompanyFile, list: List) {
    let entries: Vec<_> = match list {
        List::Employee => file.employees().collect(),
        List::Customer => file.customers().collect(),
    };
    let mut deleted = 0;
    for entry in entries.iter().rev() {
        if deleted < 3 && file.delete(&entry.list_id).is_ok() {
            deleted += 1;
        }
    }
    assert_eq!(deleted, 3);
}

/// A whole pass with `faults` while three of `list` are gone marks none of them; the next pass marks all three.
async fn breaks(list: List, faults: &[&str]) {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[("page_size", "7")]).await;
        let mut file = CompanyFile::new(5, 30, 30);
        desk.sync(&mut file).await;
        delete_three(&mut file, list);
        desk.poll(Mode::Full).await;
        let report = desk.trouble(&mut file, faults).await;
        assert_eq!(desk.absent().await, 0, "{faults:?} marked somebody: {report:?}");
        let run = desk.runs().await.into_iter().find(|run| run.list == list).unwrap();
        // What the Web Connector shows looks no better than it is.
        let shown = report.close_message.unwrap_or_default();
        assert!(!shown.starts_with("OK"), "{faults:?}: {shown}");
        assert!(!run.reconciled || run.state == RunState::Held, "{faults:?}: {run:?}");
        // One that had not begun says nothing yet.
        let ok = desk.stands().await.state == ConnectionState::Ok;
        assert!(!ok || run.state == RunState::Queued, "{faults:?}");
        desk.full_sync(&mut file).await;
        assert_eq!(desk.absent().await, 3, "{faults:?}");
        desk.assert_equals(&file).await;
        assert_eq!(desk.stands().await.state, ConnectionState::Ok, "{faults:?}");
    })
    .await;
}

/// A delta tells what changed, not who stayed away from a whole list that came in part.
#[tokio::test]
async fn a_list_that_did_not_come_whole_is_incomplete_until_it_does() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(5, 12, 12);
        desk.sync(&mut file).await;
        desk.poll(Mode::Full).await;
        desk.trouble(&mut file, &["warn-500"]).await;
        let (status, since) = (desk.stands().await, desk.ambient.now());
        assert_eq!((status.state, status.since), (ConnectionState::Incomplete, Some(since)), "{status:?}");
        assert!(status.detail.contains("employees") && !status.remedy.is_empty(), "{status:?}");
        desk.poll(Mode::Delta).await;
        desk.sync(&mut file).await;
        let still = desk.stands().await;
        assert_eq!((still.state, still.since), (ConnectionState::Incomplete, Some(since)), "{still:?}");
        desk.full_sync(&mut file).await;
        assert_eq!(desk.stands().await.state, ConnectionState::Ok);
    })
    .await;
}

/// The next update leaves a list out that QuickBooks refused: that it goes well says nothing of that list.
#[tokio::test]
async fn an_update_without_the_list_that_was_refused_does_not_make_all_well() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(5, 12, 12);
        desk.trouble(&mut file, &["parse-error"]).await;
        desk.advance(TimeDelta::minutes(15));
        desk.sync(&mut file).await;
        assert_eq!(desk.problem().await, None);
        let status = desk.stands().await;
        assert_eq!(status.state, ConnectionState::Incomplete, "{status:?}");
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_cut_off_marks_nobody_absent() {
    breaks(List::Employee, &["truncated-answer"]).await;
    breaks(List::Customer, &["truncated-answer@1"]).await;
    breaks(List::Customer, &["truncated-answer@4"]).await;
}

#[tokio::test]
async fn a_connection_that_breaks_marks_nobody_absent() {
    breaks(List::Employee, &["cut-answer"]).await;
    breaks(List::Customer, &["cut-answer@3"]).await;
}

#[tokio::test]
async fn a_web_connector_that_vanishes_marks_nobody_absent() {
    // Before the first answer, after it, and between two pages.
    for call in ["vanish@4", "vanish@5", "vanish@8", "vanish@9"] {
        breaks(if call == "vanish@4" { List::Employee } else { List::Customer }, &[call]).await;
    }
}

#[tokio::test]
async fn a_request_that_quickbooks_cannot_read_marks_nobody_absent() {
    breaks(List::Employee, &["parse-error"]).await;
    breaks(List::Customer, &["parse-error@1"]).await;
    breaks(List::Customer, &["parse-error@3"]).await;
}

#[tokio::test]
async fn an_answer_with_a_warning_marks_nobody_absent() {
    breaks(List::Employee, &["warn-500"]).await;
    breaks(List::Customer, &["warn-500@3"]).await;
}

#[tokio::test]
async fn a_list_that_may_not_be_seen_marks_nobody_absent() {
    breaks(List::Employee, &["no-permission"]).await;
    breaks(List::Customer, &["no-permission@2"]).await;
}

/// Two rows are too few for a hold: only the counts tell that they are missing.
#[tokio::test]
async fn an_iterator_that_ends_before_the_count_it_gave_marks_nobody_absent() {
    for fault in ["empty-list@6", "partial-list@6", "partial-list@5", "empty-list@5"] {
        on_each_engine(async |database| {
            let desk = Desk::open(database, &[("page_size", "2")]).await;
            let mut file = CompanyFile::new(5, 3, 12);
            desk.sync(&mut file).await;
            desk.poll(Mode::Full).await;
            desk.trouble(&mut file, &[fault]).await;
            assert_eq!(desk.absent().await, 0, "{fault}");
            let run = desk.runs().await.into_iter().find(|run| run.list == List::Customer).unwrap();
            assert_eq!((run.state, run.reconciled), (RunState::Complete, false), "{fault}");
            assert_eq!(run.problem.unwrap().code, "list_not_finished");
            assert_eq!(desk.stands().await.state, ConnectionState::Incomplete, "{fault}");
            desk.full_sync(&mut file).await;
            desk.assert_equals(&file).await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_lost_iterator_begins_anew_and_the_list_is_whole_afterwards() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[("page_size", "7")]).await;
        let mut file = CompanyFile::new(6, 10, 30);
        desk.sync(&mut file).await;
        delete_three(&mut file, List::Customer);
        desk.poll(Mode::Full).await;
        let report = desk.trouble(&mut file, &["dead-iterator*2@1"]).await;
        assert!(report.progress.is_sorted(), "{:?}", report.progress);
        assert_eq!(report.progress.last(), Some(&100));
        assert_eq!(desk.absent().await, 3);
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn an_iterator_that_is_lost_again_and_again_ends_the_list_without_marking_anybody() {
    breaks(List::Customer, &["dead-iterator*3"]).await;
}
