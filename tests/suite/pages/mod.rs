//! The pages for people.

mod browser;
mod chromium;
mod look;
mod member_credentials;
mod quicklink;
mod sign_in;
mod sync;
mod sync_browser;
mod visitor;

use serde_json::{Value, json};

use crate::support::TestApp;

const ANA: &str = "ana@example.com";
const PASSWORD: &str = "a few words that only she would choose";

/// Makes an account with a password; its ID.
async fn account(app: &TestApp, email: &str, role: &str, companies: &[&str]) -> String {
    let companies = (role == "user").then_some(companies);
    let body = json!({"email": email, "role": role, "companies": companies, "password": PASSWORD});
    let made = app.admin("POST", "/v1/accounts", body).await;
    made.is(201)["id"].as_str().unwrap().to_owned()
}

/// Makes a Quicklink to the company of the gateway on behalf of an account.
async fn quicklink(app: &TestApp, account: &str) -> Value {
    let body = json!({"company_id": app.company.id, "account_id": account});
    app.admin("POST", "/v1/quicklinks", body).await.is(201).clone()
}
