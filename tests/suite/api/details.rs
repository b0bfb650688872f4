//! What a customer has besides what a person has: an address and a description, and what nobody's home ever becomes.

use std::fs;

use chrono::DateTime;
use diesel::{
    Connection, QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::Text,
};
use rollcall::{
    domain::{details::Address, record::Record, words::List},
    store::lists,
};
use serde_json::{Value, json};

use super::texts;
use crate::support::{TestApp, TestDatabase, people, person};

fn place() -> Address {
    Address {
        lines: vec!["12 Quay Street".into(), "Dock 3".into()],
        city: Some("Harbour".into()),
        region: Some("NS".into()),
        postal_code: Some("B3H 0A1".into()),
        country: Some("CA".into()),
    }
}

fn place_as_json() -> Value {
    json!({ "lines": ["12 Quay Street", "Dock 3"], "city": "Harbour", "region": "NS", "postal_code": "B3H 0A1",
            "country": "CA" })
}

fn customer() -> Record {
    Record {
        number: Some("C-4711".into()),
        department: Some("North".into()),
        address: Some(place()),
        description: Some("Berths 4 to 9\nand the crane".into()),
        ..person("c1", "Ida", "Moe")
    }
}

/// The feed's kinds since a position, and where it stands now.
async fn kinds_since(app: &TestApp, after: &str) -> (Vec<String>, String) {
    let page = app.get(&format!("/v1/changes?after={after}")).await;
    (texts(page.is(200), "kind"), page.is(200)["next"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_customer_is_shown_with_its_number_address_and_description_and_each_change_is_one() {
    TestApp::each(async |app| {
        let (_, start) = kinds_since(app, "latest").await;
        app.stage(List::Customer, vec![customer()]).await;
        let row = app.get("/v1/customers?q=c-4711").await.is(200)["data"][0].clone();
        for (member, value) in [
            ("number", json!("C-4711")),
            ("department", json!("North")),
            ("address", place_as_json()),
            ("description", json!("Berths 4 to 9\nand the crane")),
        ] {
            assert_eq!(row[member], value, "{member}");
        }
        app.stage(List::Customer, vec![customer()]).await;
        let moved = Address { city: Some("Elsewhere".into()), ..place() };
        app.stage(List::Customer, vec![Record { address: Some(moved), ..customer() }]).await;
        assert_eq!(
            kinds_since(app, &start).await.0,
            ["created", "updated"],
            "an update of an address is one change"
        );
        let id = row["id"].as_str().unwrap();
        let history = app.get(&format!("/v1/customers/{id}/history")).await;
        let cities: Vec<&Value> = history.is(200)["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|version| &version["address"]["city"])
            .collect();
        assert_eq!(cities, ["Harbour", "Elsewhere"]);
        app.stage(List::Customer, vec![person("c1", "Ida", "Moe")]).await;
        let now = app.get(&format!("/v1/customers/{id}")).await;
        assert_eq!((&now.is(200)["address"], &now.is(200)["number"]), (&Value::Null, &Value::Null));
        assert_eq!(app.get("/v1/customers?q=c-4711").await.is(200)["data"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn an_employee_is_found_by_number_and_has_no_address() {
    TestApp::each(async |app| {
        let mut ana = person("7", "Ana", "Lee");
        (ana.number, ana.department) = (Some("E 10/42".into()), Some("Cranes".into()));
        ana.releases_on = Some("2026-04-30".parse().unwrap());
        let mut list = people(3);
        list.push(ana);
        app.stage(List::Employee, list).await;
        let found = app.get("/v1/employees?q=e%2010/42").await;
        let row = &found.is(200)["data"][0];
        assert_eq!(texts(found.is(200), "external_id"), ["7"]);
        let shown =
            json!([row["number"], row["department"], row["releases_on"], row["address"], row["description"]]);
        assert_eq!(shown, json!(["E 10/42", "Cranes", "2026-04-30", null, null]));
    })
    .await;
}

#[tokio::test]
async fn a_profile_made_from_a_customer_carries_its_address_and_description() {
    TestApp::each(async |app| {
        app.stage(List::Customer, vec![customer()]).await;
        app.stage(List::Employee, people(1)).await;
        let id = texts(app.get("/v1/customers").await.is(200), "id").remove(0);
        let made =
            app.send("POST", &format!("/v1/customers/{id}/profile"), json!({ "profile_id": "k-1" })).await;
        let profile = &made.is(201)["profile"];
        assert_eq!((&profile["address"], &profile["name"]), (&place_as_json(), &json!("Ida Moe")));
        assert_eq!(profile["description"], "Berths 4 to 9\nand the crane");
        assert_eq!(app.get("/v1/profiles/customer/k-1").await.is(200)["address"], place_as_json());
        let id = texts(app.get("/v1/employees").await.is(200), "id").remove(0);
        let made = app.send("POST", &format!("/v1/employees/{id}/profile"), None).await;
        assert_eq!(made.is(201)["profile"]["address"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn an_app_writes_addresses_and_descriptions_of_customers_and_of_nobody_else() {
    TestApp::each(async |app| {
        let put = async |list: &str, body: Value| app.send("PUT", &format!("/v1/profiles/{list}/p-1"), body).await;
        let whole = json!({ "name": "Moe", "address": place_as_json(), "description": " A pier " });
        let made = put("customer", whole.clone()).await;
        assert_eq!((&made.is(201)["address"], &made.is(201)["description"]), (&place_as_json(), &json!("A pier")));
        let (_, start) = kinds_since(app, "latest").await;
        put("customer", whole.clone()).await.is(200);
        let part = json!({ "name": "Moe", "address": { "city": "Harbour" } });
        let lines = &put("customer", part).await.is(200)["address"]["lines"].clone();
        assert_eq!(lines, &json!([]));
        let none = put("customer", json!({ "name": "Moe", "address": {}, "description": "" })).await;
        assert_eq!((&none.is(200)["address"], &none.is(200)["description"]), (&Value::Null, &Value::Null));
        assert_eq!(kinds_since(app, &start).await.0, ["profile_updated", "profile_updated"]);

        for (body, code) in [
            (json!({ "name": "Moe", "address": { "lines": vec!["x"; 11] } }), "invalid_address"),
            (json!({ "name": "Moe", "address": { "city": "x".repeat(201) } }), "invalid_address"),
            (json!({ "name": "Moe", "description": "a\u{7}" }), "invalid_description"),
        ] {
            put("customer", body).await.problem(422, code);
        }
        put("customer", json!({ "name": "Moe", "address": { "street": "x" } })).await.problem(422, "invalid_body");
        put("employee", json!({ "name": "Ana", "address": place_as_json() })).await.problem(422, "invalid_address");
        put("employee", json!({ "name": "Ana", "description": "x" })).await.problem(422, "invalid_description");
        put("employee", json!({ "name": "Ana", "address": {}, "description": "" })).await.is(201);

        let row = |list: &str| json!({ "list": list, "profile_id": "b-1", "name": "B", "address": place_as_json() });
        let batch = async |list: &str| app.send("POST", "/v1/profiles/batch", json!({ "profiles": [row(list)] })).await;
        assert_eq!(batch("employee").await.problem(422, "invalid_address")["index"], 0);
        assert_eq!(batch("customer").await.is(200)["data"][0]["address"], place_as_json());
    })
    .await;
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn select(url: &str, sql: &str) -> diesel::QueryResult<Vec<String>> {
    let lines: Vec<Line> = match url.strip_prefix("sqlite:") {
        Some(path) => {
            let mut connection = diesel::SqliteConnection::establish(path).unwrap();
            connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
            sql_query(sql).load(&mut connection)?
        }
        None => sql_query(sql).load(&mut diesel::PgConnection::establish(url).unwrap())?,
    };
    Ok(lines.into_iter().map(|line| line.line).collect())
}

/// Columns of the views as one text each.
const CUSTOMERS: &str = "SELECT number || '|' || department || '|' || description || '|' || address_lines || '|' || city \
    || '|' || region || '|' || postal_code || '|' || country AS line FROM staged_customers";
const EMPLOYEES: &str =
    "SELECT number || '|' || department || '|' || CAST(releases_on AS TEXT) AS line FROM staged_employees";

#[tokio::test]
async fn the_views_for_other_systems_show_them_and_the_tables_refuse_the_address_of_an_employee() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        app.stage(List::Customer, vec![customer(), person("c2", "Bo", "Bare")]).await;
        let mut ana = person("7", "Ana", "Lee");
        (ana.number, ana.department) = (Some("1042".into()), Some("Cranes".into()));
        ana.releases_on = Some("2026-04-30".parse().unwrap());
        app.stage(List::Employee, vec![ana]).await;
        let shown = select(&database.url, &format!("{CUSTOMERS} WHERE external_id = 'c1'")).unwrap();
        let line = "C-4711|North|Berths 4 to 9\nand the crane|12 Quay Street\nDock 3|Harbour|NS|B3H 0A1|CA";
        assert_eq!(shown, [line]);
        let bare =
            "SELECT external_id AS line FROM staged_customers WHERE address_lines IS NULL AND city IS NULL";
        assert_eq!(select(&database.url, bare).unwrap(), ["c2"]);
        assert_eq!(select(&database.url, EMPLOYEES).unwrap(), ["1042|Cranes|2026-04-30"]);
        for table in ["records", "profiles"] {
            let sql =
                format!("UPDATE {table} SET details = '{{}}' WHERE list = 'employee' RETURNING id AS line");
            app.send("PUT", "/v1/profiles/employee/p-1", json!({ "name": "Ana" })).await;
            assert!(
                select(&database.url, &sql).unwrap_err().to_string().to_lowercase().contains("check"),
                "{table}"
            );
        }
    })
    .await;
}

/// Runs statements of a migration's file, or others.
fn run(url: &str, sql: &str) {
    match url.strip_prefix("sqlite:") {
        // The gateway's workers write now and then.
        Some(path) => diesel::SqliteConnection::establish(path)
            .unwrap()
            .batch_execute(&format!("PRAGMA busy_timeout = 10000; {sql}"))
            .unwrap(),
        None => diesel::PgConnection::establish(url).unwrap().batch_execute(sql).unwrap(),
    }
}

#[tokio::test]
async fn what_was_staged_before_stays_and_its_lists_are_read_whole_once_more() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        app.stage(List::Customer, vec![person("c1", "Ida", "Moe")]).await;
        let before = app.get("/v1/customers").await.is(200)["data"][0].clone();
        let engine = if database.url.starts_with("sqlite:") { "sqlite" } else { "postgres" };
        for migration in ["2026-11-27-000071_views_of_addresses", "2026-11-27-000070_numbers_and_addresses"] {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
            run(
                &database.url,
                &fs::read_to_string(format!("{folder}/{engine}/{migration}/down.sql")).unwrap(),
            );
        }
        let versions = "('20261127000070', '20261127000071')";
        run(&database.url, &format!("DELETE FROM __diesel_schema_migrations WHERE version IN {versions}"));

        let store = database.open();
        let id = app.connection.id.clone();
        let cursor = store.read(move |db| lists::cursor(db, &id, List::Customer)).await.unwrap();
        assert_eq!(cursor.last_full_at, Some(DateTime::UNIX_EPOCH));
        assert!(cursor.last_complete_at > cursor.last_full_at);
        assert_eq!(app.get("/v1/customers").await.is(200)["data"][0], before);
        app.stage(List::Customer, vec![customer()]).await;
        let after = app.get("/v1/customers").await.is(200)["data"][0].clone();
        assert_eq!((&after["version"], &after["address"]), (&json!(2), &place_as_json()));
    })
    .await;
}
