//! Links that work once.

use chrono::TimeDelta;
use rollcall::{
    domain::{secret::Secret, words::Role},
    service::accounts::links,
};

use crate::support::{TestApp, TestClock, TestDatabase};

use super::{PASSWORD, add, sign_in};

const OTHER: &str = "seven walruses by the sea";

/// The secret of a link.
fn secret(url: &str) -> Secret {
    Secret::new(url.rsplit('/').next().unwrap())
}

#[tokio::test]
async fn a_reset_link_works_once_within_an_hour_and_ends_all_sessions() {
    TestDatabase::each(async |database| {
        let clock = TestClock::new();
        let app = TestApp::start_at(database, clock.clone()).await;
        let (store, ambient) = (&app.gateway.store, &app.gateway.ambient);
        let id = add(&app, "ana@example.com", "user", &[]).await;
        let ana = app.signed_in(&id).await;
        let path = format!("/v1/accounts/{id}/reset-link");
        let made = async || {
            let made = app.admin("POST", &path, None).await;
            let url = made.is(201)["url"].as_str().unwrap().to_owned();
            assert!(url.starts_with(&format!("{}reset/", app.gateway.public_url)), "{url}");
            secret(&url)
        };
        let reset = async |token: &Secret, password: &str| {
            links::reset(store, ambient, token.clone(), Secret::new(password)).await.map_err(|it| it.code)
        };
        let first = made().await;
        let second = made().await;
        assert_eq!(reset(&first, OTHER).await, Err("link_not_valid".into()), "another took its place");
        assert_eq!(reset(&second, "short").await, Err("weak_password".into()));
        app.by(&ana, "GET", "/v1/me", None).await.is(200);
        assert_eq!(reset(&second, OTHER).await, Ok(()));
        app.by(&ana, "GET", "/v1/me", None).await.problem(401, "signed_out");
        assert_eq!(reset(&second, PASSWORD).await, Err("link_not_valid".into()), "it was used");
        sign_in(&app, "ana@example.com", OTHER).await.is(200);

        let late = made().await;
        clock.advance(TimeDelta::minutes(60));
        assert_eq!(reset(&late, PASSWORD).await, Err("link_not_valid".into()), "it has expired");
        let useless = made().await;
        app.admin("POST", &format!("/v1/accounts/{id}/disable"), None).await.is(200);
        assert_eq!(reset(&useless, PASSWORD).await, Err("link_not_valid".into()), "the account is disabled");
        app.admin("POST", &path, None).await.problem(409, "account_disabled");
    })
    .await;
}

#[tokio::test]
async fn the_first_account_is_made_by_one_of_the_links_and_by_no_other() {
    TestApp::each(async |app| {
        let (store, ambient) = (&app.gateway.store, &app.gateway.ambient);
        let link = async || {
            let (ambient, url) = (ambient.clone(), app.gateway.public_url.clone());
            let made = store.write(move |db| links::set_up_link(db, &ambient, &url)).await.unwrap();
            made.map(|link| secret(&link.url))
        };
        let set_up = async |token: &Secret, email: &str| {
            let password = Secret::new(PASSWORD);
            let made = links::set_up(store, ambient, token.clone(), email.into(), None, password).await;
            made.map(|account| account.role).map_err(|refusal| refusal.code)
        };
        // Of two gateways each prints its own.
        let (one, two) = (link().await.unwrap(), link().await.unwrap());
        let (first, second) = tokio::join!(set_up(&one, "one@example.com"), set_up(&two, "two@example.com"));
        let mut both = [first, second];
        both.sort();
        assert_eq!(both, [Ok(Role::AccountAdmin), Err("link_not_valid".into())]);
        assert_eq!(set_up(&one, "three@example.com").await, Err("link_not_valid".into()));
        assert!(link().await.is_none(), "there is an account");
        let audit = app.admin("GET", "/v1/audit?action=set_up_link_made", None).await;
        let rows = audit.is(200)["data"].as_array().unwrap();
        assert_eq!(rows.len(), 2, "each that was printed: {rows:?}");
        assert!(rows.iter().all(|row| row["actor_kind"] == "command_line" && row["object_kind"] == "link"));
    })
    .await;
}

#[tokio::test]
async fn a_link_to_set_up_is_worth_nothing_once_there_is_an_account() {
    TestApp::each(async |app| {
        let (ambient, url) = (app.gateway.ambient.clone(), app.gateway.public_url.clone());
        let made = app.gateway.store.write(move |db| links::set_up_link(db, &ambient, &url)).await;
        let token = secret(&made.unwrap().unwrap().url);
        add(app, "ops@example.com", "account-admin", &[]).await;
        let (store, ambient) = (&app.gateway.store, &app.gateway.ambient);
        let password = Secret::new(PASSWORD);
        let refused = links::set_up(store, ambient, token, "x@example.com".into(), None, password).await;
        assert_eq!(refused.unwrap_err().code, "link_not_valid");
    })
    .await;
}
