//! Sessions: how they begin, what they let see, and when they end.

use chrono::TimeDelta;
use reqwest::Method;
use rollcall::domain::words::{List, Role};
use serde_json::json;

use crate::support::{TestApp, TestClock, TestDatabase, people};

use super::{PASSWORD, add, cookie, sign_in, who};

#[tokio::test]
async fn a_person_signs_in_sees_who_it_is_and_signs_out() {
    TestApp::each(async |app| {
        let id = add(app, "Ana@Example.com", "user", &["Acme"]).await;
        let answer = sign_in(app, "ana@example.COM", PASSWORD).await;
        let body = answer.is(200);
        assert_eq!((&body["id"], &body["role"]), (&json!(id), &json!("user")));
        assert_eq!(
            (&body["session"]["method"], &body["session"]["current"]),
            (&json!("password"), &json!(true))
        );
        let set = answer.headers["set-cookie"].to_str().unwrap();
        for part in ["rollcall=rcs_", "; Path=/", "; HttpOnly", "; SameSite=Lax"] {
            assert!(set.contains(part), "{part} in {set}");
        }
        assert!(!answer.text.contains("rcs_"), "the secret stands in the cookie alone");
        let first = cookie(&answer);
        assert_eq!(who(app, &first).await.is(200)["email"], "Ana@Example.com");

        // Another sign-in of the same browser begins another session, and the one before ends.
        let headers = [("cookie", first.as_str()), ("sec-fetch-site", "same-origin")];
        let body = json!({ "email": "ana@example.com", "password": PASSWORD });
        let again = app.call_with(Method::POST, "/v1/session", &headers, Some(body)).await;
        again.is(200);
        let second = cookie(&again);
        assert_ne!(first, second);
        who(app, &first).await.problem(401, "signed_out");
        who(app, &second).await.is(200);

        let headers = [("cookie", second.as_str()), ("sec-fetch-site", "same-origin")];
        let out = app.call_with(Method::DELETE, "/v1/session", &headers, None).await;
        out.is(204);
        assert!(out.headers["set-cookie"].to_str().unwrap().starts_with("rollcall=; Path=/; Max-Age=0"));
        who(app, &second).await.problem(401, "signed_out");
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_sign_in_is_not_told() {
    TestApp::each(async |app| {
        add(app, "ana@example.com", "user", &[]).await;
        app.person("without@example.com", Role::User, &[]).await;
        let mut said = Vec::new();
        for (email, password) in [
            ("ana@example.com", "wrong"),
            ("nobody@example.com", PASSWORD),
            ("without@example.com", PASSWORD),
            ("ana@example.com", &"x".repeat(2000)),
        ] {
            let answer = sign_in(app, email, password).await;
            let problem = answer.problem(401, "invalid_credentials").clone();
            assert!(!answer.headers.contains_key("set-cookie"));
            said.push((problem["detail"].clone(), problem["remedy"].clone()));
        }
        said.dedup();
        assert_eq!(said.len(), 1, "one text for all: {said:?}");
        let long = sign_in(app, "ana@example.com", &"x".repeat(5000)).await;
        assert_eq!(long.status, 413);
    })
    .await;
}

#[tokio::test]
async fn a_person_sees_its_own_companies_and_nothing_else() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(2)).await;
        let (other, _) = app.add_company("Birch").await;
        let ana = app.person("ana@example.com", Role::User, &["Acme"]).await;
        let companies = app.by(&ana, "GET", "/v1/companies", None).await;
        assert_eq!(companies.is(200)["data"].as_array().unwrap().len(), 1);
        assert_eq!(
            app.by(&ana, "GET", "/v1/employees", None).await.is(200)["data"].as_array().unwrap().len(),
            2
        );
        let foreign = format!("/v1/companies/{}", other.id);
        app.by(&ana, "GET", &foreign, None).await.problem(404, "company_not_found");
        app.by(&ana, "POST", "/v1/companies", json!({ "name": "New" })).await.problem(403, "admin_only");
        let ops = app.person("ops@example.com", Role::AccountAdmin, &[]).await;
        app.by(&ops, "GET", &foreign, None).await.is(200);
        app.by(&ops, "POST", "/v1/companies", json!({ "name": "New" })).await.is(201);
        // A token is meant where both are sent.
        let bearer = format!("Bearer {}", app.token);
        let headers = [("cookie", ops.cookie()), ("authorization", bearer)];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        app.call_with(Method::GET, &foreign, &headers, None).await.problem(404, "company_not_found");
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_after_eight_idle_hours_and_after_seven_days_in_any_case() {
    TestDatabase::each(async |database| {
        let clock = TestClock::new();
        let app = TestApp::start_at(database, clock.clone()).await;
        let ana = app.person("ana@example.com", Role::User, &["Acme"]).await;
        let idle = app.signed_in(&ana.id).await;
        let seen = async || app.by(&ana, "GET", "/v1/session", None).await;
        let last_seen = async || seen().await.is(200)["session"]["last_seen_at"].clone();
        for seven_hours in 1..24 {
            let before = last_seen().await;
            clock.advance(TimeDelta::hours(7));
            // It is noted beside the request that something has happened.
            while last_seen().await == before {
                tokio::task::yield_now().await;
            }
            if seven_hours == 2 {
                // In this one nothing has happened.
                app.by(&idle, "GET", "/v1/companies", None).await.problem(401, "signed_out");
            }
        }
        clock.advance(TimeDelta::hours(7));
        seen().await.problem(401, "signed_out");
    })
    .await;
}
