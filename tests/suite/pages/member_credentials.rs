//! Connections use what an account keeps for a source, and stand still with it.

use rollcall::{
    domain::secret::Secret,
    simulators::connectwise::{ConnectWise, ConnectWiseOptions},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

use super::{ANA, account};
use crate::support::TestApp;

const PASSWORD: &str = "hunter-member";

/// A simulated ConnectWise that knows the member `ana`; its address.
async fn vendor() -> (String, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = ConnectWiseOptions::new("acme", "client", "ana", Secret::new(PASSWORD));
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(ConnectWise::new(1, 5, 5, options).serve(listener, async { drop(stopped.await) }));
    (url, stop)
}

fn draft(app: &TestApp, url: &str, credentials: &str) -> Value {
    json!({
        "kind": "connectwise", "company": app.company.id,
        "settings": {
            "base_url": url, "company_id": "acme", "client_id": "client", "allow_private_address": true,
            "credentials": credentials,
        },
    })
}

async fn keep(app: &TestApp, account: &str, password: &str) {
    let body = json!({"member_id": "ana", "password": password});
    app.admin("PUT", &format!("/v1/accounts/{account}/credentials/connectwise"), body).await.is(200);
}

/// What the test of an account's credentials says.
async fn tested(app: &TestApp, account: &str) -> Value {
    let path = format!("/v1/accounts/{account}/credentials/connectwise/test");
    app.admin("POST", &path, None).await.is(200).clone()
}

async fn state(app: &TestApp, connection: &str) -> Value {
    app.admin("GET", &format!("/v1/connections/{connection}"), None).await.is(200)["status"].clone()
}

#[tokio::test]
async fn a_connection_works_with_the_credentials_of_an_account_which_are_never_read_back() {
    TestApp::each(async |app| {
        let (url, _vendor) = vendor().await;
        let ana = account(app, ANA, "user", &[&app.company.id]).await;
        let connections = "/v1/connections";
        let lent = draft(app, &url, &format!("account:{ANA}"));
        app.admin("POST", connections, lent.clone()).await.problem(409, "no_credentials");
        let half = json!({"member_id": "ana"});
        let path = format!("/v1/accounts/{ana}/credentials/connectwise");
        app.admin("PUT", &path, half).await.problem(422, "invalid_secrets");
        keep(app, &ana, PASSWORD).await;
        let made = app.admin("POST", connections, lent).await.is(201).clone();
        let id = made["id"].as_str().unwrap().to_owned();
        let shown = app.admin("GET", &format!("/v1/connections/{id}"), None).await;
        assert_eq!(shown.is(200)["settings"]["credentials"], format!("account:{ana}"));
        let account = app.admin("GET", &format!("/v1/accounts/{ana}"), None).await;
        for text in [&shown.text, &account.text, &made.to_string()] {
            assert!(!text.contains(PASSWORD), "{text}");
        }
        assert_eq!(tested(app, &ana).await["ok"], true);
        let test = app.admin("POST", &format!("/v1/connections/{id}/test"), None).await;
        assert_eq!(test.is(200)["ok"], true, "{test:?}");
        keep(app, &ana, "another").await;
        let wrong = tested(app, &ana).await;
        assert_eq!((&wrong["ok"], &wrong["cause"]), (&json!(false), &json!("credentials")), "{wrong}");
    })
    .await;
}

#[tokio::test]
async fn credentials_are_not_taken_away_from_under_a_connection() {
    TestApp::each(async |app| {
        let (url, _vendor) = vendor().await;
        let ana = account(app, ANA, "user", &[&app.company.id]).await;
        keep(app, &ana, PASSWORD).await;
        let made = app.admin("POST", "/v1/connections", draft(app, &url, &format!("account:{ana}"))).await;
        let id = made.is(201)["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/accounts/{ana}/credentials/connectwise");
        let told = app.admin("DELETE", &path, None).await;
        assert_eq!(told.problem(409, "credentials_in_use")["connections"], json!([id]));
        // Without those it needs keys of its own.
        let own = json!({"settings": {"credentials": ""}});
        app.admin("PATCH", &format!("/v1/connections/{id}"), own).await.problem(422, "invalid_secrets");
        let own = json!({
            "settings": {"credentials": ""}, "secrets": {"public_key": "ana", "private_key": PASSWORD},
        });
        app.admin("PATCH", &format!("/v1/connections/{id}"), own).await.is(200);
        app.admin("DELETE", &path, None).await.is(204);
        app.admin("DELETE", &path, None).await.problem(409, "no_credentials");
        let test = app.admin("POST", &format!("/v1/connections/{id}/test"), None).await;
        assert_eq!(test.is(200)["ok"], true, "{test:?}");
    })
    .await;
}

#[tokio::test]
async fn a_disabled_account_stops_its_connections_in_words_and_enabling_it_gives_them_back() {
    TestApp::each(async |app| {
        let (url, _vendor) = vendor().await;
        let ana = account(app, ANA, "user", &[&app.company.id]).await;
        keep(app, &ana, PASSWORD).await;
        let made = app.admin("POST", "/v1/connections", draft(app, &url, &format!("account:{ana}"))).await;
        let id = made.is(201)["id"].as_str().unwrap().to_owned();
        let disable = format!("/v1/accounts/{ana}/disable");
        let told = app.admin("POST", &disable, None).await;
        let dependant = &told.problem(409, "dependants")["dependants"][0];
        assert_eq!((&dependant["kind"], &dependant["id"]), (&json!("connection"), &json!(id)));
        app.admin("POST", &disable, json!({"confirm": true})).await.is(200);
        let status = state(app, &id).await;
        assert_eq!(status["state"], "credentials_rejected", "{status}");
        assert!(status["detail"].as_str().unwrap().contains("disabled"), "{status}");
        assert!(status["remedy"].as_str().unwrap().contains("account enable"), "{status}");
        let test = app.admin("POST", &format!("/v1/connections/{id}/test"), None).await;
        assert_eq!(test.is(200)["cause"], "credentials", "{test:?}");
        app.admin("POST", &format!("/v1/accounts/{ana}/enable"), None).await.is(200);
        assert_ne!(state(app, &id).await["state"], "credentials_rejected");
        let test = app.admin("POST", &format!("/v1/connections/{id}/test"), None).await;
        assert_eq!(test.is(200)["ok"], true, "{test:?}");
    })
    .await;
}

#[tokio::test]
async fn no_app_decides_where_a_persons_credentials_are_sent() {
    TestApp::each(async |app| {
        let (url, _vendor) = vendor().await;
        let ana = account(app, ANA, "user", &[&app.company.id]).await;
        keep(app, &ana, PASSWORD).await;
        let body = json!({"name": "Manager", "companies": [app.company.id], "scopes": ["read", "manage"]});
        let manager = app.admin("POST", "/v1/apps", body).await.is(201)["token"].as_str().unwrap().to_owned();
        let post = |path: &str, body: Value| {
            let (path, manager) = (path.to_owned(), manager.clone());
            async move { app.call(reqwest::Method::POST, &path, Some(&manager), Some(body)).await }
        };
        let mut lent = draft(app, "https://psa.example.com", &format!("account:{ana}"));
        lent["settings"]["allow_private_address"] = json!(false);
        post("/v1/connections", lent).await.problem(403, "account_credentials_not_allowed");
        let made = app.admin("POST", "/v1/connections", draft(app, &url, &format!("account:{ana}"))).await;
        let path = format!("/v1/connections/{}", made.is(201)["id"].as_str().unwrap());
        let moved = json!({"settings": {"base_url": "https://psa.example.com"}});
        let moved = app.call(reqwest::Method::PATCH, &path, Some(&manager), Some(moved)).await;
        moved.problem(403, "account_credentials_not_allowed");
    })
    .await;
}
