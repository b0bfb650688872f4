//! The gateway stops.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{get, post},
};
use rollcall::http::server::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, tcp::OwnedReadHalf},
    sync::Semaphore,
    task::JoinHandle,
};

use super::{
    Gateway, SHORT, limits,
    wire::{DATA, EMPTY_SETTINGS, GET_ROOT, GOAWAY, PING, PING_ACK, PREFACE, frame},
    within,
};

/// A route that tells when it has begun, and waits until it may end.
struct Waiting {
    begun: Arc<Semaphore>,
    may_end: Arc<Semaphore>,
}

impl Waiting {
    fn new() -> (Self, Router) {
        let waiting = Self { begun: Arc::new(Semaphore::new(0)), may_end: Arc::new(Semaphore::new(0)) };
        let (begun, may_end) = (waiting.begun.clone(), waiting.may_end.clone());
        let handler = get(move || async move {
            begun.add_permits(1);
            may_end.acquire().await.unwrap().forget();
            "done"
        });
        let router = Router::new().route("/", handler.clone()).route("/wait", handler);
        (waiting, router.route("/ok", get(|| async { "ok" })))
    }

    async fn begun(&self) {
        within(self.begun.acquire()).await.unwrap().forget();
    }
}

#[tokio::test]
async fn what_is_in_flight_is_finished() {
    let (waiting, router) = Waiting::new();
    let mut gateway = Gateway::start(router, limits()).await;
    let mut idle = gateway.connect().await;
    assert_eq!(idle.get("/ok").await.body, "ok");
    let mut silent = gateway.connect().await;
    let mut busy = gateway.connect().await;
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    waiting.begun().await;

    gateway.stop();
    // The others are closed at once.
    assert!(idle.closed().await.is_empty());
    assert!(silent.closed().await.is_empty());
    assert!(TcpStream::connect(gateway.address).await.is_err(), "nothing listens any more");

    waiting.may_end.add_permits(1);
    let answer = busy.answer().await;
    assert_eq!((answer.status, &*answer.body), (200, "done"));
    assert!(busy.closed().await.is_empty());
    gateway.ended().await;
}

#[tokio::test]
async fn an_http_2_request_in_flight_is_finished() {
    let (waiting, router) = Waiting::new();
    let mut gateway = Gateway::start(router, limits()).await;
    let mut busy = gateway.connect().await;
    busy.send([PREFACE, EMPTY_SETTINGS, GET_ROOT].concat()).await;
    waiting.begun().await;
    gateway.stop();
    let (mut told, mut body) = (false, None);
    while body.is_none() {
        match frame(&mut busy).await {
            (GOAWAY, 0, _) if !told => {
                told = true;
                waiting.may_end.add_permits(1);
            }
            (PING, 0, payload) => busy.send([PING_ACK, &payload].concat()).await,
            (DATA, 1, payload) => body = Some(payload),
            _ => {}
        }
    }
    assert!(told, "the client learns that it has to go elsewhere");
    assert_eq!(body.unwrap(), b"done");
    busy.closed().await;
    gateway.ended().await;
}

#[tokio::test]
async fn what_takes_longer_than_the_grace_is_closed() {
    let (waiting, router) = Waiting::new();
    let mut gateway = Gateway::start(router, Limits { shutdown_grace: SHORT, ..limits() }).await;
    let mut busy = gateway.connect().await;
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    waiting.begun().await;
    gateway.stop();
    gateway.ended().await;
    assert!(busy.closed().await.is_empty());
}

#[tokio::test]
async fn a_full_gateway_stops_too() {
    let (_waiting, router) = Waiting::new();
    let limits = Limits { max_connections: 1, shutdown_grace: Duration::from_secs(5), ..limits() };
    let mut gateway = Gateway::start(router, limits).await;
    let mut idle = gateway.connect().await;
    assert_eq!(idle.get("/ok").await.body, "ok");
    gateway.stop();
    gateway.ended().await;
}

#[tokio::test]
async fn what_is_half_sent_and_does_not_move_is_not_waited_for() {
    let read = |body: axum::body::Bytes| async move { body.len().to_string() };
    let router = Router::new().route("/", post(read)).route("/ok", get(|| async { "ok" }));
    let limits = Limits { shutdown_grace: Duration::from_hours(1), ..super::limits() };
    let limits = Limits { body_timeout: Duration::from_hours(1), ..limits };
    let mut gateway = Gateway::start(router, limits).await;
    let mut half_sent = Vec::new();
    for start in
        ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", "GET /ok HTTP/1.1\r\nHo", "PRI * HT"]
    {
        let mut client = gateway.connect().await;
        client.send(start).await;
        half_sent.push(client);
    }
    let mut streams = gateway.connect().await;
    // HEADERS of stream 1 for `POST /` without END_STREAM.
    streams
        .send(
            [PREFACE, EMPTY_SETTINGS, &[0, 0, 6, 1, 4, 0, 0, 0, 1, 0x83, 0x86, 0x84, 0x41, 1, b'x']].concat(),
        )
        .await;
    // One whose body really moves is waited for.
    let mut sending = gateway.connect().await;
    let piece = [b'x'; 16 * 1024];
    let length = 5 * piece.len();
    sending.send(format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")).await;
    assert_eq!(gateway.connect().await.get("/ok").await.body, "ok");
    gateway.stop();
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    for _ in 0..5 {
        within(pace.tick()).await;
        Box::pin(sending.send(piece)).await;
    }
    assert_eq!(sending.answer().await.body, length.to_string());
    half_sent[0].answer().await;
    gateway.ended().await;
}

/// Sends a byte now and then until that fails.
fn dribble(client: super::Client<TcpStream>) -> (OwnedReadHalf, JoinHandle<()>) {
    let (read, mut write) = client.0.into_split();
    let dribbling = tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        while write.write_all(b"x").await.is_ok() {
            pace.tick().await;
        }
    });
    (read, dribbling)
}

#[tokio::test]
async fn what_dribbles_is_not_waited_for() {
    let read = |body: axum::body::Bytes| async move { body.len().to_string() };
    let router = Router::new().route("/", post(read)).route("/ok", get(|| async { "ok" }));
    let hour = Duration::from_hours(1);
    let limits = Limits { shutdown_grace: hour, body_timeout: hour, header_timeout: hour, ..limits() };
    let mut gateway = Gateway::start(router, limits).await;
    let mut dribbling = Vec::new();
    // A body, the head of a second request, and a body that nobody reads any more.
    for start in [
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nabc",
        "GET /ok HTTP/1.1\r\nHost: x\r\n\r\nGET /ok HTTP/1.1\r\nX: ",
        "GET /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nabc",
    ] {
        let mut client = gateway.connect().await;
        client.send(start).await;
        dribbling.push(dribble(client));
    }
    assert_eq!(gateway.connect().await.get("/ok").await.body, "ok");
    gateway.stop();
    gateway.ended().await;
    for (n, (mut read, dribbling)) in dribbling.into_iter().enumerate() {
        let mut told = Vec::new();
        let _ = within(read.read_to_end(&mut told)).await;
        let told = String::from_utf8(told).unwrap();
        assert!(n > 0 || told.contains("the gateway stops"), "{n}: {told}");
        within(dribbling).await.unwrap();
    }
}

/// Half a body gets two seconds, and its sender a moment to read the answer, not as long again.
#[tokio::test]
async fn a_half_sent_body_does_not_hold_a_gateway_twice_as_long_as_it_may() {
    let half = Limits { shutdown_grace: Duration::from_hours(1), ..limits() };
    let half = Limits { body_timeout: Duration::from_hours(1), ..half };
    let read = |body: axum::body::Bytes| async move { body.len().to_string() };
    let mut stopping = Gateway::start(Router::new().route("/", post(read)), half).await;
    let mut client = stopping.connect().await;
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc").await;
    // The clock beside it: another gateway that ends by its grace.
    let (waiting, router) = Waiting::new();
    let grace = Limits { shutdown_grace: Duration::from_millis(3700), ..limits() };
    let mut clock = Gateway::start(router, grace).await;
    let mut busy = clock.connect().await;
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    waiting.begun().await;
    stopping.stop();
    clock.stop();
    tokio::select! {
        biased;
        () = stopping.ended() => {}
        () = clock.ended() => panic!("the other one was first"),
    }
    assert!(client.answer().await.body.contains("the gateway stops"));
}
