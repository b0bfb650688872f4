//! Who has signed in long ago signs in once more for what matters.

use chrono::TimeDelta;
use rollcall::domain::words::Role;
use serde_json::json;

use crate::support::{TestApp, TestClock, TestDatabase};

use super::PASSWORD;

#[tokio::test]
async fn credentials_tokens_roles_and_secrets_want_a_fresh_sign_in() {
    TestDatabase::each(async |database| {
        let clock = TestClock::new();
        let app = TestApp::start_at(database, clock.clone()).await;
        let ops = app.person("ops@example.com", Role::AccountAdmin, &[]).await;
        let ana = app.person("ana@example.com", Role::User, &["Acme"]).await;
        clock.advance(TimeDelta::minutes(11));
        let connection = format!("/v1/connections/{}", app.connection.id);
        let account = format!("/v1/accounts/{}", ana.id);
        let draft = json!({ "company": "Acme", "kind": "push" });
        for (method, path, body) in [
            ("POST", "/v1/me/tokens".to_owned(), None),
            ("PATCH", "/v1/me".to_owned(), Some(json!({ "email": "x@example.com" }))),
            ("POST", "/v1/accounts".to_owned(), Some(json!({ "email": "x@example.com" }))),
            ("PATCH", account.clone(), Some(json!({ "role": "account-admin" }))),
            ("PATCH", account.clone(), Some(json!({ "companies": [] }))),
            ("PUT", format!("{account}/password"), Some(json!({ "password": PASSWORD }))),
            ("POST", format!("{account}/disable"), None),
            ("POST", format!("{account}/enable"), None),
            ("POST", format!("{account}/reset-link"), None),
            ("DELETE", format!("{account}/totp"), None),
            ("POST", "/v1/apps".to_owned(), Some(json!({ "name": "New", "companies": ["Acme"] }))),
            ("POST", "/v1/apps/Timesheets/tokens".to_owned(), None),
            ("POST", "/v1/connections".to_owned(), Some(draft)),
            ("PATCH", connection.clone(), Some(json!({ "settings": { "list": "both" } }))),
        ] {
            let answer = app.by(&ops, method, &path, body).await;
            answer.problem(403, "fresh_sign_in_needed");
        }
        // What does not give power away goes on.
        app.by(&ops, "PATCH", &account, json!({ "name": "Ana" })).await.is(200);
        app.by(&ops, "PATCH", &connection, json!({ "name": "Books" })).await.is(200);
        app.by(&ops, "DELETE", &format!("{account}/sessions"), None).await.is(204);
        // Another sign-in makes it fresh.
        let again = app.signed_in(&ops.id).await;
        app.by(&again, "POST", "/v1/me/tokens", None).await.is(201);
    })
    .await;
}
