//! Quicklinks open one company without a sign-in, and nothing else.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ANA, account, quicklink, visitor::Visitor};
use crate::support::{TestApp, TestDatabase};

/// The path of the address that opens a Quicklink.
fn path(made: &Value) -> &str {
    let url = made["url"].as_str().unwrap();
    &url[url.find("/q/").unwrap()..]
}

async fn uses(app: &TestApp) -> Value {
    app.admin("GET", "/v1/quicklinks", None).await.is(200)["data"][0]["uses"].clone()
}

/// What the bearer is answered to a list of its company.
async fn employees(visitor: &Visitor<'_>) -> u16 {
    visitor.api(Method::GET, "/v1/employees", None).await.0
}

#[tokio::test]
async fn opening_it_gives_the_rights_of_the_policy_in_its_company_and_is_counted() {
    TestApp::each(async |app| {
        let (other, _) = app.add_company("Birch").await;
        account(app, ANA, "user", &[&app.company.id]).await;
        let made = quicklink(app, ANA).await;
        let visitor = Visitor::of(app);
        assert_eq!(employees(&visitor).await, 401);
        let page = visitor.get(path(&made)).await;
        assert!(page.is(200).contains(">Open</button>"));
        assert_eq!((uses(app).await, visitor.has("rollcall-q")), (json!(0), false), "looking opens nothing");
        let opened = visitor.post(path(&made), &[]).await;
        assert_eq!(opened.leads_to(), "/q");
        let cookie = opened.header("set-cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("Path=/"), "{cookie}");
        assert_eq!(uses(app).await, json!(1));
        let there = visitor.get("/q").await.leads_to().to_owned();
        let page = visitor.get(&there).await;
        assert!(page.is(200).contains("Sync Users") && page.text.contains("Acme"), "{}", page.text);
        assert!(
            !page.text.contains("Sign out") && !page.text.contains("aria-label=\"Main\""),
            "Sync and nothing else"
        );
        assert_eq!(employees(&visitor).await, 200);
        let (status, companies) = visitor.api(Method::GET, "/v1/companies", None).await;
        assert_eq!((status, companies["data"].as_array().unwrap().len()), (200, 1));
        for (method, path) in [
            (Method::GET, "/v1/accounts".to_owned()),
            (Method::GET, "/v1/apps".to_owned()),
            (Method::GET, "/v1/quicklinks".to_owned()),
            (Method::POST, format!("/v1/connections/{}/test", app.connection.id)),
        ] {
            assert_eq!(visitor.api(method, &path, None).await.0, 403, "{path}");
        }
        let foreign = format!("/v1/companies/{}", other.id);
        assert_eq!(visitor.api(Method::GET, &foreign, None).await.0, 404);
    })
    .await;
}

#[tokio::test]
async fn it_dies_when_it_is_revoked_and_with_its_account() {
    TestApp::each(async |app| {
        let ana = account(app, ANA, "user", &[&app.company.id]).await;
        let (first, second) = (quicklink(app, ANA).await, quicklink(app, ANA).await);
        let (one, other) = (Visitor::of(app), Visitor::of(app));
        one.post(path(&first), &[]).await.leads_to();
        other.post(path(&second), &[]).await.leads_to();
        let id = first["id"].as_str().unwrap();
        app.admin("DELETE", &format!("/v1/quicklinks/{id}"), None).await.is(204);
        assert_eq!((employees(&one).await, employees(&other).await), (401, 200));
        let page = one.post(path(&first), &[]).await;
        assert!(page.is(410).contains("does not work any more"), "{}", page.text);
        let disable = format!("/v1/accounts/{ana}/disable");
        let told = app.admin("POST", &disable, json!({})).await;
        let dependants = &told.problem(409, "dependants")["dependants"];
        assert_eq!(dependants[0]["kind"], "quicklink");
        assert_eq!((&dependants[0]["id"], dependants.as_array().unwrap().len()), (&second["id"], 1));
        app.admin("POST", &disable, json!({"confirm": true})).await.is(200);
        assert_eq!(employees(&other).await, 401);
        // It was the person's: it does not come back by itself.
        app.admin("POST", &format!("/v1/accounts/{ana}/enable"), None).await.is(200);
        assert_eq!(employees(&other).await, 401);
    })
    .await;
}

#[tokio::test]
async fn it_opens_no_more_than_its_account_sees_and_acts_for_no_other_app() {
    TestApp::each(async |app| {
        let ana = account(app, ANA, "user", &[&app.company.id]).await;
        let other = app.add_company("Birch").await.0;
        app.add_app("Planner", &[&app.company.id]).await;
        let body = json!({"company_id": app.company.id, "account_id": ANA, "app_id": "Timesheets"});
        let made = app.admin("POST", "/v1/quicklinks", body).await.is(201).clone();
        let visitor = Visitor::of(app);
        visitor.post(path(&made), &[]).await.leads_to();
        assert_eq!(visitor.api(Method::GET, "/v1/links?app=Timesheets", None).await.0, 200);
        assert_eq!(visitor.api(Method::GET, "/v1/links?app=Planner", None).await.0, 403);
        app.admin("PATCH", &format!("/v1/accounts/{ana}"), json!({"companies": [other.id]})).await.is(200);
        assert_eq!(employees(&visitor).await, 401);
        let refused = json!({"company_id": app.company.id, "account_id": ANA});
        app.admin("POST", "/v1/quicklinks", refused).await.problem(409, "not_their_company");
    })
    .await;
}

#[tokio::test]
async fn an_account_makes_and_sees_its_own_alone() {
    TestApp::each(async |app| {
        account(app, ANA, "user", &[&app.company.id]).await;
        account(app, "ben@example.com", "user", &[&app.company.id]).await;
        let bens = quicklink(app, "ben@example.com").await;
        let ana = Visitor::of(app);
        ana.post("/sign-in", &[("email", ANA), ("password", super::PASSWORD)]).await.leads_to();
        let body = json!({"company_id": "Acme", "expires_in_days": 7});
        let (status, made) = ana.api(Method::POST, "/v1/quicklinks", Some(body)).await;
        assert_eq!(status, 201, "{made}");
        let (_, list) = ana.api(Method::GET, "/v1/quicklinks", None).await;
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        assert_eq!(list["data"][0]["id"], made["id"]);
        let theirs = format!("/v1/quicklinks/{}", bens["id"].as_str().unwrap());
        assert_eq!(ana.api(Method::DELETE, &theirs, None).await.0, 404);
        let for_ben = json!({"company_id": "Acme", "account_id": "ben@example.com"});
        assert_eq!(ana.api(Method::POST, "/v1/quicklinks", Some(for_ben)).await.0, 404);
    })
    .await;
}

#[tokio::test]
async fn a_session_beside_it_wins_and_one_that_has_ended_does_not_stand_in_its_way() {
    TestApp::each(async |app| {
        account(app, ANA, "account-admin", &[]).await;
        let made = quicklink(app, ANA).await;
        let visitor = Visitor::of(app);
        visitor.post("/sign-in", &[("email", ANA), ("password", super::PASSWORD)]).await.leads_to();
        visitor.post(path(&made), &[]).await.leads_to();
        assert_eq!(visitor.api(Method::GET, "/v1/accounts", None).await.0, 200);
        let me = app.admin("GET", &format!("/v1/accounts/{ANA}"), None).await.is(200)["id"].clone();
        let sessions = format!("/v1/accounts/{}/sessions", me.as_str().unwrap());
        app.admin("DELETE", &sessions, None).await.is(204);
        assert_eq!(visitor.api(Method::GET, "/v1/accounts", None).await.0, 403, "now the Quicklink counts");
        assert_eq!(employees(&visitor).await, 200);
    })
    .await;
}

#[tokio::test]
async fn frames_are_allowed_on_its_pages_alone() {
    let database = TestDatabase::sqlite();
    let origin = "https://na.myconnectwise.net";
    let app = TestApp::start_changed(&database, |_, gateway| {
        let frame_ancestors = vec![origin.to_owned()];
        gateway.pages = std::sync::Arc::new(rollcall::config::PageSettings { frame_ancestors });
    })
    .await;
    account(&app, ANA, "account-admin", &[]).await;
    let visitor = Visitor::of(&app);
    let may = |page: &super::visitor::Page| page.header("content-security-policy").contains(origin);
    let made = quicklink(&app, ANA).await;
    assert!(may(&visitor.get(path(&made)).await));
    assert!(may(&visitor.get("/q").await), "what is wrong is shown in the frame as well");
    visitor.post(path(&made), &[]).await.leads_to();
    assert!(may(&visitor.get("/q").await));
    for other in ["/sign-in", "/", "/nothing", "/docs", "/v1/companies", "/reset/x"] {
        let page = visitor.get(other).await;
        assert!(
            page.header("content-security-policy").contains("frame-ancestors 'none'"),
            "{other}: {page:?}"
        );
    }
}
