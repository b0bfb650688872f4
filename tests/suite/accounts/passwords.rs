//! Passwords are changed.

use rollcall::domain::words::Role;
use serde_json::json;

use crate::support::TestApp;

use super::{PASSWORD, add, cookie, sign_in, who};

const OTHER: &str = "seven walruses by the sea";

#[tokio::test]
async fn to_change_the_own_password_one_must_know_it_and_the_other_browsers_are_out() {
    TestApp::each(async |app| {
        let id = add(app, "ana@example.com", "user", &[]).await;
        let elsewhere = cookie(&sign_in(app, "ana@example.com", PASSWORD).await);
        let ana = app.signed_in(&id).await;
        let set = async |path: &str, body| app.by(&ana, "PUT", path, body).await;
        let own = format!("/v1/accounts/{id}/password");
        for path in ["/v1/me/password", &own] {
            set(path, json!({ "password": OTHER })).await.problem(422, "current_needed");
            let wrong = json!({ "password": OTHER, "current": "wrong" });
            set(path, wrong).await.problem(422, "wrong_password");
            let weak = json!({ "password": "short", "current": PASSWORD });
            set(path, weak).await.problem(422, "weak_password");
        }
        set("/v1/me/password", json!({ "password": OTHER, "current": PASSWORD })).await.is(204);
        who(app, &elsewhere).await.problem(401, "signed_out");
        app.by(&ana, "GET", "/v1/me", None).await.is(200);
        sign_in(app, "ana@example.com", PASSWORD).await.problem(401, "invalid_credentials");
        sign_in(app, "ana@example.com", OTHER).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn an_account_admin_sets_the_password_of_another_and_a_user_does_not() {
    TestApp::each(async |app| {
        let bo = app.person("bo@example.com", Role::User, &[]).await;
        let ana = app.person("ana@example.com", Role::User, &[]).await;
        let ops = app.person("ops@example.com", Role::AccountAdmin, &[]).await;
        let path = format!("/v1/accounts/{}/password", bo.id);
        let body = json!({ "password": PASSWORD });
        app.by(&ana, "PUT", &path, body.clone()).await.problem(404, "account_not_found");
        app.send("PUT", &path, body.clone()).await.problem(403, "not_allowed");
        app.by(&ops, "PUT", &path, body).await.is(204);
        app.by(&bo, "GET", "/v1/me", None).await.problem(401, "signed_out");
        sign_in(app, "bo@example.com", PASSWORD).await.is(200);
    })
    .await;
}
