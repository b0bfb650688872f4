//! The change feed (promise 10): no gap, whatever writes at the same time; too old is said, never skipped.

mod keeping;
mod kill;
mod model;
mod rebuilt;
mod route;
mod stream;

use serde_json::Value;

use crate::support::{Answer, TestApp};

/// A member of each change of a page.
fn members(page: &Value, member: &str) -> Vec<Value> {
    page["data"].as_array().unwrap().iter().map(|change| change[member].clone()).collect()
}

fn kinds(page: &Value) -> Vec<String> {
    members(page, "kind").iter().map(|kind| kind.as_str().unwrap().to_owned()).collect()
}

fn next(answer: &Answer) -> String {
    answer.is(200)["next"].as_str().unwrap().to_owned()
}

/// The app reads what came after a cursor.
async fn after(app: &TestApp, cursor: &str) -> Answer {
    app.get(&format!("/v1/changes?after={cursor}")).await
}
