//! What strangers can make the shipped binary hold.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::{
    Client,
    wire::{HEADERS, PREFACE, frame},
};
use crate::support::{Process, TestDatabase};

/// SETTINGS with a window of 0 for each stream.
const NO_WINDOW: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];

/// HEADERS of a stream: `GET` of a path, and the authority `x`.
fn get(stream: u8, path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend_from_slice(path.as_bytes());
    block.extend_from_slice(&[0x41, 1, b'x']);
    let mut frame = vec![0, 0, u8::try_from(block.len()).unwrap(), HEADERS, 5, 0, 0, 0, stream];
    frame.extend_from_slice(&block);
    frame
}

/// Asks so often for a path, over a connection that takes no byte of a body; returns when all are answered.
pub(super) async fn ask(address: SocketAddr, path: &str, times: u8) -> Client<TcpStream> {
    let mut client = Client(TcpStream::connect(address).await.unwrap());
    client.send([PREFACE, NO_WINDOW].concat()).await;
    for n in 0..times {
        client.send(get(2 * n + 1, path)).await;
    }
    let mut answered = 0;
    while answered < times {
        if let (HEADERS, ..) = frame(&mut client).await {
            answered += 1;
        }
    }
    client
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn answers_that_nobody_takes_hold_little() {
    let database = TestDatabase::sqlite();
    let gateway = Process::start(&database).await;
    drop(ask(gateway.address, "/openapi.json", 1).await);
    let idle = gateway.peak();
    let mut greedy = Vec::new();
    for path in ["/openapi.json", "/docs", "/qbwc?wsdl", "/metrics"] {
        for _ in 0..8 {
            greedy.push(ask(gateway.address, path, 100).await);
        }
    }
    let grown = gateway.peak() - idle;
    assert!(grown < 48 << 20, "{} MiB", grown >> 20);
    // And others are served.
    let mut client = Client(TcpStream::connect(gateway.address).await.unwrap());
    assert_eq!(client.get("/healthz").await.status, 200);
}
