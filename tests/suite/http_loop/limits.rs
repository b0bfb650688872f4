//! Slow and greedy clients.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use http_body_util::BodyExt;
use rollcall::http::{
    limits::{BodyFailure, limited, timed},
    problem::ApiError,
    server::Limits,
};

use super::{Gateway, SHORT, limits, within};

/// Reads the body frame by frame, as the Web Connector's service does.
async fn stream(mut body: Body) -> Result<String, ApiError> {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| BodyFailure::of(&error).problem())?;
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    Ok(length.to_string())
}

fn router() -> Router {
    let buffer = |body: Bytes| async move { body.len().to_string() };
    let small = limited(Router::new().route("/v1/small", post(stream)), 16);
    let large = limited(Router::new().route("/v1/large", post(buffer)), 8 << 20);
    let slow = Router::new().route("/v1/slow", get(std::future::pending::<()>));
    small.merge(large).merge(timed(slow, SHORT)).route("/ok", get(|| async { "ok" }))
}

#[tokio::test]
async fn a_slow_head_is_closed() {
    let gateway = Gateway::start(router(), Limits { header_timeout: SHORT, ..limits() }).await;
    for start in ["", "G", "GET / HTTP/1.1\r\nHost", "PRI * HT"] {
        let mut client = gateway.connect().await;
        client.send(start).await;
        assert!(!client.closed().await.starts_with(b"HTTP/1.1 2"), "{start:?}");
    }
    // Also the second head, so an idle connection does not stay.
    let mut client = gateway.connect().await;
    assert_eq!(client.get("/ok").await.body, "ok");
    client.send("GET /o").await;
    client.closed().await;
}

#[tokio::test]
async fn a_slow_body_is_answered_and_closed() {
    let gateway = Gateway::start(router(), limits()).await;
    for framing in ["Content-Length: 9\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"] {
        let mut client = gateway.connect().await;
        client.send(format!("POST /v1/small HTTP/1.1\r\nHost: x\r\n{framing}")).await;
        client.answer().await.problem(408, "body_too_slow");
        client.closed().await;
    }
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let gateway = Gateway::start(router(), limits()).await;
    // By its declared length, before a byte of it was sent or asked for.
    let mut client = gateway.connect().await;
    client
        .send("POST /v1/small HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 17\r\n\r\n")
        .await;
    client.answer().await.problem(413, "body_too_large");

    let mut client = gateway.connect().await;
    client.send("POST /v1/small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.send("10\r\n0123456789abcdef\r\n1\r\n!\r\n").await;
    client.answer().await.problem(413, "body_too_large");

    // A client that sends all of it before it looks for an answer finds one.
    let mut client = gateway.connect().await;
    client.post("/v1/small", &"x".repeat(30 << 20)).await.problem(413, "body_too_large");

    let mut client = gateway.connect().await;
    assert_eq!(client.post("/v1/small", "0123456789abcdef").await.body, "16");
    let large = "x".repeat(3 << 20);
    assert_eq!(client.post("/v1/large", &large).await.body, large.len().to_string(), "over axum's 2 MB");
}

#[tokio::test]
async fn a_slow_handler_is_answered_for() {
    let gateway = Gateway::start(router(), limits()).await;
    gateway.connect().await.get("/v1/slow").await.problem(503, "took_too_long");
}

#[tokio::test]
async fn the_cap_makes_others_wait() {
    static SERVED: AtomicU32 = AtomicU32::new(0);
    let count = || async { (SERVED.fetch_add(1, Ordering::SeqCst) + 1).to_string() };
    let router = Router::new().route("/", get(count));
    let gateway = Gateway::start(router, Limits { max_connections: 1, ..limits() }).await;
    let mut first = gateway.connect().await;
    assert_eq!(first.get("/").await.body, "1");
    let mut second = gateway.connect().await;
    second.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    for n in 2..10 {
        assert_eq!(first.get("/").await.body, n.to_string(), "the second is not served yet");
    }
    drop(first);
    assert_eq!(second.answer().await.body, "10");
}

#[tokio::test]
async fn who_never_reads_loses_the_slot() {
    let endless = || async {
        let zeros = Bytes::from_static(&[0; 1 << 16]);
        Body::from_stream(futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(zeros.clone())))
    };
    let router = router().route("/endless", get(endless));
    let limits = Limits { max_connections: 1, write_timeout: SHORT, ..limits() };
    let gateway = Gateway::start(router, limits).await;
    let mut greedy = gateway.connect().await;
    greedy.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(gateway.connect().await.get("/ok").await.body, "ok");
}

#[tokio::test]
async fn a_body_in_many_pieces_may_take_longer_than_the_silence_between_two() {
    let gateway = Gateway::start(router(), limits()).await;
    let mut client = gateway.connect().await;
    client.send("POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n").await;
    let mut pace = tokio::time::interval(Duration::from_millis(60));
    for _ in 0..8 {
        within(pace.tick()).await;
        client.send("x").await;
    }
    assert_eq!(client.answer().await.body, "8");
}
