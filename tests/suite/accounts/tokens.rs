//! Tokens with which programs act as a person.

use reqwest::Method;
use rollcall::domain::words::Role;
use serde_json::{Value, json};

use crate::support::TestApp;

#[tokio::test]
async fn a_program_does_with_a_personal_token_what_its_scopes_and_its_owner_may() {
    TestApp::each(async |app| {
        let (birch, _) = app.add_company("Birch").await;
        let ana = app.person("ana@example.com", Role::User, &["Acme"]).await;
        let draft = json!({ "name": "script", "scopes": ["read"], "expires_in_days": 1 });
        let made = app.by(&ana, "POST", "/v1/me/tokens", draft).await;
        let (id, token) = (made.is(201)["id"].as_str().unwrap(), made.is(201)["token"].as_str().unwrap());
        assert!(token.starts_with("rcp_"), "scanners for secrets know it");
        let call = async |method: &str, path: &str, body| {
            app.call(method.parse::<Method>().unwrap(), path, Some(token), body).await
        };
        call("GET", "/v1/employees", None).await.is(200);
        call("GET", &format!("/v1/companies/{}", birch.id), None).await.problem(404, "company_not_found");
        let body = Some(json!({ "name": "Ana" }));
        call("PUT", "/v1/profiles/employee/u-1", body).await.problem(403, "scope_missing");
        // The account itself is for its person alone.
        for path in ["/v1/me", "/v1/session", "/v1/me/tokens"] {
            assert_eq!(call("GET", path, None).await.status, 403, "{path}");
        }
        let list = app.by(&ana, "GET", "/v1/me/tokens", None).await;
        assert!(!list.text.contains(token) && list.text.contains(id), "{}", list.text);
        let mut used = Value::Null;
        while used.is_null() {
            // It is written beside the request.
            used =
                app.by(&ana, "GET", "/v1/me/tokens", None).await.is(200)["data"][0]["last_used_at"].clone();
        }
        // What is taken from the person is gone from its tokens at once.
        app.admin("PATCH", &format!("/v1/accounts/{}", ana.id), json!({ "companies": [] })).await.is(200);
        assert_eq!(call("GET", "/v1/companies", None).await.is(200)["data"], json!([]));
        app.by(&ana, "DELETE", &format!("/v1/me/tokens/{id}"), None).await.is(204);
        call("GET", "/v1/companies", None).await.problem(401, "unauthorized");
    })
    .await;
}

#[tokio::test]
async fn a_personal_token_has_no_more_than_its_owner() {
    TestApp::each(async |app| {
        let ana = app.person("ana@example.com", Role::User, &["Acme"]).await;
        let bo = app.person("bo@example.com", Role::User, &["Acme"]).await;
        let ops = app.person("ops@example.com", Role::AccountAdmin, &[]).await;
        let add = async |who, draft: Value| app.by(who, "POST", "/v1/me/tokens", draft).await;
        add(&ana, json!({ "scopes": ["manage"] })).await.problem(422, "invalid_scopes");
        add(&ana, json!({ "scopes": [] })).await.problem(422, "invalid_scopes");
        add(&ana, json!({ "expires_in_days": 0 })).await.problem(422, "invalid_expires_in_days");
        add(&ops, json!({ "scopes": ["manage"] })).await.is(201);
        let own = add(&ana, json!({})).await;
        let path = format!("/v1/me/tokens/{}", own.is(201)["id"].as_str().unwrap());
        app.by(&bo, "DELETE", &path, None).await.problem(404, "token_not_found");
        // A program has no account of its own.
        app.admin("GET", "/v1/me", None).await.problem(422, "no_account");
        app.send("GET", "/v1/me", None).await.problem(403, "not_allowed");
    })
    .await;
}
