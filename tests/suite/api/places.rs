//! Those who are known find a place, whatever strangers do.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::support::{TestApp, TestDatabase};

/// As another computer would: all of 127.0.0.0/8 is this one.
async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

/// The status of an answer to a `GET` with a token; none where the connection was closed.
async fn status(from: &str, app: &TestApp, token: &str) -> Option<u16> {
    let mut socket = connect(from, app.address).await;
    let request = format!(
        "GET /v1/companies HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Connection: close\r\n\r\n"
    );
    let _ = socket.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap().get(9..12)?.parse().ok()
}

/// Sends a body that moves and does not end, anew where it is cut off.
async fn never_stand_still(to: SocketAddr) {
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    loop {
        let mut socket = connect("127.0.0.3", to).await;
        let start = b"POST /qbwc HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n ";
        let mut sent = socket.write_all(start).await;
        while sent.is_ok() {
            pace.tick().await;
            sent = socket.write_all(&[b' '; 64]).await;
        }
    }
}

#[tokio::test]
async fn who_has_shown_a_good_token_has_a_place_kept_where_strangers_take_all_of_theirs() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start_within(&database, |limits| limits.max_connections = 8).await;
    assert_eq!(status("127.0.0.2", &app, &app.token).await, Some(200));
    // Strangers who never stand still, on all the places that strangers may have.
    let strangers: Vec<_> = (0..7).map(|_| tokio::spawn(never_stand_still(app.address))).collect();
    // Until there is no place for one more of them.
    while status("127.0.0.4", &app, "none").await == Some(401) {}
    assert_eq!(status("127.0.0.2", &app, &app.token).await, Some(200), "known by its address");
    strangers.iter().for_each(tokio::task::JoinHandle::abort);
}
