//! Tokens: what they may be used for, and when they were.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

async fn app_id(app: &TestApp) -> String {
    let apps = app.admin("GET", "/v1/apps", None).await;
    let own =
        apps.is(200)["data"].as_array().unwrap().iter().find(|app| app["name"] == "Timesheets").unwrap();
    own["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_has_what_its_app_has_or_less() {
    TestApp::each(async |app| {
        let tokens = format!("/v1/apps/{}/tokens", app_id(app).await);
        let draft = json!({ "name": "export", "scopes": ["read"], "expires_in_days": 1 });
        let made = app.admin("POST", &tokens, draft).await;
        let token = made.is(201)["token"].as_str().unwrap();
        assert_eq!((&made.is(201)["name"], &made.is(201)["scopes"]), (&json!("export"), &json!(["read"])));
        assert!(made.is(201)["expires_at"].is_string());
        app.call(Method::GET, "/v1/employees", Some(token), None).await.is(200);
        let body = Some(json!({ "name": "Ana" }));
        let refused = app.call(Method::PUT, "/v1/profiles/employee/u-1", Some(token), body).await;
        assert!(refused.problem(403, "scope_missing")["detail"].as_str().unwrap().contains("`link`"));

        for (draft, code) in [
            (json!({ "scopes": ["manage"] }), "invalid_scopes"),
            (json!({ "scopes": [] }), "invalid_scopes"),
            (json!({ "expires_in_days": 0 }), "invalid_expires_in_days"),
            (json!({ "scopes": ["write"] }), "invalid_body"),
        ] {
            app.admin("POST", &tokens, draft).await.problem(422, code);
        }
        let draft = json!({ "name": "Manager", "companies": ["Acme"], "scopes": ["manage", "read"] });
        let made = app.admin("POST", "/v1/apps", draft).await;
        assert_eq!(made.is(201)["scopes"], json!(["read", "manage"]));
    })
    .await;
}

#[tokio::test]
async fn what_is_taken_from_an_app_is_gone_from_its_tokens_at_once() {
    TestApp::each(async |app| {
        let path = format!("/v1/apps/{}", app_id(app).await);
        app.get("/v1/employees").await.is(200);
        let changed = app.admin("PATCH", &path, json!({ "scopes": ["poll"] })).await;
        assert_eq!(changed.is(200)["scopes"], json!(["poll"]));
        for path in ["/v1/employees", "/v1/companies"] {
            app.get(path).await.problem(403, "scope_missing");
        }
        app.admin("PATCH", &path, json!({ "scopes": [] })).await.problem(422, "invalid_scopes");
        app.admin("PATCH", "/v1/apps/Ops", json!({ "scopes": ["read"] })).await.problem(409, "may_all");
        app.admin("PATCH", &path, json!({ "scopes": ["read"] })).await.is(200);
        app.get("/v1/employees").await.is(200);
    })
    .await;
}

#[tokio::test]
async fn when_a_token_was_used_is_told() {
    TestApp::each(async |app| {
        let tokens = format!("/v1/apps/{}/tokens", app_id(app).await);
        let last = async || app.admin("GET", &tokens, None).await.is(200)["data"][0]["last_used_at"].clone();
        assert_eq!(last().await, Value::Null);
        app.get("/v1/employees").await.is(200);
        // It is written beside the request.
        let mut noted = Value::Null;
        while noted.is_null() {
            noted = last().await;
        }
        app.get("/v1/employees").await.is(200);
        assert_eq!(last().await, noted, "not more than once a minute");
    })
    .await;
}
