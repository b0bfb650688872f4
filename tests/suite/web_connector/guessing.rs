//! Guessing passwords costs the guesser time, and harms nobody.

use chrono::TimeDelta;
use rollcall::{domain::secret::Secret, simulators::quickbooks_desktop::CompanyFile, sync::register};

use super::{
    Desk, on_each_engine,
    wire::{call, envelope, post},
};
use crate::support::{TestApp, granted};

impl Desk {
    /// One guess; how long it took by the gateway's clock, in milliseconds.
    async fn guess(&self, user: &str) -> i64 {
        let before = self.ambient.now();
        let content = format!("<strUserName>{user}</strUserName><strPassword>wrong</strPassword>");
        let reply = post(self.server.address, envelope("authenticate", &content).as_bytes()).await;
        assert!(reply.body.contains("<string></string><string>nvu</string>"), "{}", reply.body);
        (self.ambient.now() - before).num_milliseconds()
    }
}

#[tokio::test]
async fn each_guess_waits_longer_and_a_known_name_as_long_as_an_unknown_one() {
    for known in [true, false] {
        on_each_engine(async |database| {
            let desk = Desk::open(database, &[]).await;
            let name = if known { desk.options.username.as_str() } else { "nobody" };
            let mut waits = Vec::new();
            for _ in 0..8 {
                waits.push(desk.guess(name).await);
            }
            assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000], "known: {known}");
            // Who knows the password does not wait.
            let before = desk.ambient.now();
            desk.sync(&mut CompanyFile::new(110, 2, 2)).await;
            assert_eq!(desk.ambient.now(), before);
        })
        .await;
    }
}

#[tokio::test]
async fn a_wrong_password_changes_nothing_at_a_connection_that_is_heard_from_with_the_right_one() {
    on_each_engine(async |database| {
        let mut desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(111, 2, 2);
        desk.sync(&mut file).await;
        let name = desk.options.username.clone();
        for _ in 0..20 {
            desk.guess(&name).await;
            assert_eq!(desk.problem().await, None);
        }
        // One that was not heard from for long may be the one that calls.
        desk.advance(TimeDelta::hours(2));
        desk.guess(&name).await;
        assert_eq!(desk.problem().await.as_deref(), Some("credentials"));
        desk.sync(&mut file).await;
        assert_eq!(desk.problem().await, None);
        // And so may one that was given a new password and has not used it yet.
        let (id, ambient) = (desk.connection.clone(), desk.ambient.clone());
        let renewed = desk
            .store
            .write(move |db| {
                let connection = rollcall::store::connections::get(db, &id)?;
                register::new_password(db, &ambient, &granted(), &connection)
            })
            .await
            .unwrap();
        desk.guess(&name).await;
        assert_eq!(desk.problem().await.as_deref(), Some("credentials"));
        desk.options.password = Secret::new(renewed.reveal());
        desk.advance(TimeDelta::minutes(15));
        desk.sync(&mut file).await;
        assert_eq!(desk.problem().await, None);
    })
    .await;
}

#[tokio::test]
async fn refused_sign_ins_are_counted_with_the_callers_address() {
    TestApp::each(async |app| {
        let told =
            call(app.address, "authenticate", &[("strUserName", "nobody"), ("strPassword", "x")]).await;
        assert_eq!(told, "");
        let figures = app.get("/metrics").await.text;
        assert!(
            figures.contains("rollcall_qbwc_sign_ins_refused_total{address=\"127.0.0.1\"} 1"),
            "{figures}"
        );
    })
    .await;
}
