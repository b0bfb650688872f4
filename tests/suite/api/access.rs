//! Promise 8: who may see and do what.

use reqwest::Method;
use rollcall::domain::words::List;
use serde_json::{Value, json};

use super::{ids, texts};
use crate::support::{TestApp, people, person};

#[tokio::test]
async fn without_a_valid_token_there_is_nothing() {
    TestApp::each(async |app| {
        for token in [None, Some(""), Some("rct_nonsense")] {
            let answer = app.call(Method::GET, "/v1/employees", token, None).await;
            answer.problem(401, "unauthorized");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
        let apps = app.admin("GET", "/v1/apps", None).await;
        let own =
            apps.is(200)["data"].as_array().unwrap().iter().find(|app| app["name"] == "Timesheets").unwrap();
        let tokens = format!("/v1/apps/{}/tokens", own["id"].as_str().unwrap());
        let token = &texts(app.admin("GET", &tokens, None).await.is(200), "id")[0];
        app.get("/v1/employees").await.is(200);
        app.admin("DELETE", &format!("{tokens}/{token}"), None).await.is(204);
        app.get("/v1/employees").await.problem(401, "unauthorized");
        // Counted, but not where there was no token.
        assert!((2..=3).contains(&app.gateway.refused_tokens.count()));
    })
    .await;
}

#[tokio::test]
async fn no_row_crosses_companies() {
    TestApp::each(async |app| {
        let (other, connection) = app.add_company("Globex").await;
        let run = app.stage_from(&connection, List::Employee, vec![person("G-1", "Gil", "Globex")]).await;
        app.stage(List::Employee, people(2)).await;
        let token = app.add_app("Globex app", &[&other.id]).await;
        let theirs = app.call(Method::GET, "/v1/employees", Some(&token), None).await;
        let their_id = &texts(theirs.is(200), "id")[0];
        let link =
            app.call(Method::POST, &format!("/v1/employees/{their_id}/profile"), Some(&token), None).await;
        let their_profile = link.is(201)["profile"]["profile_id"].as_str().unwrap().to_owned();
        let feed = app.call(Method::GET, "/v1/changes", Some(&token), None).await;
        let cursor = feed.is(200)["next"].as_str().unwrap();

        for (list, rows) in [("employees", 2), ("connections", 1), ("companies", 1), ("links", 0)] {
            let page = app.get(&format!("/v1/{list}")).await;
            assert_eq!(page.is(200)["data"].as_array().unwrap().len(), rows, "{list}");
            assert!(
                !page.text.contains(other.id.as_str()) && !page.text.contains("Globex"),
                "{list}: {}",
                page.text
            );
        }
        assert!(ids(app, "/v1/employees?q=Globex").await.is_empty());
        let connection = &connection.id;
        for (method, path) in [
            ("GET", format!("/v1/companies/{}", other.id)),
            ("GET", "/v1/employees?company=Globex".to_owned()),
            ("GET", format!("/v1/employees?connection={connection}")),
            ("GET", format!("/v1/employees/{their_id}")),
            ("GET", format!("/v1/employees/{their_id}/history")),
            ("DELETE", format!("/v1/employees/{their_id}/link")),
            ("POST", format!("/v1/employees/{their_id}/profile")),
            ("GET", format!("/v1/links?company={}", other.id)),
            ("GET", format!("/v1/connections/{connection}")),
            ("GET", format!("/v1/connections/{connection}/qwc")),
            ("GET", format!("/v1/connections/{connection}/runs")),
            ("POST", format!("/v1/connections/{connection}/poll")),
            ("POST", format!("/v1/connections/{connection}/test")),
            ("GET", format!("/v1/runs/{}", run.id)),
            ("GET", format!("/v1/runs/{}/absences", run.id)),
            ("GET", format!("/v1/profiles/employee/{their_profile}")),
            ("DELETE", format!("/v1/profiles/employee/{their_profile}")),
            ("POST", "/v1/changes/1/undo?company=Globex".to_owned()),
            ("GET", format!("/v1/changes?company={}", other.id)),
            ("GET", format!("/v1/changes?after={cursor}")),
            // Whatever else is wrong with it: what a caller may not see is not there.
            ("GET", format!("/v1/employees/{their_id}?app=Payroll")),
            ("DELETE", format!("/v1/employees/{their_id}/link?app=Payroll")),
            ("GET", format!("/v1/connections/{connection}?limit=%00")),
        ] {
            let answer = app.send(method, &path, None).await;
            let code = answer.is(404)["code"].as_str().unwrap();
            assert!(code.ends_with("_not_found"), "{method} {path}: {code}");
        }
        let draft = json!({ "name": "Ana", "company": "Globex" });
        app.send("PUT", "/v1/profiles/employee/u-1", draft).await.problem(404, "company_not_found");
    })
    .await;
}

#[tokio::test]
async fn management_needs_an_admin() {
    TestApp::each(async |app| {
        let company = &app.company.id;
        for (method, path, body) in [
            ("POST", "/v1/companies".to_owned(), json!({ "name": "New" })),
            ("PATCH", format!("/v1/companies/{company}"), json!({ "name": "New" })),
            ("DELETE", format!("/v1/companies/{company}"), Value::Null),
            ("GET", "/v1/apps".to_owned(), Value::Null),
            ("POST", "/v1/apps".to_owned(), json!({ "name": "New", "companies": ["Acme"] })),
            ("GET", "/v1/apps/Timesheets".to_owned(), Value::Null),
            ("PATCH", "/v1/apps/Timesheets".to_owned(), json!({ "scopes": ["manage"] })),
            ("DELETE", "/v1/apps/Timesheets".to_owned(), Value::Null),
            ("GET", "/v1/apps/Timesheets/tokens".to_owned(), Value::Null),
            ("POST", "/v1/apps/Timesheets/tokens".to_owned(), Value::Null),
            ("DELETE", "/v1/apps/Timesheets/tokens/tok_x".to_owned(), Value::Null),
        ] {
            let body = Some(body).filter(|body| !body.is_null());
            app.send(method, &path, body).await.problem(403, "admin_only");
        }
    })
    .await;
}

#[tokio::test]
async fn connections_are_managed_by_tokens_with_the_scope_for_it_in_their_companies() {
    TestApp::each(async |app| {
        let draft = json!({ "name": "Sync", "companies": ["Acme"], "scopes": ["read", "manage"] });
        let made = app.admin("POST", "/v1/apps", draft).await;
        let manages = made.is(201)["token"].as_str().unwrap().to_owned();
        let (_, foreign) = app.add_company("Globex").await;
        let id = &app.connection.id;
        let draft = |company| Some(json!({ "kind": "push", "company": company }));
        let ask = async |method: &str, path: &str, body: Option<Value>| {
            app.call(method.parse().unwrap(), path, Some(&manages), body).await
        };
        for (method, path, body) in [
            ("POST", "/v1/connections".to_owned(), draft("Acme")),
            ("PATCH", format!("/v1/connections/{id}"), Some(json!({ "name": "Books" }))),
            ("POST", format!("/v1/connections/{id}/password"), None),
            ("GET", format!("/v1/connections/{id}/qwc"), None),
            ("GET", format!("/v1/connections/{id}/messages"), None),
            ("DELETE", format!("/v1/connections/{id}?dry_run=true"), None),
        ] {
            // The usual token may read, link and poll.
            app.send(method, &path, body.clone()).await.problem(403, "scope_missing");
            let answer = ask(method, &path, body).await;
            assert!(answer.status.is_success(), "{method} {path}: {}", answer.text);
        }
        for action in ["poll", "test"] {
            let path = format!("/v1/connections/{id}/{action}");
            ask("POST", &path, None).await.problem(403, "scope_missing");
        }
        ask("POST", "/v1/connections", draft("Globex")).await.problem(404, "company_not_found");
        let path = format!("/v1/connections/{}", foreign.id);
        ask("DELETE", &path, None).await.problem(404, "connection_not_found");
    })
    .await;
}

/// Promise 8: what an administrator typed in for one address goes to no other, and an app does not look around in the
/// gateway's own network.
#[tokio::test]
async fn an_app_leads_no_stored_secret_and_no_connection_elsewhere() {
    TestApp::each(async |app| {
        let draft = json!({ "name": "Sync", "companies": ["Acme"], "scopes": ["read", "manage"] });
        let made = app.admin("POST", "/v1/apps", draft).await;
        let manages = made.is(201)["token"].as_str().unwrap().to_owned();
        let ask = async |method: &str, path: &str, body: Value| {
            app.call(method.parse().unwrap(), path, Some(&manages), Some(body)).await
        };
        let (settings, secrets) =
            (json!({ "base_url": "https://api.paycomonline.net" }), json!({ "sid": "s", "token": "t" }));
        let paycom = json!({ "kind": "paycom", "company": "Acme", "settings": settings, "secrets": secrets });
        let made = app.admin("POST", "/v1/connections", paycom.clone()).await;
        let path = format!("/v1/connections/{}", made.is(201)["id"].as_str().unwrap());

        let elsewhere = json!({ "base_url": "https://paycom.example.com" });
        let refused = ask("PATCH", &path, json!({ "settings": elsewhere })).await;
        refused.problem(422, "secrets_needed");
        let part = json!({ "settings": elsewhere, "secrets": { "sid": "s2" } });
        ask("PATCH", &path, part).await.problem(422, "secrets_needed");
        let whole = json!({ "settings": elsewhere, "secrets": { "sid": "s2", "token": "t2" } });
        ask("PATCH", &path, whole).await.is(200);
        // The same address once more is no other one, and an administrator knows what goes where.
        ask("PATCH", &path, json!({ "settings": elsewhere })).await.is(200);
        app.admin("PATCH", &path, json!({ "settings": settings })).await.is(200);

        let private = json!({ "settings": { "allow_private_address": true } });
        ask("PATCH", &path, private.clone()).await.problem(403, "private_address_not_allowed");
        let mut inside = paycom.clone();
        inside["settings"]["allow_private_address"] = json!(true);
        ask("POST", "/v1/connections", inside).await.problem(403, "private_address_not_allowed");
        app.admin("PATCH", &path, private).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn an_admin_may_act_for_an_app_and_an_app_for_no_other() {
    TestApp::each(async |app| {
        app.add_app("Payroll", &[&app.company.id]).await;
        app.stage(List::Employee, people(1)).await;
        let id = &ids(app, "/v1/employees").await[0];
        let path = format!("/v1/employees/{id}/profile?app=Timesheets");
        let made = app.admin("POST", &path, json!({ "profile_id": "u-1" })).await;
        assert_eq!(made.is(201)["link"]["linked_by"], "app Ops for Timesheets");
        assert_eq!(app.get(&format!("/v1/employees/{id}")).await.is(200)["link"]["profile_id"], "u-1");
        app.get("/v1/employees?app=Timesheets").await.is(200);
        app.get("/v1/employees?app=Payroll").await.problem(403, "other_app");
        app.admin("GET", "/v1/employees?app=Nobody", None).await.problem(404, "app_not_found");
        // Another app has its own links, and its own history.
        let other = app.admin("GET", "/v1/links?app=Payroll", None).await;
        assert_eq!(other.is(200)["data"], json!([]));
        assert_eq!(app.admin("GET", "/v1/links", None).await.is(200)["data"].as_array().unwrap().len(), 1);
        let history = app.admin("GET", &format!("/v1/employees/{id}/history?app=Payroll"), None).await;
        assert_eq!(history.is(200)["changes"].as_array().unwrap().len(), 1, "{}", history.text);
    })
    .await;
}
