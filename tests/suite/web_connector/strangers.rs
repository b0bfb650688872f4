//! Calls of those who have no good ticket cost little: memory, threads, and the time of the others.

use std::net::SocketAddr;

use rollcall::simulators::quickbooks_desktop::CompanyFile;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Desk, on_each_engine,
    wire::{Reply, call, envelope, post},
};
use crate::support::{Process, TestDatabase};

/// Sends the head of a call of `length` bytes and the beginning of its body.
async fn begin(address: SocketAddr, length: usize, start: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /qbwc HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{start}"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

/// Sends `start` and then so many MiB of `piece`, whatever comes back meanwhile.
async fn pour(address: SocketAddr, start: &str, piece: &str, mib: usize) -> Reply {
    let block = piece.repeat((1 << 20) / piece.len());
    let mut socket = begin(address, start.len() + block.len() * mib, start).await;
    let (mut read, mut write) = socket.split();
    let mut answer = Vec::new();
    let ((), answered) = tokio::join!(
        async {
            for _ in 0..mib {
                if write.write_all(block.as_bytes()).await.is_err() {
                    return;
                }
            }
        },
        read.read_to_end(&mut answer)
    );
    answered.unwrap();
    Reply::parse(&answer)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_call_without_a_good_ticket_takes_sixteen_mebibytes_at_most() {
    let database = TestDatabase::sqlite();
    let gateway = Process::start(&database).await;
    let start = |method: &str, parameters: &str| {
        let whole = envelope(method, parameters);
        whole.split('$').next().unwrap().to_owned()
    };
    let long = "x".repeat(64 * 1024);
    let foreign = start("authenticate", "<strUserName>u</strUserName><foreign>$");
    let known = start("authenticate", "<strPassword>$");
    let many = start("authenticate", "$");
    let ticket = start("receiveResponseXML", "<ticket>{no-such}</ticket><response>$");
    let late = start("receiveResponseXML", "<response>$");
    let nowhere = "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Header><a>";
    // So that what is made once for all calls is there.
    post(gateway.address, envelope("serverVersion", "").as_bytes()).await;
    let idle = gateway.peak();
    for (name, start, piece, mib, answer) in [
        ("a foreign parameter", &*foreign, &*long, 64, "larger than any call"),
        ("a known one", &known, &long, 64, "larger than any call"),
        ("many small ones", &many, "<p>x</p>", 7, "more than 32 parameters"),
        ("an answer in no session", &ticket, &long, 64, "-101"),
        ("an answer before its ticket", &late, &long, 64, "`ticket` must come before"),
        ("a header without end", nowhere, &long, 64, "first 128 KiB"),
        ("no method of ours", &start("format", "<c>$"), &long, 64, "names no method"),
    ] {
        let reply = pour(gateway.address, start, piece, mib).await;
        let text = reply.text();
        assert!(text.contains(answer), "{name}: {text}");
        let grown = gateway.peak() - idle;
        assert!(grown < 16 << 20, "{name} took {} MiB", grown >> 20);
    }
    // What a call may hold, it may: some Web Connectors send much of their company's preferences.
    let most = format!("{}&", "p".repeat(1000)).repeat((4 << 20) / 1001 - 40);
    let parameters = [("ticket", "{none}"), ("strHCPResponse", &most), ("foreign", &most)];
    assert_eq!(call(gateway.address, "sendRequestXML", &parameters).await, "");
    let grown = gateway.peak() - idle;
    assert!(grown < 16 << 20, "a full call took {} MiB", grown >> 20);
}

#[tokio::test]
async fn the_ticket_of_an_answer_may_come_after_its_short_parameters() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let content = "<hresult /><message>m</message><ticket>{none}</ticket><response />";
        let reply = post(desk.server.address, envelope("receiveResponseXML", content).as_bytes()).await;
        assert_eq!(reply.text(), "-101");
    })
    .await;
}

/// A call is answered the same whatever pieces it comes in.
#[tokio::test]
async fn a_call_in_single_bytes_is_read_like_any_other() {
    let database = TestDatabase::sqlite();
    let desk = Desk::open(&database, &[]).await;
    let body = envelope("authenticate", "<strUserName>nobody</strUserName><strPassword>x</strPassword>");
    let mut socket = begin(desk.server.address, body.len(), "").await;
    socket.set_nodelay(true).unwrap();
    for byte in body.bytes() {
        socket.write_all(&[byte]).await.unwrap();
    }
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    assert!(Reply::parse(&answer).body.contains("<string>nvu</string>"));
}

#[tokio::test]
async fn half_sent_calls_keep_no_web_connector_waiting() {
    let database = TestDatabase::sqlite();
    let desk = Desk::open(&database, &[]).await;
    let mut file = CompanyFile::new(62, 20, 5);
    let start = envelope("authenticate", &format!("<strUserName>{}", "n".repeat(100_000)));
    let start = start.split("</authenticate>").next().unwrap();
    let mut half_sent = Vec::new();
    for _ in 0..600 {
        half_sent.push(begin(desk.server.address, start.len() + (1 << 20), start).await);
    }
    desk.sync(&mut file).await;
    drop(half_sent);
}
