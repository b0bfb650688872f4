//! Whose company file it is: another one is refused, and companies never mix (promise 8).

use chrono::TimeDelta;
use rollcall::{
    domain::words::List,
    simulators::quickbooks_desktop::{CompanyFile, NewEmployee, Outcome, QwcFile, SessionOptions},
    sync::{
        calls_in,
        register::{self, ConnectionChange},
    },
};

use super::{Desk, on_each_engine, server::public_url};
use crate::support::{granted, test_vault};

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

impl Desk {
    async fn decide(&self, change: ConnectionChange) -> Result<(), register::Error> {
        let id = self.connection.clone();
        let (ambient, vault) = (self.ambient.clone(), test_vault());
        let changed = self
            .store
            .write(move |db| register::change_connection(db, &ambient, &vault, &granted(), &id, &change));
        changed.await.map(drop)
    }
}

#[tokio::test]
async fn forgetting_a_company_file_forgets_its_file_id() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(35, 10, 10);
        desk.sync(&mut file).await;
        // What people are told to do against QBWC1039: another FileID in the .qwc file.
        file.set_file_id(&desk.options.owner_id, "{11111111-2222-4333-8444-555555555555}");
        desk.advance(TimeDelta::minutes(15));
        assert!(refusal(&desk.session(&mut file).await.outcome).contains("not the one"));
        let forget = ConnectionChange { forget_company_file: true, ..ConnectionChange::default() };
        desk.decide(forget).await.unwrap();
        desk.sync(&mut file).await;
        desk.assert_equals(&file).await;
        // From now on that one counts.
        file.set_file_id(&desk.options.owner_id, &desk.options.file_id);
        desk.advance(TimeDelta::minutes(15));
        assert!(refusal(&desk.session(&mut file).await.outcome).contains("not the one"));
    })
    .await;
}

#[tokio::test]
async fn new_ids_let_a_new_computer_in_and_no_other_company() {
    on_each_engine(async |database| {
        let mut desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(36, 10, 10);
        desk.sync(&mut file).await;
        desk.decide(ConnectionChange { new_ids: true, ..ConnectionChange::default() }).await.unwrap();
        let (id, address) = (desk.connection.clone(), public_url(desk.server.address));
        let qwc = desk.store.read(move |db| calls_in::setup_file(db, &id, &address)).await.unwrap();
        let qwc = QwcFile::parse(&qwc).unwrap();
        assert_eq!(qwc.violations(), Vec::<String>::new());
        let renewed = SessionOptions::from_qwc(&qwc, desk.options.password.clone());
        assert!(renewed.owner_id != desk.options.owner_id && renewed.file_id != desk.options.file_id);
        (desk.options.owner_id, desk.options.file_id) = (renewed.owner_id, renewed.file_id);
        desk.options.company_file_path = r"E:\New computer\Acme.QBW".into();
        desk.advance(TimeDelta::minutes(15));
        desk.sync(&mut file).await;
        let mut other = CompanyFile::new(37, 10, 10);
        other.set_file_id(&desk.options.owner_id, "{11111111-2222-4333-8444-555555555555}");
        desk.advance(TimeDelta::minutes(15));
        assert!(refusal(&desk.session(&mut other).await.outcome).contains("not the one"));
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn nothing_of_a_copied_company_file_is_staged_until_a_person_says_that_it_is_the_same_company() {
    on_each_engine(async |database| {
        let mut desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(38, 20, 20);
        desk.sync(&mut file).await;
        let before = desk.present().await;
        let mut copy = CompanyFile::new(39, 0, 0);
        copy.advance(TimeDelta::days(30));
        for number in 0..20 {
            let (first_name, last_name) = (format!("New {number}"), "Person".into());
            copy.add_employee(NewEmployee { first_name, last_name, ..NewEmployee::default() });
        }
        copy.company_name = "Another Company".into();
        let path = std::mem::replace(&mut desk.options.company_file_path, r"D:\Copy.QBW".into());
        for round in 0..2 {
            desk.advance(TimeDelta::minutes(15));
            let report = desk.session(&mut copy).await;
            let words = format!("{report:?}");
            assert!(words.contains("«Another Company»") && words.contains("--same-company-file"), "{words}");
            assert_eq!(desk.problem().await.as_deref(), Some("company_file_doubted"));
            assert_eq!((desk.present().await, desk.absent().await), (before.clone(), 0));
            // Once is enough: the file is not read again before somebody has decided.
            assert_eq!(report.records.total() > 0, round == 0, "{report:?}");
        }
        // The right one goes on.
        let copied = std::mem::replace(&mut desk.options.company_file_path, path);
        desk.sync(&mut file).await;
        assert_eq!(desk.problem().await, None);
        let same = || ConnectionChange { same_company_file: true, ..ConnectionChange::default() };
        let nothing = desk.decide(same()).await.unwrap_err();
        assert!(matches!(nothing, register::Error::NothingInDoubt(_)), "{nothing:?}");

        desk.options.company_file_path = copied;
        desk.advance(TimeDelta::minutes(15));
        desk.session(&mut copy).await;
        desk.decide(same()).await.unwrap();
        assert_eq!(desk.problem().await, None);
        desk.full_sync(&mut copy).await;
        assert_eq!(desk.present().await.len(), before.len() + 20, "those of before are held, not absent");
    })
    .await;
}

#[tokio::test]
async fn a_company_file_that_was_renamed_and_moved_is_known_by_its_people() {
    on_each_engine(async |database| {
        let mut desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(40, 20, 20);
        desk.sync(&mut file).await;
        file.company_name = "Acme Holding".into();
        desk.options.company_file_path = r"D:\Moved.QBW".into();
        for _ in 0..2 {
            desk.advance(TimeDelta::minutes(15));
            desk.sync(&mut file).await;
            desk.assert_equals(&file).await;
        }
        // Changes are read as such again.
        desk.advance(TimeDelta::minutes(15));
        assert!(desk.sync(&mut file).await.records.total() < 20);
    })
    .await;
}
