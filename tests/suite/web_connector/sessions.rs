//! Sessions are rows: they survive a restart, end when another begins or nobody calls, and go to no stranger.

use chrono::TimeDelta;
use rollcall::{
    domain::{secret::Secret, words::Mode},
    simulators::quickbooks_desktop::{CompanyFile, Outcome},
    sync::calls_in::expire_silent,
};

use super::{
    Desk, on_each_engine,
    server::Server,
    wire::{Manual, call},
};

#[tokio::test]
async fn a_second_authenticate_retires_the_first_session() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let at = desk.server.address;
        let mut file = CompanyFile::new(40, 20, 20);
        let mut first = Manual::begin(at, &desk.options, &mut file).await.unwrap();
        let request = first.send(at).await;
        let answer = first.answer(&request, &file);
        let mut second = Manual::begin(at, &desk.options, &mut file).await.unwrap();
        assert_eq!(first.receive(at, &answer).await, -101);
        assert!(first.last_error(at).await.contains("A later update"));
        assert_eq!(first.send(at).await, "");
        assert!(desk.present().await.is_empty(), "a late answer was staged");
        first.close(at).await;
        // The second one is not disturbed by any of this.
        loop {
            let request = second.send(at).await;
            let answer = second.answer(&request, &file);
            if second.receive(at, &answer).await == 100 {
                break;
            }
        }
        assert!(second.close(at).await.starts_with("OK"));
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn a_session_goes_on_at_another_gateway_after_each_call() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[("page_size", "3")]).await;
        let mut file = CompanyFile::new(41, 20, 20);
        let store = database.open();
        let other = Server::start(&store, &desk.ambient).await;
        let mut gateways = [desk.server.address, other.address].into_iter().cycle();
        let mut next = || gateways.next().unwrap();
        let mut session = Manual::begin(next(), &desk.options, &mut file).await.unwrap();
        let mut before = 0;
        loop {
            let request = session.send(next()).await;
            next();
            let answer = session.answer(&request, &file);
            let percent = session.receive(next(), &answer).await;
            assert!(percent >= before, "{percent} after {before}");
            before = percent;
            if percent == 100 {
                break;
            }
        }
        assert!(session.close(next()).await.starts_with("OK"));
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn a_session_goes_on_after_a_restart_between_any_two_calls() {
    on_each_engine(async |database| {
        let mut desk = Desk::open(database, &[("page_size", "6")]).await;
        let mut file = CompanyFile::new(42, 10, 20);
        let options = desk.options.clone();
        let mut session = Manual::begin(desk.server.address, &options, &mut file).await.unwrap();
        loop {
            desk.restart(database).await;
            let request = session.send(desk.server.address).await;
            desk.restart(database).await;
            let answer = session.answer(&request, &file);
            if session.receive(desk.server.address, &answer).await == 100 {
                break;
            }
        }
        desk.restart(database).await;
        assert!(session.close(desk.server.address).await.starts_with("OK"));
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn a_session_whose_web_connector_has_gone_expires_and_says_so_to_a_late_call() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let at = desk.server.address;
        let mut file = CompanyFile::new(43, 10, 10);
        let mut session = Manual::begin(at, &desk.options, &mut file).await.unwrap();
        let request = session.send(at).await;
        let expire = async || {
            let ambient = desk.ambient.clone();
            desk.store.write(move |db| expire_silent(db, &ambient)).await.unwrap()
        };
        desk.advance(TimeDelta::minutes(59));
        assert_eq!(expire().await, 0);
        desk.advance(TimeDelta::minutes(2));
        assert_eq!(expire().await, 1);
        let answer = session.answer(&request, &file);
        assert_eq!(session.receive(at, &answer).await, -101);
        assert!(session.last_error(at).await.contains("did not call for too long"));
        assert!(desk.present().await.is_empty());
        desk.sync(&mut file).await;
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn a_ticket_that_names_no_session_gets_words_and_changes_nothing() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let at = desk.server.address;
        let mut file = CompanyFile::new(44, 10, 10);
        desk.sync(&mut file).await;
        desk.poll(Mode::Full).await;
        let long = "x".repeat(100_000);
        for ticket in
            ["", "{00000000-0000-4000-8000-000000000000}", "' OR 1=1 --", "\u{1F600}", "a\nb", &long]
        {
            let ticket = ("ticket", ticket);
            assert_eq!(call(at, "sendRequestXML", &[ticket]).await, "");
            assert_eq!(call(at, "receiveResponseXML", &[ticket, ("response", "<QBXML/>")]).await, "-101");
            assert!(call(at, "getLastError", &[ticket]).await.contains("does not know this session"));
            assert_eq!(call(at, "connectionError", &[ticket, ("hresult", "0x1")]).await, "done");
            assert_eq!(call(at, "closeConnection", &[ticket]).await, "OK");
        }
        desk.sync(&mut file).await;
        desk.assert_equals(&file).await;
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_told_apart_by_nothing() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let at = desk.server.address;
        let name = desk.options.username.as_str();
        for (user, password) in [(name, "wrong"), (name, ""), ("nobody", "wrong"), ("", "")] {
            let parameters = [("strUserName", user), ("strPassword", password)];
            let body: String =
                parameters.iter().map(|(name, text)| format!("<{name}>{text}</{name}>")).collect();
            let reply = super::wire::post(at, super::wire::envelope("authenticate", &body).as_bytes()).await;
            assert!(reply.body.contains("<string></string><string>nvu</string>"), "{}", reply.body);
        }
        let mut file = CompanyFile::new(45, 2, 2);
        assert_eq!(desk.session(&mut file).await.outcome, Outcome::Completed);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_is_the_connections_problem_until_the_right_one_comes() {
    on_each_engine(async |database| {
        let mut desk = Desk::open(database, &[]).await;
        let right = std::mem::replace(&mut desk.options.password, Secret::new("wrong"));
        let mut file = CompanyFile::new(46, 2, 2);
        for _ in 0..2 {
            assert_eq!(desk.session(&mut file).await.outcome, Outcome::InvalidPassword);
        }
        assert_eq!(desk.problem().await.as_deref(), Some("credentials"));
        desk.options.password = right;
        desk.sync(&mut file).await;
        assert_eq!(desk.problem().await, None);
    })
    .await;
}
