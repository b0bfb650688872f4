//! Bad input is refused at the edge, in words.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall::domain::words::List;
use serde_json::json;

use super::ids;
use crate::support::{TestApp, people};

#[tokio::test]
async fn nul_is_refused_wherever_it_stands() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(1)).await;
        let id = &ids(app, "/v1/employees").await[0];
        for path in [
            "/v1/employees?q=a%00b",
            "/v1/employees/emp_%00",
            "/v1/employees?app=%00",
            "/v1/links?company=%00",
        ] {
            app.get(path).await.problem(422, "nul_character");
        }
        let put = |path: String, body| async move { app.send("PUT", &path, body).await };
        let link = put(format!("/v1/employees/{id}/link"), json!({ "profile_id": "\0" })).await;
        link.problem(422, "invalid_body");
        put("/v1/profiles/employee/u-1".into(), json!({ "name": "a\0" })).await.problem(422, "invalid_body");
        let profile = json!({ "list": "employee", "profile_id": "a\0", "name": "Ana" });
        let batch = app.send("POST", "/v1/profiles/batch", json!({ "profiles": [profile] })).await;
        batch.problem(422, "invalid_body");
        let settings = json!({ "settings": { "app_name": "a\0" } });
        app.admin("PATCH", &format!("/v1/connections/{}", app.connection.id), settings).await.is(422);
        app.admin("POST", "/v1/companies", json!({ "name": "a\0" })).await.problem(422, "invalid_body");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_time_is_refused_in_our_words() {
    TestApp::each(async |app| {
        for text in ["2026-01-01", "yesterday", "", "2026-01-31T12:00", "2026-13-01T00:00:00Z"] {
            let refused = app.get(&format!("/v1/employees?changed_since={text}")).await;
            let detail = refused.problem(400, "invalid_query")["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("changed_since") && detail.contains("2026-01-31T12:00:00Z"), "{detail}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_no_database_can_search_for_is_refused() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(1)).await;
        for path in ["/v1/employees", "/v1/customers", "/v1/profiles/employee"] {
            for long in ["x".repeat(201), "%25".repeat(201), "ﷺ".repeat(201), "x".repeat(50_000)] {
                app.get(&format!("{path}?q={long}")).await.problem(422, "invalid_q");
            }
            // The longest that is taken becomes eighteen times as long by folding.
            app.get(&format!("{path}?q={}", "ﷺ".repeat(200))).await.is(200);
        }
    })
    .await;
}

#[tokio::test]
async fn times_that_the_databases_keep_differently_are_refused() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(1)).await;
        for time in [
            "0000-12-31T23:59:59Z",
            "-0001-01-01T00:00:00Z",
            "%2B10000-01-01T00:00:00Z",
            "%2B262142-12-31T23:59:59Z",
            "9999-12-31T23:59:59-01:00",
            "0001-01-01T00:00:00%2B01:00",
        ] {
            let answer = app.get(&format!("/v1/employees?changed_since={time}")).await;
            answer.problem(422, "invalid_changed_since");
        }
        for (time, found) in [("0001-01-01T00:00:00Z", 1), ("9999-12-31T23:59:59Z", 0)] {
            let answer = app.get(&format!("/v1/employees?changed_since={time}")).await;
            assert_eq!(answer.is(200)["data"].as_array().unwrap().len(), found, "{time}");
        }
        // A cursor of ours, with another time in it.
        let after =
            json!({ "company": app.company.id, "after": { "Update": ["+10000-01-01T00:00:00Z", "x"] } });
        let cursor = URL_SAFE_NO_PAD.encode(after.to_string());
        let answer =
            app.get(&format!("/v1/employees?changed_since=2026-01-01T00:00:00Z&cursor={cursor}")).await;
        answer.problem(422, "bad_cursor");
    })
    .await;
}

/// Of two members of one name, one reader takes the first and another one the last.
#[tokio::test]
async fn a_body_with_a_member_twice_is_refused_and_changes_nothing() {
    TestApp::each(async |app| {
        let url = format!("http://{}/v1/profiles/employee/u-1", app.address);
        for body in [
            r#"{"name": "Ana", "name": "Bo"}"#,
            r#"{"name": "Ana", "unknown": 1, "unknown": 2}"#,
            r#"{"name": "Ana", "address": {"city": "Ulm", "city": "Bonn"}}"#,
        ] {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client.put(&url).bearer_auth(&app.token);
            let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
            assert_eq!(answer.status(), 422, "{body}");
            let problem: serde_json::Value = answer.json().await.unwrap();
            assert_eq!(problem["code"], "repeated_member", "{problem}");
        }
        app.get("/v1/profiles/employee/u-1").await.problem(404, "profile_not_found");
    })
    .await;
}

#[tokio::test]
async fn who_is_not_let_in_hears_that_first_even_where_the_address_has_the_character_nul() {
    TestApp::each(async |app| {
        for path in ["/v1/employees?q=%00", "/v1/employees/emp_%00", "/v1/employees?app=%00"] {
            app.call(reqwest::Method::GET, path, None, None).await.problem(401, "unauthorized");
            app.get(path).await.problem(422, "nul_character");
        }
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    TestApp::each(async |app| {
        let put = async |id: &str, body| app.send("PUT", &format!("/v1/profiles/employee/{id}"), body).await;
        let long = "x".repeat(201);
        put(&long, json!({ "name": "Ana" })).await.problem(422, "invalid_profile_id");
        put("a%0Ab", json!({ "name": "Ana" })).await.problem(422, "invalid_profile_id");
        put(&long[1..], json!({ "name": "Ana" })).await.is(201);
        put("u-1", json!({ "name": " " })).await.problem(422, "invalid_name");
        put("u-1", json!({ "name": long })).await.problem(422, "invalid_name");
        put("u-1", json!({ "name": "Ana", "email": "a\nb" })).await.problem(422, "invalid_email");
        let unknown = put("u-1", json!({ "name": "Ana", "mail": "a@example.com" })).await;
        assert!(unknown.problem(422, "invalid_body")["detail"].as_str().unwrap().contains("mail"));
        let list = app.get("/v1/profiles/robot").await;
        let detail = list.problem(400, "invalid_path")["detail"].clone();
        assert!(!detail.as_str().unwrap().contains("robot"), "nothing of an address is repeated");
        app.send("POST", "/v1/changes/x/undo", None).await.problem(400, "invalid_path");
        app.send("PUT", "/v1/profiles/employee/u-1", None).await.problem(415, "not_json");
        let big = json!({ "name": "x".repeat(2 << 20) });
        app.send("PUT", "/v1/profiles/employee/u-1", big).await.problem(413, "body_too_large");
    })
    .await;
}

#[tokio::test]
async fn a_parameter_that_is_unknown_or_stands_there_twice_is_refused_by_its_name() {
    TestApp::each(async |app| {
        let connection = format!("/v1/connections/{}", app.connection.id);
        for path in
            ["/v1/employees?limt=5", "/v1/employees/emp_x/history?limt=5", &format!("{connection}?limt=5")]
        {
            let refused = app.get(path).await;
            if path.contains("emp_x") {
                refused.problem(404, "employee_not_found");
                continue;
            }
            let detail = refused.problem(400, "invalid_query")["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("`limt`"), "{detail}");
        }
        for path in ["/v1/employees?limit=5&limit=5", "/v1/changes?limit=1&after=latest&limit=2"] {
            let refused = app.get(path).await;
            let detail = refused.problem(422, "repeated_parameter")["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("`limit`"), "{detail}");
        }
        // Whose word would count?
        app.admin("PUT", "/v1/profiles/employee/u-1?app=Timesheets&app=Ops", json!({ "name": "Ana" }))
            .await
            .problem(422, "repeated_parameter");
    })
    .await;
}

/// An app that is meant because there is no other, or that is named, may see less than whoever acts for it.
#[tokio::test]
async fn who_acts_for_an_app_is_told_that_the_app_stands_in_the_way() {
    TestApp::each(async |app| {
        let (birch, connection) = app.add_company("Birch").await;
        app.stage_from(&connection, List::Employee, people(1)).await;
        let theirs = app.admin("GET", &format!("/v1/employees?company={}", birch.id), None).await;
        let id = theirs.is(200)["data"][0]["id"].as_str().unwrap().to_owned();
        for named in [id.as_str(), &id[..id.len() - 1]] {
            let path = format!("/v1/employees/{named}/profile?app=Timesheets");
            let refused = app.admin("POST", &path, None).await;
            let problem = refused.problem(422, "not_for_app");
            for part in ["`Timesheets`", "employee"] {
                assert!(problem["detail"].as_str().unwrap().contains(part), "{problem}");
            }
            // The app itself hears of nothing.
            let own = app.send("POST", &format!("/v1/employees/{named}/profile"), None).await;
            own.problem(404, "employee_not_found");
        }
    })
    .await;
}
