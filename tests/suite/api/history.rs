//! Promise 6: each record has its history.

use rollcall::domain::words::List;

use super::{ids, link, put_profile};
use crate::support::{TestApp, people};

#[tokio::test]
async fn each_record_has_its_versions_and_its_changes() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(3)).await;
        let id = ids(app, "/v1/employees").await.remove(0);
        let mut list = people(3);
        list[0].email = Some("new@example.com".into());
        app.stage(List::Employee, list.clone()).await;
        put_profile(app, "u-1", "Ana").await.is(201);
        link(app, &id, "u-1").await.is(201);
        app.stage(List::Employee, list.split_off(1)).await;

        let path = format!("/v1/employees/{id}/history");
        let history = app.get(&path).await;
        let body = history.is(200);
        let versions: Vec<_> = body["versions"].as_array().unwrap().iter().collect();
        assert_eq!((versions.len(), &versions[0]["email"]), (2, &"P-0000@example.com".into()));
        assert!(versions[0]["superseded_at"].is_string() && versions[1]["superseded_at"].is_null());
        assert_eq!(versions[1]["email"], "new@example.com");
        let kinds: Vec<_> =
            body["changes"].as_array().unwrap().iter().map(|change| change["kind"].as_str()).collect();
        assert_eq!(kinds, [Some("absent"), Some("linked"), Some("updated"), Some("created")]);
        let linked = &body["changes"][1];
        assert_eq!((&linked["profile_id"], &linked["actor"]), (&"u-1".into(), &"app Timesheets".into()));

        let mut seen = Vec::new();
        let mut cursor = String::new();
        while seen.len() < 9 {
            let page = app.get(&format!("{path}?limit=1{cursor}")).await;
            seen.push(page.is(200)["changes"][0].clone());
            let Some(next) = page.is(200)["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, *body["changes"].as_array().unwrap());
    })
    .await;
}

#[tokio::test]
async fn what_one_app_links_is_no_other_apps_business() {
    TestApp::each(async |app| {
        let token = app.add_app("Payroll", &[&app.company.id]).await;
        app.stage(List::Employee, people(1)).await;
        let id = &ids(app, "/v1/employees").await[0];
        put_profile(app, "u-1", "Ana").await.is(201);
        link(app, id, "u-1").await.is(201);
        for path in ["/v1/links", "/v1/employees?linked=true", "/v1/profiles/employee"] {
            let theirs = app.call(reqwest::Method::GET, path, Some(&token), None).await;
            assert_eq!(theirs.is(200)["data"].as_array().unwrap().len(), 0, "{path}");
        }
        let path = format!("/v1/employees/{id}/history");
        let theirs = app.call(reqwest::Method::GET, &path, Some(&token), None).await;
        assert_eq!(theirs.is(200)["changes"].as_array().unwrap().len(), 1, "{}", theirs.text);
        let position = app.get(&path).await.is(200)["changes"][0]["position"].clone();
        let undo = format!("/v1/changes/{position}/undo");
        app.call(reqwest::Method::POST, &undo, Some(&token), None).await.problem(409, "not_undoable");
    })
    .await;
}
