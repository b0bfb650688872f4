//! Promise 4: a link ends only when someone unlinks it.

use chrono::TimeDelta;
use rollcall::{
    domain::words::{List, Mode, RunState},
    simulators::quickbooks_desktop::CompanyFile,
    store::{apps::App, links, runs},
    sync::{
        hold, link,
        profile::{self, Draft},
        register,
    },
};

use super::{Desk, on_each_engine};
use crate::support::{granted, linking};

impl Desk {
    /// An app of the company.
    pub async fn app(&self, name: &str) -> App {
        let (ambient, company, name) = (self.ambient.clone(), self.company.clone(), name.to_owned());
        let made =
            self.store.write(move |db| register::app(db, &ambient, &granted(), &name, &[company], false));
        made.await.unwrap().0
    }

    /// Links the record to a profile of the same ID, which is made.
    pub async fn link(&self, app: &App, list: List, external_id: &str) {
        let record = self.find(list, external_id).await;
        let (ambient, grant, name) = (self.ambient.clone(), linking(app), record.record.name.clone());
        let draft = Draft {
            list,
            profile_id: external_id.to_owned(),
            company_id: None,
            name,
            email: None,
            details: rollcall::domain::details::Details::default(),
        };
        let linked = self.store.write(move |db| {
            profile::put(db, &ambient, &grant, &draft).unwrap();
            link::link(db, &ambient, &grant, &record, &draft.profile_id)
        });
        assert!(linked.await.unwrap().created);
    }

    /// The profile that the record is linked to.
    pub async fn linked(&self, app: &App, list: List, external_id: &str) -> Option<String> {
        let (record, app) = (self.find(list, external_id).await, app.id.clone());
        let found = self.store.read(move |db| links::of_record(db, &app, &record.id)).await;
        found.unwrap().map(|link| link.profile_id)
    }
}

#[tokio::test]
async fn a_link_survives_that_its_record_becomes_inactive_absent_and_present_again() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(20, 20, 5);
        desk.sync(&mut file).await;
        let scope = desk.app("Timesheets").await;
        let id = file.employees().nth(2).unwrap().list_id;
        desk.link(&scope, List::Employee, &id).await;

        file.advance(TimeDelta::days(1));
        desk.advance(TimeDelta::minutes(15));
        file.deactivate(&id).unwrap();
        desk.sync(&mut file).await;
        assert!(!desk.find(List::Employee, &id).await.record.active);
        assert_eq!(desk.linked(&scope, List::Employee, &id).await.as_ref(), Some(&id));

        let before = file.clone();
        file.delete(&id).unwrap();
        desk.full_sync(&mut file).await;
        assert!(desk.find(List::Employee, &id).await.absent_at.is_some());
        assert_eq!(desk.linked(&scope, List::Employee, &id).await.as_ref(), Some(&id));

        // The company file comes back from a backup.
        let mut file = before;
        desk.full_sync(&mut file).await;
        assert!(desk.find(List::Employee, &id).await.absent_at.is_none());
        assert_eq!(desk.linked(&scope, List::Employee, &id).await.as_ref(), Some(&id));
    })
    .await;
}

#[tokio::test]
async fn links_survive_that_everybody_is_marked_absent_by_an_approved_hold() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(21, 12, 8);
        desk.sync(&mut file).await;
        let scope = desk.app("Timesheets").await;
        let ids: Vec<String> = file.employees().map(|entry| entry.list_id).collect();
        for id in &ids {
            desk.link(&scope, List::Employee, id).await;
        }
        desk.poll(Mode::Full).await;
        desk.trouble(&mut file, &["empty-list"]).await;
        let (connection, now) = (desk.connection.clone(), desk.ambient.now());
        let approved = desk.store.write(move |db| {
            let held = runs::in_state(db, &connection, List::Employee, RunState::Held)?.unwrap();
            hold::approve(db, &granted(), &held.id, None, now)
        });
        assert_eq!(approved.await.unwrap().absent, 12);
        for id in &ids {
            assert!(desk.find(List::Employee, id).await.absent_at.is_some());
            assert_eq!(desk.linked(&scope, List::Employee, id).await.as_ref(), Some(id));
        }
    })
    .await;
}
