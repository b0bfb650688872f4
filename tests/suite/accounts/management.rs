//! Accounts are made, changed, disabled and enabled.

use reqwest::Method;
use rollcall::domain::words::Role;
use serde_json::json;

use crate::support::{Process, TestApp, TestDatabase};

use super::{PASSWORD, add, cookie, sign_in, who};

#[tokio::test]
async fn an_e_mail_belongs_to_one_account_whatever_its_case() {
    TestApp::each(async |app| {
        let id = add(app, "Ana@Example.com", "user", &["Acme"]).await;
        let made = app.admin("GET", &format!("/v1/accounts/{id}"), None).await;
        let made = made.is(200);
        assert_eq!((&made["email"], &made["name"]), (&json!("Ana@Example.com"), &json!("Ana")));
        assert_eq!((&made["active"], &made["companies"]), (&json!(true), &json!([app.company.id])));
        let twice = json!({ "email": "ana@EXAMPLE.com", "role": "user" });
        app.admin("POST", "/v1/accounts", twice).await.problem(409, "email_taken");
        // It stands for the ID.
        app.admin("GET", "/v1/accounts/ANA@example.com", None).await.is(200);
        let other = add(app, "bo@example.com", "user", &[]).await;
        let path = format!("/v1/accounts/{other}");
        app.admin("PATCH", &path, json!({ "email": "ana@example.com" })).await.problem(409, "email_taken");
        app.admin("PATCH", &path, json!({ "email": "BO@example.com" })).await.is(200);
        for (draft, code) in [
            (json!({ "email": "ana" }), "invalid_email"),
            (json!({ "email": "c@example.com", "name": " " }), "invalid_name"),
            (json!({ "email": "c@example.com", "password": "short" }), "weak_password"),
            (json!({ "email": "c@example.com", "role": "owner" }), "invalid_body"),
        ] {
            app.admin("POST", "/v1/accounts", draft).await.problem(422, code);
        }
        let sees_all = json!({ "email": "c@example.com", "role": "account-admin", "companies": ["Acme"] });
        app.admin("POST", "/v1/accounts", sees_all).await.problem(409, "sees_all");
        let foreign = json!({ "email": "c@example.com", "companies": ["Nowhere"] });
        app.admin("POST", "/v1/accounts", foreign).await.problem(404, "company_not_found");
        let page = app.admin("GET", "/v1/accounts?limit=1", None).await;
        assert_eq!(page.is(200)["data"].as_array().unwrap().len(), 1);
        assert!(page.is(200)["next_cursor"].is_string());
    })
    .await;
}

#[tokio::test]
async fn role_and_companies_can_be_changed_at_any_time_and_another_role_signs_the_person_out() {
    TestApp::each(async |app| {
        let (birch, _) = app.add_company("Birch").await;
        let ana = app.person("ana@example.com", Role::User, &["Acme"]).await;
        let path = format!("/v1/accounts/{}", ana.id);
        let foreign = format!("/v1/companies/{}", birch.id);
        app.by(&ana, "GET", &foreign, None).await.problem(404, "company_not_found");
        app.admin("PATCH", &path, json!({ "companies": ["Birch"] })).await.is(200);
        app.by(&ana, "GET", &foreign, None).await.is(200);
        app.by(&ana, "GET", &format!("/v1/companies/{}", app.company.id), None).await.is(404);
        let changed = app.admin("PATCH", &path, json!({ "role": "account-admin" })).await;
        assert_eq!(changed.is(200)["companies"], json!([]));
        app.by(&ana, "GET", &foreign, None).await.problem(401, "signed_out");
        app.admin("PATCH", &path, json!({ "active": false })).await.problem(409, "use_disable");
        app.admin("PATCH", &path, json!({ "active": true, "name": "Ana Ng" })).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn the_last_active_account_admin_is_neither_disabled_nor_demoted() {
    TestApp::each(async |app| {
        let ops = app.person("ops@example.com", Role::AccountAdmin, &[]).await;
        let path = format!("/v1/accounts/{}", ops.id);
        let disable = format!("{path}/disable");
        app.admin("POST", &disable, json!({ "confirm": true })).await.problem(409, "last_admin");
        app.by(&ops, "PATCH", &path, json!({ "role": "user" })).await.problem(409, "last_admin");
        let other = app.person("other@example.com", Role::AccountAdmin, &[]).await;
        app.by(&ops, "POST", &format!("/v1/accounts/{}/disable", other.id), None).await.is(200);
        app.admin("POST", &disable, None).await.problem(409, "last_admin");
        app.by(&ops, "POST", &format!("/v1/accounts/{}/enable", other.id), None).await.is(200);
        app.admin("POST", &disable, None).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_are_demoted_at_once_one_stays() {
    TestApp::each(async |app| {
        let one = app.person("one@example.com", Role::AccountAdmin, &[]).await;
        let two = app.person("two@example.com", Role::AccountAdmin, &[]).await;
        let demote = async |id: &str| {
            let path = format!("/v1/accounts/{id}");
            app.admin("PATCH", &path, json!({ "role": "user" })).await.status.as_u16()
        };
        let (first, second) = tokio::join!(demote(&one.id), demote(&two.id));
        let mut both = [first, second];
        both.sort_unstable();
        assert_eq!(both, [200, 409]);
    })
    .await;
}

#[tokio::test]
async fn who_is_disabled_is_out_from_the_next_request_on() {
    TestApp::each(async |app| {
        let id = add(app, "ana@example.com", "user", &["Acme"]).await;
        let signed_in = cookie(&sign_in(app, "ana@example.com", PASSWORD).await);
        let ana = app.signed_in(&id).await;
        let made = app.by(&ana, "POST", "/v1/me/tokens", None).await;
        let token = made.is(201)["token"].as_str().unwrap().to_owned();
        app.call(Method::GET, "/v1/employees", Some(&token), None).await.is(200);
        let disable = format!("/v1/accounts/{id}/disable");
        assert_eq!(app.admin("POST", &disable, None).await.is(200)["active"], false);
        who(app, &signed_in).await.problem(401, "signed_out");
        app.by(&ana, "GET", "/v1/employees", None).await.problem(401, "signed_out");
        app.call(Method::GET, "/v1/employees", Some(&token), None).await.problem(401, "unauthorized");
        sign_in(app, "ana@example.com", PASSWORD).await.problem(401, "invalid_credentials");
        app.admin("POST", &format!("/v1/accounts/{id}/enable"), None).await.is(200);
        who(app, &signed_in).await.problem(401, "signed_out");
        app.call(Method::GET, "/v1/employees", Some(&token), None).await.problem(401, "unauthorized");
        sign_in(app, "ana@example.com", PASSWORD).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn a_new_company_can_be_given_to_users_in_the_same_step() {
    TestApp::each(async |app| {
        let ana = app.person("ana@example.com", Role::User, &[]).await;
        let ops = app.person("ops@example.com", Role::AccountAdmin, &[]).await;
        let draft = json!({ "name": "Birch", "users": ["ana@example.com", ops.id] });
        let made = app.by(&ops, "POST", "/v1/companies", draft).await;
        let path = format!("/v1/companies/{}", made.is(201)["id"].as_str().unwrap());
        app.by(&ana, "GET", &path, None).await.is(200);
        let unknown = json!({ "name": "Cedar", "users": ["nobody@example.com"] });
        app.by(&ops, "POST", "/v1/companies", unknown).await.problem(404, "account_not_found");
        let all = app.admin("GET", "/v1/companies", None).await;
        assert!(!all.text.contains("Cedar"), "nothing of it is left: {}", all.text);
    })
    .await;
}

#[tokio::test]
async fn where_several_apps_could_be_meant_a_person_says_which() {
    TestApp::each(async |app| {
        let ana = app.person("ana@example.com", Role::User, &["Acme"]).await;
        let put = async |query: &str| {
            let path = format!("/v1/profiles/employee/u-1{query}");
            app.by(&ana, "PUT", &path, json!({ "name": "Ana" })).await
        };
        put("").await.is(201);
        app.add_app("Payroll", &[&app.company.id]).await;
        put("").await.problem(422, "app_needed");
        put("?app=Payroll").await.is(201);
        put("?app=Ops").await.problem(404, "app_not_found");
    })
    .await;
}

#[tokio::test]
async fn a_history_names_the_person_who_linked() {
    TestApp::each(async |app| {
        use rollcall::domain::words::List;
        app.stage(List::Employee, crate::support::people(1)).await;
        let ana = app.person("ana@example.com", Role::User, &["Acme"]).await;
        app.by(&ana, "PATCH", "/v1/me", json!({ "name": "Ana Ng" })).await.is(200);
        app.by(&ana, "PUT", "/v1/profiles/employee/u-1", json!({ "name": "Ana" })).await.is(201);
        let list = app.by(&ana, "GET", "/v1/employees", None).await;
        let record = list.is(200)["data"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/employees/{record}/link");
        app.by(&ana, "PUT", &path, json!({ "profile_id": "u-1" })).await.is(201);
        let history = app.get(&format!("/v1/employees/{record}/history")).await;
        assert!(history.text.contains("Ana Ng"), "{}", history.text);
    })
    .await;
}

#[tokio::test]
async fn who_is_disabled_is_out_of_another_gateway_with_the_next_request() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        let other = Process::start(database).await;
        let ana = app.person("ana@example.com", Role::User, &["Acme"]).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let there = async || {
            let asked = client.get(format!("http://{}/v1/session", other.address));
            asked.header("cookie", ana.cookie()).send().await.unwrap().status().as_u16()
        };
        assert_eq!(there().await, 200);
        app.admin("POST", &format!("/v1/accounts/{}/disable", ana.id), None).await.is(200);
        assert_eq!(there().await, 401);
    })
    .await;
}
