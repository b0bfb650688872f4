//! Pages: every row once, whatever happens in between.

use std::collections::BTreeSet;

use rollcall::domain::words::List;

use super::texts;
use crate::support::{TestApp, people, person};

/// Walks a list to its end; `between` is called after each page.
async fn walk(app: &TestApp, path: &str, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    for page in 0.. {
        let answer = app.admin("GET", &format!("{path}{cursor}"), None).await;
        found.extend(texts(answer.is(200), "external_id"));
        between(page).await;
        match answer.is(200)["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    found
}

#[tokio::test]
async fn a_walk_sees_every_row_exactly_once_while_rows_are_inserted() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(40)).await;
        let found = walk(app, "/v1/employees?limit=7", async |page| {
            // Some sort before the place where the walk is, some after it.
            let mut list = people(40);
            for n in 0..=page {
                list.push(person(&format!("A-{n}"), "Ana", "Aaron"));
                list.push(person(&format!("Z-{n}"), "Ana", "Zorn"));
            }
            app.stage(List::Employee, list).await;
        });
        let found = found.await;
        let once: BTreeSet<&String> = found.iter().collect();
        assert_eq!(once.len(), found.len(), "{found:?}");
        let old: Vec<&String> = found.iter().filter(|id| id.starts_with("P-")).collect();
        assert_eq!(old.len(), 40, "{found:?}");
        assert!(old.is_sorted(), "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn a_walk_goes_company_by_company() {
    TestApp::each(async |app| {
        let (_, connection) = app.add_company("Globex").await;
        let (_, last) = app.add_company("Initech").await;
        app.add_company("Empty").await;
        app.stage(List::Customer, people(10)).await;
        app.stage_from(&connection, List::Customer, people(5)).await;
        app.stage_from(&last, List::Customer, people(2)).await;
        let all = walk(app, "/v1/customers", async |_| {}).await;
        assert_eq!(all.len(), 17, "{all:?}");
        // The companies come in the order of their IDs: whichever is first, none is mixed with another.
        assert_eq!(all.iter().zip(&all[1..]).filter(|(one, next)| one >= next).count(), 2, "{all:?}");
        for limit in [1, 4, 5, 10, 17, 500] {
            let found = walk(app, &format!("/v1/customers?limit={limit}"), async |_| {}).await;
            assert_eq!(found, all, "{limit}");
        }
        let found = walk(app, "/v1/customers?limit=2&company=Globex", async |_| {}).await;
        assert_eq!(found, ["P-0000", "P-0001", "P-0002", "P-0003", "P-0004"]);
    })
    .await;
}

#[tokio::test]
async fn what_has_changed_since_comes_in_the_order_of_its_change() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(6)).await;
        let first = app.get("/v1/employees").await;
        let since = first.is(200)["data"][0]["updated_at"].as_str().unwrap().to_owned();
        let mut list = people(6);
        list[4].email = Some("new@example.com".into());
        app.stage(List::Employee, list.clone()).await;
        list[1].email = Some("newer@example.com".into());
        app.stage(List::Employee, list).await;
        let all = walk(app, &format!("/v1/employees?limit=2&changed_since={since}"), async |_| {}).await;
        assert_eq!(all.len(), 6);
        assert_eq!(all[4..], ["P-0004", "P-0001"]);
        let after = app.get("/v1/employees?q=newer").await.is(200)["data"][0]["updated_at"].clone();
        let path = format!("/v1/employees?changed_since={}", after.as_str().unwrap());
        assert_eq!(texts(app.get(&path).await.is(200), "external_id"), ["P-0001"]);
    })
    .await;
}

#[tokio::test]
async fn a_page_has_1_to_500_rows_and_a_cursor_is_taken_only_where_it_was_given() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(150)).await;
        let rows = async |path: &str| texts(app.get(path).await.is(200), "id").len();
        assert_eq!((rows("/v1/employees").await, rows("/v1/employees?limit=500").await), (100, 150));
        for limit in ["0", "501", "-1", "70000"] {
            app.get(&format!("/v1/employees?limit={limit}")).await.problem(422, "invalid_limit");
        }
        app.get("/v1/employees?limit=x").await.problem(400, "invalid_query");

        let next = app.get("/v1/employees?limit=2").await.is(200)["next_cursor"].as_str().unwrap().to_owned();
        // {"company":"\u0000","after":{"Name":["a","b"]}}
        let nul = "eyJjb21wYW55IjoiXHUwMDAwIiwiYWZ0ZXIiOnsiTmFtZSI6WyJhIiwiYiJdfX0";
        for cursor in ["x", "e30", "%C3%A9", &next[1..], nul] {
            app.get(&format!("/v1/employees?cursor={cursor}")).await.problem(422, "bad_cursor");
        }
        let other = format!("/v1/employees?changed_since=2026-01-01T00:00:00Z&cursor={next}");
        app.get(&other).await.problem(422, "bad_cursor");
        app.get(&format!("/v1/profiles/employee?cursor={next}")).await.problem(422, "bad_cursor");
    })
    .await;
}
