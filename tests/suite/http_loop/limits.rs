//! Slow and greedy clients.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use http_body_util::BodyExt;
use rollcall::{
    config::{MapSource, Settings},
    http::{
        limits::{BodyFailure, limited, timed},
        problem::ApiError,
        server::Limits,
    },
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

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
    let wide = limited(Router::new().route("/v1/wide", post(stream)), 8 << 20);
    let large = limited(Router::new().route("/v1/large", post(buffer)), 8 << 20);
    let slow = Router::new().route("/v1/slow", get(std::future::pending::<()>));
    small.merge(wide).merge(large).merge(timed(slow, SHORT)).route("/ok", get(|| async { "ok" }))
}

#[tokio::test]
async fn a_slow_head_is_closed() {
    let gateway =
        Gateway::start(router(), Limits { first_request_timeout: SHORT, header_timeout: SHORT, ..limits() })
            .await;
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
async fn the_first_request_must_come_sooner_than_the_next() {
    let gateway = Gateway::start(router(), Limits { first_request_timeout: SHORT, ..limits() }).await;
    let mut silent = gateway.connect().await;
    let mut client = gateway.connect().await;
    assert_eq!(client.get("/ok").await.body, "ok");
    assert!(silent.closed().await.is_empty());
    assert_eq!(client.get("/ok").await.body, "ok", "this one has made its first");
}

#[tokio::test]
async fn at_the_cap_the_one_that_moves_least_makes_room() {
    let gateway = Gateway::start(router(), Limits { max_connections: 2, ..limits() }).await;
    let mut idle = gateway.connect().await;
    assert_eq!(idle.get("/ok").await.body, "ok");
    let mut half_sent = gateway.connect().await;
    half_sent.send("POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc").await;
    let mut first = gateway.connect().await;
    assert_eq!(first.get("/ok").await.body, "ok");
    assert!(idle.closed().await.is_empty());
    let mut second = gateway.connect().await;
    assert_eq!(second.get("/ok").await.body, "ok");
    half_sent.closed().await;
    assert_eq!(first.get("/ok").await.body, "ok", "who moved last is still there");
}

#[tokio::test]
async fn a_thousand_silent_connections_of_one_address_make_nobody_wait() {
    let gateway = Gateway::start(router(), limits()).await;
    let mut silent = Vec::new();
    for _ in 0..1030 {
        silent.push(gateway.connect().await);
    }
    // Those that came within the last quarter of a second need not make room yet: the answer says «in a moment».
    let served = loop {
        let answer = gateway.connect().await.get("/ok").await;
        if answer.status != 503 {
            break answer;
        }
    };
    assert_eq!(served.body, "ok");
    assert_eq!(gateway.connect_from("127.0.0.2").await.get("/ok").await.body, "ok");
    // They made room: at most 256 of them are ever there together.
    assert!(silent[0].closed().await.is_empty());
}

/// Many who come at once from one address, and are honest, wait for each other.
#[tokio::test]
async fn a_thousand_honest_calls_at_once_are_all_answered() {
    let gateway = Gateway::start(router(), limits()).await;
    let mut clients = Vec::new();
    for _ in 0..1000 {
        let mut client = gateway.connect().await;
        client
            .send("POST /v1/small HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
            .await;
        clients.push(client);
    }
    for client in &mut clients {
        assert_eq!(client.answer().await.body, "1");
    }
}

#[tokio::test]
async fn calls_that_dribble_make_nobody_wait() {
    let limits = Limits { body_timeout: Duration::from_mins(1), ..limits() };
    let gateway = Gateway::start(router(), limits).await;
    let mut half_sent = Vec::new();
    for _ in 0..600 {
        let mut client = gateway.connect().await;
        client.send("POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc").await;
        half_sent.push(client);
    }
    assert_eq!(gateway.connect().await.post("/v1/small", "x").await.body, "1");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_bound() {
    let source: MapSource = [("ROLLCALL_TRUSTED_PROXIES", "127.0.0.1")].into_iter().collect();
    let proxies = Settings::read(&source).unwrap().http.trusted_proxies;
    let bound = Limits { max_connections_per_address: 2, trusted_proxies: Arc::new(proxies), ..limits() };
    let gateway = Gateway::start(router(), Limits { body_timeout: Duration::from_mins(1), ..bound }).await;
    let half = |client: &str| {
        format!(
            "POST /v1/small HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\nContent-Length: 9\r\n\r\nabc"
        )
    };
    let mut clients = Vec::new();
    for client in ["192.0.2.7", "192.0.2.8", "192.0.2.7", "192.0.2.7"] {
        clients.push(gateway.connect().await);
        clients.last_mut().unwrap().send(half(client)).await;
    }
    // The first of the three of one client makes room for the last, and is told so.
    clients[0].answer().await.problem(503, "too_busy");
    for client in &mut clients[1..] {
        client.send("defghi").await;
        assert_eq!(client.answer().await.body, "9");
    }
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_answered_and_closed() {
    let limits = Limits { min_body_rate: 1000, ..limits() };
    let gateway = Gateway::start(router(), limits).await;
    let mut client = gateway.connect().await;
    client.send("POST /v1/wide HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n").await;
    let mut pace = tokio::time::interval(Duration::from_millis(30));
    let (mut read, mut write) = client.0.split();
    // Never silent, and never done.
    let dribble = async {
        while write.write_all(b"x").await.is_ok() {
            pace.tick().await;
        }
    };
    let mut answer = [0; 12];
    tokio::select! {
        () = within(dribble) => panic!("closed without an answer"),
        read = within(read.read_exact(&mut answer)) => drop(read.unwrap()),
    }
    assert_eq!(&answer, b"HTTP/1.1 408");
    // Ten times as fast it passes.
    let mut client = gateway.connect().await;
    client.send("POST /v1/wide HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n").await;
    for _ in 0..20 {
        pace.tick().await;
        client.send([b'x'; 250]).await;
    }
    assert_eq!(client.answer().await.body, "5000");
}

/// Clients that look for an answer only when all is sent, as most do, and a gateway that answers at once.
#[tokio::test]
async fn an_early_answer_is_never_lost() {
    let gateway = Gateway::start(router(), limits()).await;
    let body = "x".repeat(2 << 20);
    for round in 0..40 {
        let mut client = gateway.connect().await;
        client
            .send(format!("POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len()))
            .await;
        for piece in body.as_bytes().chunks(64 << 10) {
            client.send(piece).await;
            // The gateway has answered by now, and read what there is.
            tokio::task::yield_now().await;
        }
        let answer = client.answer().await;
        assert_eq!(answer.status, 413, "round {round}");
    }
}

#[tokio::test]
async fn who_never_reads_loses_the_slot() {
    let endless = || async {
        let zeros = Bytes::from(vec![0; 1 << 16]);
        Body::from_stream(futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(zeros.clone())))
    };
    let router = router().route("/endless", get(endless));
    let limits = Limits { max_connections: 1, write_timeout: SHORT, ..limits() };
    let gateway = Gateway::start(router, limits).await;
    let mut greedy = gateway.connect().await;
    greedy.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(gateway.connect().await.get("/ok").await.body, "ok");
}

/// More waits for clients than the gateway lets wait: one of them is ended, and others are served.
#[tokio::test]
async fn answers_that_nobody_takes_are_bounded_together() {
    static LARGE: [u8; 64 << 20] = [0; 64 << 20];
    let router = router().route("/large", get(|| async { Bytes::from_static(&LARGE) }));
    let gateway = Gateway::start(router, limits()).await;
    let mut greedy = Vec::new();
    for _ in 0..5 {
        greedy.push(super::memory::ask(gateway.address, "/large", 1).await);
    }
    // All of them together are 320 MiB, of which 256 may wait.
    let closed = greedy.iter_mut().map(|client| Box::pin(client.closed()));
    futures_util::future::select_all(closed).await;
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
