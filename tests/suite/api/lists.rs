//! What the filters of the lists find.

use rollcall::domain::words::List;
use serde_json::json;

use super::texts;
use crate::support::{TestApp, people, person};

async fn found(app: &TestApp, query: &str) -> Vec<String> {
    texts(app.get(&format!("/v1/employees?{query}")).await.is(200), "external_id")
}

#[tokio::test]
async fn search_folds_case_accents_and_wildcards() {
    TestApp::each(async |app| {
        let mut odd = person("100%_A", "Bo", "Under_score");
        odd.email = None;
        app.stage(List::Employee, vec![person("7", "Zoë", "O’Brien"), person("8", "José", "Łęcki"), odd])
            .await;
        for (q, expected) in [
            ("ZOE", "7"),
            ("o'brien", "7"),
            ("Zo%C3%AB+O%E2%80%99Brien", "7"),
            ("JOSE+lecki", "8"),
            ("8@EXAMPLE.com", "8"),
            ("100%25_a", "100%_A"),
            ("r_s", "100%_A"),
        ] {
            assert_eq!(found(app, &format!("q={q}")).await, [expected], "{q}");
        }
        assert!(found(app, "q=%25").await == ["100%_A"] && found(app, "q=nobody").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn filters_narrow_and_combine() {
    TestApp::each(async |app| {
        let mut list = people(4);
        list[0].active = false;
        app.stage(List::Employee, list.clone()).await;
        list.truncate(3);
        app.stage(List::Employee, list).await;
        assert_eq!(found(app, "active=false").await, ["P-0000"]);
        assert_eq!(found(app, "absent=true").await, ["P-0003"]);
        assert_eq!(found(app, "active=true&absent=false").await, ["P-0001", "P-0002"]);
        let connection = &app.connection.id;
        assert_eq!(
            found(app, &format!("connection={connection}&company=Acme&q=person0002")).await,
            ["P-0002"]
        );
        // A misspelt filter is no filter: it is refused.
        app.get("/v1/employees?actve=false").await.problem(400, "invalid_query");
        app.get("/v1/employees?active=maybe").await.problem(400, "invalid_query");
    })
    .await;
}

#[tokio::test]
async fn a_record_is_shown_with_all_that_is_staged_and_in_its_own_list_only() {
    TestApp::each(async |app| {
        let mut job = person("C-1", "Ana", "Ace");
        job.full_name = Some("Ace:Kitchen".into());
        job.parent_external_id = Some("C-0".into());
        job.sublevel = 1;
        job.hired_on = Some("2026-02-03".parse().unwrap());
        job.source_modified_at = Some("2026-02-03T04:05:06-05:00".into());
        app.stage(List::Customer, vec![job]).await;
        let page = app.get("/v1/customers").await;
        let row = &page.is(200)["data"][0];
        let id = row["id"].as_str().unwrap();
        assert_eq!(app.get(&format!("/v1/customers/{id}")).await.is(200), row);
        app.get(&format!("/v1/employees/{id}")).await.problem(404, "employee_not_found");
        for (name, value) in [
            ("list", json!("customer")),
            ("company_id", json!(app.company.id)),
            ("connection_id", json!(app.connection.id)),
            ("external_id", json!("C-1")),
            ("full_name", json!("Ace:Kitchen")),
            ("parent_external_id", json!("C-0")),
            ("sublevel", json!(1)),
            ("hired_on", json!("2026-02-03")),
            ("source_modified_at", json!("2026-02-03T04:05:06-05:00")),
            ("phone", json!(null)),
            ("absent", json!(false)),
            ("version", json!(1)),
            ("link", json!(null)),
        ] {
            assert_eq!(row.get(name), Some(&value), "{name} in {row}");
        }
        assert!(row["created_at"].as_str().unwrap().ends_with('Z'));
    })
    .await;
}
