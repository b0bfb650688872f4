//! The apps' own people and customers.

use rollcall::domain::words::List;
use serde_json::{Value, json};

use super::{put_profile, texts};
use crate::support::{TestApp, people};

#[tokio::test]
async fn a_profile_is_made_changed_shown_and_deleted() {
    TestApp::each(async |app| {
        // The app's own ID may hold what a path does not.
        let path = "/v1/profiles/customer/a%2Fb%20%C3%A9";
        let made = app
            .send("PUT", path, json!({ "name": "Zoë", "email": "z@example.com", "company": "Acme" }))
            .await;
        assert_eq!(made.is(201)["profile_id"], "a/b é");
        assert_eq!(app.send("PUT", path, json!({ "name": "Zoë" })).await.is(200)["email"], Value::Null);
        assert_eq!(app.get(path).await.is(200)["name"], "Zoë");
        app.get("/v1/profiles/employee/a%2Fb%20%C3%A9").await.problem(404, "profile_not_found");
        app.send("DELETE", path, None).await.is(204);
        app.send("DELETE", path, None).await.problem(404, "profile_not_found");
    })
    .await;
}

#[tokio::test]
async fn profiles_are_listed_by_name_and_found_by_folded_text() {
    TestApp::each(async |app| {
        for (id, name) in [("3", "Cy"), ("1", "Ána"), ("2", "bo"), ("4", "Ana")] {
            put_profile(app, id, name).await.is(201);
        }
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = app.get(&format!("/v1/profiles/employee?limit=1{cursor}")).await;
            found.extend(texts(page.is(200), "profile_id"));
            let Some(next) = page.is(200)["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, ["1", "4", "2", "3"]);
        let some = app.get("/v1/profiles/employee?q=ANA&company=Acme").await;
        assert_eq!(texts(some.is(200), "profile_id"), ["1", "4"]);
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_all_or_nothing_and_names_what_was_refused() {
    TestApp::each(async |app| {
        let row = |n: usize| json!({ "list": "employee", "profile_id": format!("u-{n}"), "name": format!("P {n}") });
        let batch = |rows: Vec<Value>| json!({ "profiles": rows });
        let send = async |rows| app.send("POST", "/v1/profiles/batch", batch(rows)).await;

        let mut rows: Vec<Value> = (0..5).map(row).collect();
        rows[3]["company"] = "Globex".into();
        assert_eq!(send(rows.clone()).await.problem(404, "company_not_found")["index"], 3);
        rows[3] = row(3);
        rows[2]["name"] = "".into();
        assert_eq!(send(rows.clone()).await.problem(422, "invalid_name")["index"], 2);
        assert!(texts(app.get("/v1/profiles/employee").await.is(200), "profile_id").is_empty());

        let all = send((0..500).rev().map(row).collect()).await;
        assert_eq!((&all.is(200)["created"], &all.is(200)["data"][0]["profile_id"]), (&json!(500), &json!("u-499")));
        let mut again = row(7);
        again["name"] = "New".into();
        let again = send(vec![row(7), again, row(900)]).await;
        assert_eq!(again.is(200)["created"], 1);
        assert_eq!(app.get("/v1/profiles/employee/u-7").await.is(200)["name"], "New");
        send((0..501).map(row).collect()).await.problem(422, "too_many");
        assert_eq!(send(vec![]).await.is(200)["data"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_profile_belongs_to_one_company() {
    TestApp::each(async |app| {
        let (globex, connection) = app.add_company("Globex").await;
        let token = app.add_app("Both", &[&app.company.id, &globex.id]).await;
        let call = async |method: &str, path: &str, body: Value| {
            app.call(method.parse().unwrap(), path, Some(&token), Some(body)).await
        };
        let path = "/v1/profiles/employee/u-1";
        call("PUT", path, json!({ "name": "Ana" })).await.problem(422, "which_company");
        call("PUT", path, json!({ "name": "Ana", "company": globex.id })).await.is(201);
        call("PUT", path, json!({ "name": "Bo" })).await.is(200);
        call("PUT", path, json!({ "name": "Bo", "company": "Acme" })).await.problem(409, "other_company");
        app.stage(List::Employee, people(1)).await;
        app.stage_from(&connection, List::Employee, people(1)).await;
        for (company, status) in [("Acme", 409), ("Globex", 201)] {
            let page = app.admin("GET", &format!("/v1/employees?company={company}"), None).await;
            let id = &texts(page.is(200), "id")[0];
            let linked =
                call("PUT", &format!("/v1/employees/{id}/link"), json!({ "profile_id": "u-1" })).await;
            linked.is(status);
        }
    })
    .await;
}
