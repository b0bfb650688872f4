//! Whose company file it is: another one is refused, and companies never mix (promise 8).

use chrono::TimeDelta;
use rollcall::{
    domain::words::List,
    simulators::quickbooks_desktop::{CompanyFile, Outcome},
};

use super::{Desk, on_each_engine};

fn refusal(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Refused { message } => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn another_company_file_is_refused_in_plain_words_and_nothing_is_read_from_it() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(30, 10, 10);
        desk.sync(&mut file).await;
        let before = desk.present().await;
        desk.poll(rollcall::domain::words::Mode::Full).await;
        let mut other = CompanyFile::new(31, 40, 40);
        other.set_file_id(&desk.options.owner_id, "{11111111-2222-4333-8444-555555555555}");
        other.company_name = "Somebody Else".to_owned();
        let report = desk.session(&mut other).await;
        let words = refusal(&report.outcome);
        assert!(words.contains("«Somebody Else»") && words.contains("Nothing was read from it"), "{words}");
        assert!(report.close_message.unwrap().contains("not the one"));
        assert_eq!(report.records.total(), 0);
        assert_eq!((desk.present().await, desk.absent().await), (before, 0));
        // The right one is read at once.
        desk.sync(&mut file).await;
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn another_company_file_at_the_first_session_is_refused_too() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(32, 10, 10);
        let report = desk.trouble(&mut file, &["other-company-file"]).await;
        assert!(refusal(&report.outcome).contains("«Another Company»"), "{report:?}");
        assert!(desk.present().await.is_empty() && desk.runs().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_company_file_without_a_file_id_is_known_by_its_name_and_path() {
    on_each_engine(async |database| {
        let mut desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(33, 10, 10);
        assert_eq!(desk.trouble(&mut file, &["no-file-id"]).await.outcome, Outcome::Completed);
        desk.assert_equals(&file).await;
        desk.advance(TimeDelta::minutes(15));
        assert_eq!(desk.trouble(&mut file, &["no-file-id"]).await.outcome, Outcome::Completed);
        desk.advance(TimeDelta::minutes(15));
        let path = std::mem::replace(&mut desk.options.company_file_path, r"D:\Other.QBW".to_owned());
        let report = desk.trouble(&mut file, &["no-file-id"]).await;
        assert!(refusal(&report.outcome).contains(r"D:\Other.QBW"), "{report:?}");
        // Once it has shown its FileID, that alone counts.
        desk.sync(&mut file).await;
        desk.options.company_file_path = path;
        desk.advance(TimeDelta::minutes(15));
        let report = desk.trouble(&mut file, &["no-file-id"]).await;
        assert!(refusal(&report.outcome).contains("not the one"), "{report:?}");
    })
    .await;
}

#[tokio::test]
async fn two_companies_that_synchronise_at_once_never_mix() {
    on_each_engine(async |database| {
        let one = Desk::open(database, &[("page_size", "5")]).await;
        let two = one.beside("Beta", &[("page_size", "3")]).await;
        // The same seed: ListIDs and names collide, contents differ.
        let (mut first, mut second) = (CompanyFile::new(34, 30, 30), CompanyFile::new(34, 30, 30));
        for id in second.employees().map(|entry| entry.list_id).collect::<Vec<_>>() {
            second.change_email(&id, Some("beta@example.com")).unwrap();
        }
        for round in 0..3 {
            tokio::join!(one.full_sync(&mut first), two.full_sync(&mut second));
            let id = first.employees().nth(round).unwrap().list_id;
            first.rename_person(&id, "Acme", "Only").unwrap();
        }
        tokio::join!(one.full_sync(&mut first), two.full_sync(&mut second));
        one.assert_equals(&first).await;
        two.assert_equals(&second).await;
        for (desk, other) in [(&one, &two), (&two, &one)] {
            let staged = desk.staged(List::Employee).await;
            assert!(staged.iter().all(|staged| staged.connection_id == desk.connection));
            assert!(staged.iter().all(|staged| staged.company_id != other.company));
        }
    })
    .await;
}
