//! Every error is a problem, and every request has an ID.

use axum::{
    Router,
    extract::Query,
    http::StatusCode,
    routing::{get, post},
};
use rollcall::{
    domain::problem::Problem,
    http::{
        extract::{ApiJson, ApiPath, ApiQuery},
        limits::limited,
        problem::ApiError,
    },
};
use serde::Deserialize;

use super::{Gateway, limits};

#[derive(Deserialize)]
struct Named {
    name: String,
}

fn router() -> Router {
    let conflict = || async {
        let problem = Problem::new("taken", "It is linked to Ana.", "Unlink it first.");
        ApiError::new(StatusCode::CONFLICT, problem).with("profile_id", "7").with("status", 200)
    };
    let api = Router::new()
        .route("/v1/json", post(|ApiJson(named): ApiJson<Named>| async move { named.name }))
        .route(
            "/v1/optional",
            post(|named: Option<ApiJson<Named>>| async move {
                named.map_or_else(|| "none".to_owned(), |ApiJson(named)| named.name)
            }),
        )
        .route("/v1/query", get(|ApiQuery(named): ApiQuery<Named>| async move { named.name }))
        .route("/v1/number/{n}", get(|ApiPath(n): ApiPath<u32>| async move { n.to_string() }))
        .route("/v1/foreign", get(|Query(named): Query<Named>| async move { named.name }))
        .route("/v1/conflict", get(conflict))
        .route("/v1/internal", get(|| async { ApiError::internal("the disk is full of hunter2") }))
        .route("/panic", get(|| async { panic!("on purpose") as &'static str }))
        .route("/plain", get(|| async { (StatusCode::BAD_GATEWAY, "a page") }));
    limited(api, 64)
}

async fn gateway() -> Gateway {
    Gateway::start(router(), limits()).await
}

#[tokio::test]
async fn what_no_route_takes_is_a_problem() {
    let gateway = gateway().await;
    let mut client = gateway.connect().await;
    for path in ["/nowhere", "/v1/nowhere"] {
        client.get(path).await.problem(404, "no_such_route");
    }
    let answer = client.get("/v1/json").await;
    answer.problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("POST"));
}

#[tokio::test]
async fn bad_input_is_a_problem() {
    let gateway = gateway().await;
    let mut client = gateway.connect().await;
    assert_eq!(client.post("/v1/json", r#"{"name": "Ana"}"#).await.body, "Ana");
    client.post("/v1/json", "{").await.problem(400, "invalid_json");
    let body = client.post("/v1/json", "{}").await.problem(422, "invalid_body");
    assert!(body["detail"].as_str().unwrap().contains("name"), "{body}");
    client.send("POST /v1/json HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}").await;
    client.answer().await.problem(415, "not_json");
    // That body was not read.
    let mut client = gateway.connect().await;
    client.get("/v1/query").await.problem(400, "invalid_query");
    client.get("/v1/number/x").await.problem(400, "invalid_path");
    // An extractor of axum's own answers with text.
    client.get("/v1/foreign").await.problem(400, "bad_request");
}

#[tokio::test]
async fn nothing_of_an_address_is_repeated() {
    let gateway = gateway().await;
    let mut client = gateway.connect().await;
    for (path, status) in [("/hunter2", 404), ("/v1/hunter2", 404), ("/v1/number/hunter2", 400)] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(!answer.body.contains("hunter2"), "{answer:?}");
    }
    client.send("HUNTER2 /v1/number/hunter2 HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let answer = client.answer().await;
    answer.problem(405, "method_not_allowed");
    assert!(!answer.body.to_lowercase().contains("hunter2"), "{answer:?}");
}

#[tokio::test]
async fn an_optional_body_may_be_missing() {
    let gateway = gateway().await;
    let mut client = gateway.connect().await;
    client.send("POST /v1/optional HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(client.answer().await.body, "none");
    assert_eq!(client.post("/v1/optional", "").await.body, "none", "although it is declared as JSON");
    assert_eq!(client.post("/v1/optional", r#"{"name": "Ana"}"#).await.body, "Ana");
    client.post("/v1/optional", "{").await.problem(400, "invalid_json");
}

#[tokio::test]
async fn a_problem_holds_more_members_but_no_cause() {
    let gateway = gateway().await;
    let mut client = gateway.connect().await;
    let body = client.get("/v1/conflict").await.problem(409, "taken");
    assert_eq!(body["profile_id"], "7");
    let answer = client.get("/v1/internal").await;
    answer.problem(500, "internal");
    assert!(!answer.body.contains("hunter2"), "{answer:?}");
    // Outside of the API a handler's own error page stays.
    assert_eq!(client.get("/plain").await.body, "a page");
}

#[tokio::test]
async fn a_panic_is_a_problem_and_the_next_request_works() {
    let gateway = gateway().await;
    let mut client = gateway.connect().await;
    let answer = client.get("/panic").await;
    answer.problem(500, "internal");
    assert!(!answer.body.contains("on purpose"));
    assert_eq!(client.get("/v1/number/7").await.body, "7");
}

#[tokio::test]
async fn every_request_has_an_id() {
    let gateway = gateway().await;
    let mut client = gateway.connect().await;
    let first = client.get("/v1/number/7").await;
    let id = first.header("x-request-id").unwrap().to_owned();
    assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_ne!(client.get("/v1/number/7").await.header("x-request-id"), Some(id.as_str()));

    let long = "a".repeat(65);
    for (sent, kept) in [("abc-1.2_3", true), ("a b", false), ("a\"b", false), (&*long, false)] {
        client.send(format!("GET /v1/nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: {sent}\r\n\r\n")).await;
        let answer = client.answer().await;
        answer.problem(404, "no_such_route");
        assert_eq!(answer.header("x-request-id") == Some(sent), kept, "{sent}");
    }
}

#[tokio::test]
async fn answers_carry_the_security_headers() {
    let gateway = gateway().await;
    let mut client = gateway.connect().await;
    for (path, cache) in
        [("/v1/number/7", Some("no-store")), ("/v1/nowhere", Some("no-store")), ("/plain", None)]
    {
        let answer = client.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        // By plain http it would mean nothing.
        assert_eq!(answer.header("strict-transport-security"), None);
        assert_eq!(answer.header("cache-control"), cache, "{path}");
    }
}

#[tokio::test]
async fn head_has_no_body() {
    let gateway = gateway().await;
    let mut client = gateway.connect().await;
    client.send("HEAD /v1/nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let rest = String::from_utf8(client.closed().await).unwrap();
    assert!(rest.starts_with("HTTP/1.1 404") && rest.ends_with("\r\n\r\n"), "{rest}");
}
