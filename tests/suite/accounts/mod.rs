//! Accounts: people sign in, and see and do what is theirs.

mod cross_site;
mod fresh;
mod guessing;
pub(crate) mod idp;
mod links;
mod management;
mod oidc;
mod passwords;
pub mod second_factor;
mod sessions;
mod tokens;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const PASSWORD: &str = "correct horse battery staple";

/// Signs in as a browser does.
async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.call_with(Method::POST, "/v1/session", &[("sec-fetch-site", "same-origin")], Some(body)).await
}

/// The cookie that an answer gives to a browser, as the browser sends it.
fn cookie(answer: &Answer) -> String {
    let set = answer.headers["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

/// Makes an account with a password; its ID.
async fn add(app: &TestApp, email: &str, role: &str, companies: &[&str]) -> String {
    let draft = json!({ "email": email, "role": role, "companies": companies, "password": PASSWORD });
    let made = app.admin("POST", "/v1/accounts", draft).await;
    made.is(201)["id"].as_str().unwrap().to_owned()
}

async fn who(app: &TestApp, cookie: &str) -> Answer {
    app.call_with(Method::GET, "/v1/session", &[("cookie", cookie)], None::<Value>).await
}
