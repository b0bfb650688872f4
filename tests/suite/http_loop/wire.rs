//! HTTP/1.1 and HTTP/2 as bytes.

use axum::{
    Extension, Router,
    routing::{get, post},
};
use rollcall::{
    config::{MapSource, Settings},
    http::{peer::Peer, server::Limits},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::{Client, Gateway, SHORT, limits, within};

fn router() -> Router {
    Router::new()
        .route("/", get(|Extension(Peer(address)): Extension<Peer>| async move { address.to_string() }))
        .route("/echo", post(|body: String| async move { body }))
}

#[tokio::test]
async fn a_connection_is_used_again_and_its_client_is_known() {
    let gateway = Gateway::start(router(), limits()).await;
    let mut client = gateway.connect().await;
    let address = client.0.local_addr().unwrap().to_string();
    for _ in 0..3 {
        assert_eq!(client.get("/").await.body, address);
    }
    // Two requests at once, answered in their order.
    client.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 404);
    assert_eq!(client.answer().await.body, address);
}

/// RFC 9112 section 9.6: a client that does not know it sends its next request in vain.
#[tokio::test]
async fn a_client_is_told_that_its_connection_is_closed_after_a_body_that_nobody_reads() {
    let gateway = Gateway::start(router(), limits()).await;
    let mut client = gateway.connect().await;
    client.send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nbegun").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (404, Some("close")));
    client.closed().await;

    let mut client = gateway.connect().await;
    let read = client.post("/echo", "all of it").await;
    assert_eq!((read.body.as_str(), read.header("connection")), ("all of it", None));
    client.send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(client.answer().await.header("connection"), None);
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_client_is_whom_the_proxy_names() {
    for (proxies, seen) in [("127.0.0.0/8", "192.0.2.7:0"), ("127.0.0.2", "127.0.0.1")] {
        let source: MapSource = [("ROLLCALL_TRUSTED_PROXIES", proxies)].into_iter().collect();
        let limits = Limits::from(&Settings::read(&source).unwrap().http);
        let gateway = Gateway::start(router(), limits).await;
        let mut client = gateway.connect().await;
        client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 8.8.8.8, 192.0.2.7\r\n\r\n").await;
        let answer = client.answer().await;
        assert!(answer.body.starts_with(seen), "{answer:?}");
    }
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed() {
    let gateway = Gateway::start(router(), limits()).await;
    let mut client = gateway.connect().await;
    client.send("GET / HTTP/1.0\r\n\r\n").await;
    assert!(client.closed().await.starts_with(b"HTTP/1.0 200"));
}

#[tokio::test]
async fn a_request_says_once_for_which_host_it_is() {
    let gateway = Gateway::start(router(), limits()).await;
    for hosts in [
        "",
        "Host: x\r\nHost: x\r\n",
        "Host: x\r\nHost: y\r\n",
        "Host: u@x\r\n",
        "Host: x y\r\n",
        "Host: x/y\r\n",
    ] {
        let mut client = gateway.connect().await;
        client.send(format!("GET / HTTP/1.1\r\n{hosts}\r\n")).await;
        client.answer().await.problem(400, "bad_host");
    }
    for host in ["x", "x:80", "[::1]:8080", "127.0.0.1", ""] {
        let mut client = gateway.connect().await;
        client.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert_eq!(client.answer().await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn streams_count_like_connections() {
    let slow = Router::new().route("/", get(std::future::pending::<()>));
    let gateway = Gateway::start(slow, Limits { max_connections_per_address: 2, ..limits() }).await;
    let mut client = gateway.connect().await;
    client.send([PREFACE, EMPTY_SETTINGS].concat()).await;
    for stream in [1, 3, 5] {
        let mut request = GET_ROOT.to_vec();
        request[8] = stream;
        client.send(request).await;
    }
    // Two are at work: the third has no place, and is told so.
    loop {
        if let (HEADERS, stream, payload) = frame(&mut client).await {
            assert_eq!(stream, 5);
            assert_ne!(payload.first(), Some(&0x88), "not 200");
            break;
        }
    }
}

#[tokio::test]
async fn no_http_gets_400() {
    let gateway = Gateway::start(router(), limits()).await;
    for nonsense in
        ["\u{16}\u{3}\u{1}\u{0}\u{5}hello\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n....", "\r\n\r\n\r\nx y"]
    {
        let mut client = gateway.connect().await;
        client.send(nonsense).await;
        tokio::io::AsyncWriteExt::shutdown(&mut client.0).await.unwrap();
        let answer = client.closed().await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{nonsense:?}");
    }
    let mut client = gateway.connect().await;
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test]
async fn targets_without_a_path_are_answered() {
    let gateway = Gateway::start(router(), limits()).await;
    for (target, status) in [("OPTIONS *", 404), ("CONNECT x:80", 404), ("GET http://x/", 200)] {
        let mut client = gateway.connect().await;
        client.send(format!("{target} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        assert_eq!(client.answer().await.status, status, "{target}");
    }
}

#[tokio::test]
async fn expect_continue_is_met_before_the_body() {
    let gateway = Gateway::start(router(), limits()).await;
    let mut client = gateway.connect().await;
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 100);
    client.send("hello").await;
    assert_eq!(client.answer().await.body, "hello");
}

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(super) const EMPTY_SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const SETTINGS_ACK: &[u8] = &[0, 0, 0, 4, 1, 0, 0, 0, 0];
/// What stands before the eight bytes that answer a ping.
pub(super) const PING_ACK: &[u8] = &[0, 0, 8, PING, 1, 0, 0, 0, 0];

// The types of frames, RFC 9113 section 6.
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

/// HEADERS of stream 1 with END_STREAM and END_HEADERS: `GET /` by the static table of HPACK, and the authority `x`.
pub(super) const GET_ROOT: &[u8] = &[0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 1, b'x'];

/// A frame: its type, stream and payload.
pub(super) async fn frame(client: &mut Client<impl AsyncRead + AsyncWrite + Unpin>) -> (u8, u32, Vec<u8>) {
    within(async {
        let mut head = [0; 9];
        client.0.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; length as usize];
        client.0.read_exact(&mut payload).await.unwrap();
        (head[3], stream, payload)
    })
    .await
}

/// Sends `GET /` over HTTP/2; the answer's body.
pub(super) async fn get_root(client: &mut Client<impl AsyncRead + AsyncWrite + Unpin>) -> String {
    client.send([PREFACE, EMPTY_SETTINGS, GET_ROOT].concat()).await;
    let mut found = false;
    loop {
        match frame(client).await {
            (SETTINGS, 0, payload) if !payload.is_empty() => client.send(SETTINGS_ACK).await,
            // `:status: 200` is entry 8 of the static table.
            (HEADERS, 1, payload) => found = payload.first() == Some(&0x88),
            (DATA, 1, payload) => {
                assert!(found, "the status is 200");
                return String::from_utf8(payload).unwrap();
            }
            (kind, ..) => assert!(matches!(kind, SETTINGS | PING | WINDOW_UPDATE), "a frame of type {kind}"),
        }
    }
}

#[tokio::test]
async fn http_2_with_prior_knowledge() {
    let gateway = Gateway::start(router(), limits()).await;
    let mut client = gateway.connect().await;
    let address = client.0.local_addr().unwrap().to_string();
    assert_eq!(get_root(&mut client).await, address);
}

#[tokio::test]
async fn http_2_in_pieces() {
    let gateway = Gateway::start(router(), limits()).await;
    let mut client = gateway.connect().await;
    for byte in [PREFACE, EMPTY_SETTINGS, GET_ROOT].concat() {
        client.send([byte]).await;
    }
    while !matches!(frame(&mut client).await, (DATA, 1, _)) {}
}

#[tokio::test]
async fn an_idle_http_2_connection_is_closed() {
    let gateway = Gateway::start(router(), Limits { idle_timeout: SHORT, ..limits() }).await;
    let mut client = gateway.connect().await;
    get_root(&mut client).await;
    // GOAWAY comes first. This client answers no ping, so it has to be closed by force.
    while !matches!(frame(&mut client).await, (GOAWAY, 0, _)) {}
    client.closed().await;

    // Nor does a request that never gets its end hold the connection.
    let mut client = gateway.connect().await;
    let unfinished = &[0, 0, 6, 1, 1, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 1, b'x'];
    client.send([PREFACE, EMPTY_SETTINGS, unfinished].concat()).await;
    client.closed().await;
}
