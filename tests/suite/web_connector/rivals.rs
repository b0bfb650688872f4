//! Two Web Connectors with one user name: the newest session wins, and people are told.

use chrono::TimeDelta;
use rollcall::{
    domain::words::ConnectionState, simulators::quickbooks_desktop::CompanyFile, store::connections,
    sync::status,
};

use super::{Desk, on_each_engine, wire::Manual};

impl Desk {
    async fn state(&self) -> (ConnectionState, String, String) {
        let (id, now) = (self.connection.clone(), self.ambient.now());
        let read = self.store.read(move |db| {
            let connection = connections::get(db, &id)?;
            status::status(db, &connection, now)
        });
        let status = read.await.unwrap();
        (status.state, status.detail, status.remedy)
    }

    /// Two Web Connectors update at the same time: the first one is replaced in the middle.
    async fn clash(&self, file: &mut CompanyFile) {
        let at = self.server.address;
        self.poll(rollcall::domain::words::Mode::Full).await;
        let mut first = Manual::begin(at, &self.options, file).await.unwrap();
        let request = first.send(at).await;
        let answer = first.answer(&request, file);
        let mut second = Manual::begin(at, &self.options, file).await.unwrap();
        assert_eq!(first.receive(at, &answer).await, -101);
        assert!(first.last_error(at).await.contains("later update"));
        first.close(at).await;
        loop {
            let request = second.send(at).await;
            let answer = second.answer(&request, file);
            if second.receive(at, &answer).await == 100 {
                break;
            }
        }
        second.close(at).await;
    }
}

#[tokio::test]
async fn web_connectors_that_replace_each_other_are_told_of_with_a_remedy() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(140, 5, 5);
        desk.sync(&mut file).await;
        for _ in 0..2 {
            desk.clash(&mut file).await;
            assert_eq!(desk.problem().await, None, "once may be an accident");
        }
        desk.clash(&mut file).await;
        assert_eq!(desk.problem().await.as_deref(), Some("two_web_connectors"));
        let (state, detail, remedy) = desk.state().await;
        assert_eq!(state, ConnectionState::Failing);
        assert!(detail.contains("Two Web Connectors use this user name"), "{detail}");
        assert!(remedy.contains("rollcall connection password"), "{remedy}");
        desk.assert_equals(&file).await;
        // One of them is gone: an hour later nothing is said any more.
        desk.advance(TimeDelta::hours(2));
        desk.full_sync(&mut file).await;
        assert_eq!(desk.problem().await, None);
    })
    .await;
}

#[tokio::test]
async fn an_update_that_is_tried_again_after_a_cut_starts_at_once_and_is_no_second_web_connector() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(141, 5, 5);
        for _ in 0..6 {
            desk.poll(rollcall::domain::words::Mode::Full).await;
            desk.trouble(&mut file, &["vanish@5"]).await;
        }
        desk.sync(&mut file).await;
        assert_eq!(desk.problem().await, None);
        desk.assert_equals(&file).await;
    })
    .await;
}
