//! What is large is decided at once and done in small steps: a connection is deleted, a hold approved.

use diesel::{Connection as _, QueryableByName, RunQueryDsl, sql_types::BigInt};
use rollcall::{
    domain::words::{List, RunState},
    store::{Result, Store, purge, runs},
    sync::{
        backlog::{self, Task},
        remove,
    },
};
use serde_json::json;

use super::{ids, link, put_profile, texts};
use crate::support::{Process, TestApp, TestDatabase, people};

#[derive(QueryableByName)]
struct Rows {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

fn count(database: &TestDatabase, sql: &str) -> i64 {
    let query = diesel::sql_query(format!("SELECT CAST(({sql}) AS BIGINT) AS \"rows\""));
    let found: Rows = match database.url.strip_prefix("sqlite:") {
        Some(path) => query.get_result(&mut diesel::SqliteConnection::establish(path).unwrap()).unwrap(),
        None => query.get_result(&mut diesel::PgConnection::establish(&database.url).unwrap()).unwrap(),
    };
    found.rows
}

/// All rows that a step may delete.
fn all_rows(database: &TestDatabase) -> i64 {
    let tables = ["links", "inbox", "records", "record_versions", "run_absences", "runs"];
    tables.iter().map(|table| count(database, &format!("SELECT count(*) FROM {table}"))).sum()
}

async fn tasks(store: &Store) -> Vec<Task> {
    store.read(backlog::tasks).await.unwrap()
}

#[tokio::test]
async fn a_large_connection_is_gone_at_once_and_its_rows_in_small_steps_that_go_on_after_a_restart() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        let run = app.stage(List::Employee, people(11_000)).await;
        let records = ids(&app, "/v1/employees").await;
        put_profile(&app, "u-1", "Ana").await.is(201);
        link(&app, &records[0], "u-1").await.is(201);
        let path = format!("/v1/connections/{}", app.connection.id);

        let would = app.admin("DELETE", &format!("{path}?dry_run=true"), None).await;
        let would = would.is(200);
        let told = (&would["employees"], &would["customers"], &would["links"], &would["removed"]);
        assert_eq!(told, (&json!(11_000), &json!(0), &json!(1), &json!(false)));
        let refused = app.admin("DELETE", &path, None).await;
        assert_eq!(refused.problem(409, "connection_in_use")["links"], 1);
        app.get(&path).await.is(200);
        app.admin("DELETE", &format!("{path}?confirm=true"), None).await.is(204);

        // Gone for all, though most of it is still there.
        assert!(count(database, "SELECT count(*) FROM records") > 1000);
        app.get(&path).await.problem(404, "connection_not_found");
        app.admin("DELETE", &path, None).await.problem(404, "connection_not_found");
        let patch = app.admin("PATCH", &path, json!({ "paused": false })).await;
        patch.problem(404, "connection_not_found");
        assert!(texts(app.get("/v1/connections").await.is(200), "id").is_empty());
        assert!(ids(&app, "/v1/employees").await.is_empty());
        app.get(&format!("/v1/employees/{}", records[99])).await.problem(404, "employee_not_found");
        assert_eq!(app.get("/v1/links").await.is(200)["data"], json!([]));
        app.get(&format!("/v1/runs/{}", run.id)).await.problem(404, "run_not_found");
        for view in ["staged_employees", "staged_customers"] {
            assert_eq!(count(database, &format!("SELECT count(*) FROM {view}")), 0, "{view}");
        }
        let unlinked = app.get("/v1/profiles/employee?linked=false").await;
        assert_eq!(texts(unlinked.is(200), "profile_id"), ["u-1"]);
        app.send("DELETE", "/v1/profiles/employee/u-1", None).await.is(204);
        let again = json!({ "kind": "quickbooks_desktop", "company": "Acme", "name": app.connection.name });
        app.admin("POST", "/v1/connections", again).await.is(201);

        // The gateway stops; another goes on, and may stop after any step.
        let (ambient, company) = (app.gateway.ambient.clone(), app.company.id.clone());
        drop(app);
        let store = database.open();
        let task = tasks(&store).await;
        assert_eq!(task.len(), 1);
        let (mut steps, mut before) = (0, all_rows(database));
        loop {
            let done = backlog::step(&store, &ambient, &task[0]).await.unwrap();
            let after = all_rows(database);
            assert!(before - after <= purge::STEP as i64, "{} rows in one step", before - after);
            (steps, before) = (steps + 1, after);
            if done {
                break;
            }
        }
        assert!(steps > 1, "{steps}");
        let told = "SELECT count(DISTINCT record_id) FROM changes WHERE kind = 'record_removed'";
        assert_eq!(count(database, told), 11_000);
        assert_eq!((tasks(&store).await, all_rows(database)), (vec![], 0));
        assert_eq!(
            count(database, &format!("SELECT count(*) FROM connections WHERE company_id = '{company}'")),
            1
        );
    })
    .await;
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_deletion_is_gone_on_with_by_the_next_start() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        // So many that it cannot be over before the kill comes.
        app.stage(List::Employee, people(30_000)).await;
        let (ambient, id, company) =
            (app.gateway.ambient.clone(), app.connection.id.clone(), app.company.id.clone());
        drop(app);
        let store = database.open();
        let marked = id.clone();
        store.write(move |db| remove::mark(db, &marked, ambient.now())).await.unwrap();
        let before = all_rows(database);
        let doomed = Process::start(database).await;
        while count(database, "SELECT count(*) FROM records") == 30_000 {
            tokio::task::yield_now().await;
        }
        doomed.kill();
        let left = all_rows(database);
        assert!(left > 0 && left < before, "killed in the middle: {left} of {before}");
        assert_eq!(tasks(&store).await, [Task::Purge { connection_id: id }]);
        let _next = Process::start(database).await;
        while !tasks(&store).await.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(all_rows(database), 0);
        let connections = format!("SELECT count(*) FROM connections WHERE company_id = '{company}'");
        assert_eq!(count(database, &connections), 0);
    })
    .await;
}

#[tokio::test]
async fn an_approval_stands_at_once_and_marks_in_small_steps_that_go_on_after_a_restart() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        app.stage(List::Employee, people(5600)).await;
        let held = app.stage(List::Employee, people(100)).await;
        assert_eq!((held.state, held.absent), (RunState::Held, 5500));
        let run = format!("/v1/runs/{}", held.id);
        let approved = app.admin("POST", &format!("{run}/approve"), None).await;
        let body = approved.is(200);
        let told = (&body["state"], &body["absent"], &body["to_mark"], &body["decision"]["decision"]);
        assert_eq!(told, (&json!("running"), &json!(5000), &json!(500), &json!("approved")));
        app.admin("POST", &format!("{run}/reject"), None).await.problem(409, "run_not_held");
        // One of those that were not come to is seen again, and is spared.
        let unmarked = "SELECT count(*) FROM records WHERE absent_at IS NULL";
        assert_eq!(count(database, unmarked), 600);
        app.stage(List::Employee, people(110)).await;
        let left = count(database, unmarked);

        let ambient = app.gateway.ambient.clone();
        drop(app);
        let store = database.open();
        assert_eq!(tasks(&store).await, [Task::Mark { run_id: held.id.clone() }]);
        backlog::work_off(&store, &ambient).await.unwrap();
        assert_eq!(tasks(&store).await, []);
        let id = held.id.clone();
        let done = store.read(move |db| -> Result<_> { runs::get(db, &id) }).await.unwrap();
        assert_eq!((done.state, done.to_mark), (RunState::Complete, None));
        assert!(left >= 600 && count(database, unmarked) == 110, "{left}");
        let told = "SELECT count(*) FROM changes WHERE kind = 'absent'";
        assert_eq!(count(database, told), done.absent as i64, "each mark is told, once");
    })
    .await;
}
