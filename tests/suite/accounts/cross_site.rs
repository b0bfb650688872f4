//! Other sites cannot act in the name of whoever is signed in.

use reqwest::Method;
use rollcall::domain::words::Role;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn what_changes_something_with_a_cookie_must_come_from_our_own_pages() {
    TestApp::each(async |app| {
        let ana = app.person("ana@example.com", Role::User, &["Acme"]).await;
        let cookie = ana.cookie();
        let own = format!("http://{}", app.address);
        let public = app.gateway.public_url.origin().ascii_serialization();
        let body = Some(json!({ "name": "Ana" }));
        for (headers, passes) in [
            (vec![], false),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "none")], true),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![("sec-fetch-site", "cross-site")], false),
            (vec![("origin", own.as_str())], true),
            (vec![("origin", public.as_str())], true),
            (vec![("origin", public.as_str()), ("sec-fetch-site", "cross-site")], true),
            (vec![("origin", "https://evil.example")], false),
            (vec![("origin", "null")], false),
        ] {
            let mut all = headers.clone();
            all.push(("cookie", cookie.as_str()));
            let answer = app.call_with(Method::PATCH, "/v1/me", &all, body.clone()).await;
            match passes {
                true => answer.is(200),
                false => answer.problem(403, "cross_site"),
            };
            // Reading is free: what is read cannot be seen by other sites.
            app.call_with(Method::GET, "/v1/me", &all, None).await.is(200);
        }
    })
    .await;
}

#[tokio::test]
async fn another_site_cannot_sign_somebody_in_and_a_token_needs_no_origin() {
    TestApp::each(async |app| {
        let body = Some(json!({ "email": "ana@example.com", "password": "x" }));
        let from = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
        app.call_with(Method::POST, "/v1/session", &from, body.clone()).await.problem(403, "cross_site");
        // A program sends neither header.
        app.call_with(Method::POST, "/v1/session", &[], body).await.problem(401, "invalid_credentials");
        let bearer = format!("Bearer {}", app.token);
        let headers = [("authorization", bearer.as_str()), from[0], from[1]];
        let profile = Some(json!({ "name": "Ana" }));
        app.call_with(Method::PUT, "/v1/profiles/employee/u-1", &headers, profile).await.is(201);
    })
    .await;
}
