//! The REST API: real requests to a real gateway over a real database, on both engines.

mod access;
mod connections;
mod credentials;
mod details;
mod document;
mod history;
mod holds;
mod input;
mod links;
mod lists;
mod management;
mod operations;
mod pages;
mod places;
mod policy;
mod profiles;
mod races;
mod removal;
mod representation;
mod tokens;

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// The IDs of a list's records, in its order.
async fn ids(app: &TestApp, path: &str) -> Vec<String> {
    texts(app.get(path).await.is(200), "id")
}

/// A member of every row of a page.
fn texts(page: &Value, member: &str) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row[member].as_str().unwrap().to_owned()).collect()
}

async fn put_profile(app: &TestApp, profile_id: &str, name: &str) -> Answer {
    app.send("PUT", &format!("/v1/profiles/employee/{profile_id}"), json!({ "name": name })).await
}

async fn link(app: &TestApp, record_id: &str, profile_id: &str) -> Answer {
    app.send("PUT", &format!("/v1/employees/{record_id}/link"), json!({ "profile_id": profile_id })).await
}
