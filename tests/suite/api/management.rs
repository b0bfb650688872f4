//! Companies, apps and tokens.

use reqwest::Method;
use serde_json::json;

use super::texts;
use crate::support::TestApp;

#[tokio::test]
async fn a_company_is_added_renamed_and_deleted_while_nothing_hangs_on_it() {
    TestApp::each(async |app| {
        let made = app.admin("POST", "/v1/companies", json!({ "name": " Globex " })).await;
        assert_eq!(made.is(201)["name"], "Globex");
        let path = format!("/v1/companies/{}", made.is(201)["id"].as_str().unwrap());
        app.admin("POST", "/v1/companies", json!({ "name": "Globex" })).await.problem(409, "already_exists");
        app.admin("POST", "/v1/companies", json!({ "name": " " })).await.problem(422, "invalid_name");
        assert_eq!(app.admin("PATCH", &path, json!({ "name": "Initech" })).await.is(200)["name"], "Initech");
        app.admin("PATCH", &path, json!({ "name": "Acme" })).await.problem(409, "already_exists");
        assert_eq!(texts(app.admin("GET", "/v1/companies", None).await.is(200), "name"), ["Acme", "Initech"]);

        let draft = json!({ "name": "Ana", "company": "Initech" });
        app.admin("PUT", "/v1/profiles/employee/u-1", draft).await.is(201);
        app.admin("DELETE", &path, None).await.problem(409, "company_in_use");
        app.admin("DELETE", "/v1/profiles/employee/u-1", None).await.is(204);
        app.admin("DELETE", &path, None).await.is(204);
        app.admin("GET", &path, None).await.problem(404, "company_not_found");
        let acme = format!("/v1/companies/{}", app.company.id);
        app.admin("DELETE", &acme, None).await.problem(409, "company_in_use");
    })
    .await;
}

#[tokio::test]
async fn an_app_is_added_with_a_token_that_is_shown_once() {
    TestApp::each(async |app| {
        let made = app.admin("POST", "/v1/apps", json!({ "name": "Payroll", "companies": ["Acme"] })).await;
        let token = made.is(201)["token"].as_str().unwrap().to_owned();
        let path = format!("/v1/apps/{}", made.is(201)["id"].as_str().unwrap());
        let shown = app.admin("GET", &path, None).await;
        assert_eq!(shown.is(200)["companies"], json!([app.company.id]));
        assert!(!shown.text.contains(&token) && shown.is(200)["admin"] == false);
        app.call(Method::GET, "/v1/employees", Some(&token), None).await.is(200);

        let second = app.admin("POST", &format!("{path}/tokens"), None).await;
        let second = second.is(201)["token"].as_str().unwrap().to_owned();
        app.call(Method::GET, "/v1/employees", Some(&second), None).await.is(200);
        let tokens = app.admin("GET", &format!("{path}/tokens"), None).await;
        let ids = texts(tokens.is(200), "id");
        assert!(ids.len() == 2 && !tokens.text.contains(&second), "{}", tokens.text);
        let first = format!("{path}/tokens/{}", ids[0]);
        app.admin("DELETE", &first, None).await.is(204);
        app.admin("DELETE", &first, None).await.is(204);
        app.call(Method::GET, "/v1/employees", Some(&token), None).await.problem(401, "unauthorized");
        app.admin("DELETE", &format!("{path}/tokens/tok_x"), None).await.problem(404, "token_not_found");

        app.call(Method::PUT, "/v1/profiles/employee/u", Some(&second), Some(json!({ "name": "A" })))
            .await
            .is(201);
        app.admin("DELETE", &path, None).await.problem(409, "app_in_use");
        app.admin("DELETE", "/v1/profiles/employee/u?app=Payroll", None).await.is(204);
        app.admin("DELETE", &path, None).await.is(204);
        app.call(Method::GET, "/v1/employees", Some(&second), None).await.problem(401, "unauthorized");
    })
    .await;
}

#[tokio::test]
async fn an_admin_is_made_by_the_command_line_only() {
    TestApp::each(async |app| {
        let none = json!({ "name": "New", "companies": [] });
        app.admin("POST", "/v1/apps", none).await.problem(422, "no_company");
        let admin = json!({ "name": "New", "companies": [], "admin": true });
        app.admin("POST", "/v1/apps", admin).await.problem(422, "invalid_body");
        let apps = app.admin("GET", "/v1/apps", None).await;
        let ops = apps.is(200)["data"].as_array().unwrap().iter().find(|app| app["name"] == "Ops").unwrap();
        let path = format!("/v1/apps/{}/tokens", ops["id"].as_str().unwrap());
        app.admin("POST", &path, None).await.problem(403, "admin_by_command_line");
    })
    .await;
}
