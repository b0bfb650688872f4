//! A service made by hand, for the tests of the client: it reads HTTP byte by byte and keeps what it read.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Makes the inside of the result element from the operation and the whole body.
pub(super) type Script = Box<dyn FnMut(&str, &str) -> String + Send>;

/// A request as it came: the head with its empty line, and the body.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) connection: usize,
    pub(super) head: String,
    pub(super) body: String,
}

pub(super) struct TestService {
    pub(super) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl TestService {
    /// Serves until the test's runtime ends. With `close`, each connection ends after one reply that does not say so.
    pub(super) async fn start(mut script: Script, close: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/qbwc", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&received);
        tokio::spawn(async move {
            for connection in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                while let Some(request) = read_request(&mut stream, connection).await {
                    let (_, rest) =
                        request.head.split_once("SOAPAction: \"http://developer.intuit.com/").unwrap();
                    let operation = rest.split_once('"').unwrap().0.to_owned();
                    let result = script(&operation, &request.body);
                    seen.lock().unwrap().push(request);
                    stream.write_all(reply(&operation, &result).as_bytes()).await.unwrap();
                    if close {
                        break;
                    }
                }
            }
        });
        Self { url, received }
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// A reply in two chunks; a script that returns a whole head is taken at its word.
fn reply(operation: &str, result: &str) -> String {
    if result.starts_with("HTTP/1.1 ") {
        return result.to_owned();
    }
    let start = "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>";
    let end = format!(
        "<{operation}Response xmlns=\"http://developer.intuit.com/\"><{operation}Result>{result}</{operation}Result></{operation}Response></s:Body></s:Envelope>"
    );
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{start}\r\n{:x}\r\n{end}\r\n0\r\n\r\n",
        start.len(),
        end.len()
    )
}

async fn read_request(stream: &mut TcpStream, connection: usize) -> Option<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let (_, length) = head.split_once("Content-Length: ").unwrap();
    let length: usize = length.split_once('\r').unwrap().0.parse().unwrap();
    stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
    let mut body = vec![0; length];
    let read = stream.read_exact(&mut body).await;
    if read.is_err() {
        // The client is gone in the middle of a body: keep what came.
        return None;
    }
    Some(Received { connection, head, body: String::from_utf8(body).unwrap() })
}
