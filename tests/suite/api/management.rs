//! Companies, apps and tokens.

use diesel::{Connection as _, PgConnection, SqliteConnection, connection::SimpleConnection};
use reqwest::Method;
use serde_json::json;

use super::texts;
use crate::support::{TestApp, TestDatabase};

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
        app.admin("PUT", "/v1/profiles/employee/u-1?app=Ops", draft).await.is(201);
        app.admin("DELETE", &path, None).await.problem(409, "company_in_use");
        app.admin("DELETE", "/v1/profiles/employee/u-1?app=Ops", None).await.is(204);
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

#[tokio::test]
async fn the_companies_and_the_name_of_an_app_are_changed_and_no_profile_is_lost_silently() {
    TestApp::each(async |app| {
        let (birch, _) = app.add_company("Birch").await;
        let (cedar, _) = app.add_company("Cedar").await;
        let made = app.admin("POST", "/v1/apps", json!({ "name": "Payroll", "companies": ["Acme"] })).await;
        let token = made.is(201)["token"].as_str().unwrap().to_owned();
        let path = format!("/v1/apps/{}", made.is(201)["id"].as_str().unwrap());
        let as_app =
            async |method: Method, path: &str, body| app.call(method, path, Some(&token), body).await;

        let both = json!({ "companies": ["acme", birch.id] });
        let changed = app.admin("PATCH", &path, both.clone()).await;
        let mut ids = [app.company.id.as_str(), birch.id.as_str()];
        ids.sort_unstable();
        assert_eq!(
            (&changed.is(200)["companies"], &changed.is(200)["name"]),
            (&json!(ids), &json!("Payroll"))
        );
        let draft = json!({ "name": "Ana", "company": "Birch" });
        as_app(Method::PUT, "/v1/profiles/employee/u-1", Some(draft.clone())).await.is(201);

        let renamed = json!({ "name": "Wages", "companies": ["Acme", "Cedar"] });
        let refused = app.admin("PATCH", &path, renamed.clone()).await;
        let problem = refused.problem(409, "company_in_use");
        assert_eq!((&problem["profiles"], &problem["links"]), (&json!(1), &json!(0)), "{problem}");
        let shown = app.admin("GET", &path, None).await;
        assert_eq!((&shown.is(200)["companies"], &shown.is(200)["name"]), (&json!(ids), &json!("Payroll")));

        as_app(Method::DELETE, "/v1/profiles/employee/u-1", None).await.is(204);
        let changed = app.admin("PATCH", &path, renamed).await;
        assert_eq!(changed.is(200)["name"], "Wages");
        let of_birch = format!("/v1/employees?company={}", birch.id);
        as_app(Method::GET, &of_birch, None).await.problem(404, "company_not_found");
        as_app(Method::GET, &format!("/v1/employees?company={}", cedar.id), None).await.is(200);
        as_app(Method::PUT, "/v1/profiles/employee/u-1", Some(draft)).await.problem(404, "company_not_found");

        app.admin("PATCH", &path, json!({ "companies": [] })).await.problem(422, "no_company");
        app.admin("PATCH", &path, json!({ "companies": ["Nobody"] })).await.problem(404, "company_not_found");
        app.admin("PATCH", &path, json!({ "name": "TIMESHEETS" })).await.problem(409, "already_exists");
        app.send("PATCH", &path, json!({ "name": "Mine" })).await.problem(403, "admin_only");
        app.admin("PATCH", "/v1/apps/app_x", json!({ "name": "X" })).await.problem(404, "app_not_found");
    })
    .await;
}

#[tokio::test]
async fn names_that_look_alike_are_one_name() {
    TestApp::each(async |app| {
        let add = async |name: &str| app.admin("POST", "/v1/companies", json!({ "name": name })).await;
        for name in ["acme", "ACME", " Acme\u{200b}", "\u{202e}acme\u{202c}", "Ａcme"] {
            add(name).await.problem(409, "already_exists");
        }
        add("\u{200b}\u{feff}").await.problem(422, "invalid_name");
        let made = add("Bir\u{ad}ch \u{200f}").await;
        assert_eq!(made.is(201)["name"], "Birch");
        let path = format!("/v1/companies/{}", made.is(201)["id"].as_str().unwrap());
        app.admin("PATCH", &path, json!({ "name": "aCME" })).await.problem(409, "already_exists");
        assert_eq!(app.admin("PATCH", &path, json!({ "name": "BIRCH" })).await.is(200)["name"], "BIRCH");

        let named = json!({ "name": "timesheets", "companies": ["acmE"] });
        app.admin("POST", "/v1/apps", named).await.problem(409, "already_exists");
        let connection =
            json!({ "kind": "quickbooks_desktop", "company": "ACME", "name": "quickbooks \u{200d}desktop" });
        app.admin("POST", "/v1/connections", connection).await.problem(409, "already_exists");
        let profile = json!({ "name": "A\u{2066}na\u{2069}", "company": "birch" });
        let put = app.admin("PUT", "/v1/profiles/employee/u-1?app=TIMESHEETS", profile);
        let refused = put.await;
        let detail = refused.problem(422, "not_for_app")["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("`Timesheets`"), "{detail}");
        let put =
            app.send("PUT", "/v1/profiles/employee/u-1", json!({ "name": "A\u{2066}na\u{2069}" })).await;
        assert_eq!(put.is(201)["name"], "Ana");
        assert_eq!(texts(app.get("/v1/connections?company=aCmE").await.is(200), "id"), [&*app.connection.id]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_companies_that_are_added_at_once_with_one_name_there_is_one() {
    TestApp::each(async |app| {
        let add = |name: &'static str| app.admin("POST", "/v1/companies", json!({ "name": name }));
        let answers = tokio::join!(add("Birch"), add("birch"), add("BIRCH"), add("bIRCH"));
        let mut statuses = [&answers.0, &answers.1, &answers.2, &answers.3].map(|it| it.status.as_u16());
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409]);
    })
    .await;
}

#[tokio::test]
async fn names_of_before_that_differ_by_case_only_stay_and_are_found_as_they_are_written() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        let (other, _) = app.add_company("Birch").await;
        // As an older version let it be.
        let rename = format!("UPDATE companies SET name = 'ACME' WHERE id = '{}'", other.id);
        match database.url.strip_prefix("sqlite:") {
            Some(path) => {
                let rename = format!("PRAGMA busy_timeout = 10000; {rename}");
                SqliteConnection::establish(path).unwrap().batch_execute(&rename).unwrap();
            }
            None => PgConnection::establish(&database.url).unwrap().batch_execute(&rename).unwrap(),
        }
        assert_eq!(app.gateway.store.migrate().unwrap().applied, Vec::<String>::new());
        for (name, id) in [("Acme", &app.company.id), ("ACME", &other.id)] {
            let found = app.admin("GET", &format!("/v1/connections?company={name}"), None).await;
            assert_eq!(found.is(200)["data"][0]["company_id"], **id, "{name}");
        }
        app.admin("GET", "/v1/connections?company=acme", None).await.problem(409, "ambiguous");
        let path = format!("/v1/companies/{}", other.id);
        app.admin("PATCH", &path, json!({ "name": "Acme West" })).await.is(200);
    })
    .await;
}
