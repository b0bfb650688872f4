//! Bad input is refused at the edge, in words.

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
        assert!(list.problem(400, "invalid_path")["detail"].as_str().unwrap().contains("robot"));
        app.send("POST", "/v1/changes/x/undo", None).await.problem(400, "invalid_path");
        app.send("PUT", "/v1/profiles/employee/u-1", None).await.problem(415, "not_json");
        let big = json!({ "name": "x".repeat(2 << 20) });
        app.send("PUT", "/v1/profiles/employee/u-1", big).await.problem(413, "body_too_large");
    })
    .await;
}
