//! The HTTP loop over real sockets. Every wait is for an event; [`within`] only ends a test that has failed.

mod limits;
mod memory;
mod problems;
mod shutdown;
mod tls;
mod wire;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use rollcall::{
    clock::Ambient,
    config::{MapSource, Settings},
    http::{
        layers,
        server::{self, Limits},
        tls::TlsFiles,
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

/// Short enough that a test does not wait for it, long enough for a busy machine to be in time.
const SHORT: Duration = Duration::from_millis(150);
/// The silence in a body that these gateways put up with.
const BODY_TIMEOUT: Duration = Duration::from_millis(300);

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it happens within 20 seconds")
}

fn limits() -> Limits {
    // At least one byte in each of these.
    let settings = Settings::read(&MapSource::default()).unwrap();
    Limits { body_timeout: BODY_TIMEOUT, min_body_rate: 1, ..Limits::from(&settings.http) }
}

/// A gateway on a port of its own.
struct Gateway {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Gateway {
    async fn start(router: Router, limits: Limits) -> Self {
        Self::start_tls(router, limits, None).await
    }

    async fn start_tls(router: Router, limits: Limits, tls: Option<Arc<TlsFiles>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let router = layers::stack(router, Ambient::system(), layers::Transport::Http);
        let running = tokio::spawn(server::run(listener, router, limits, tls, async {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop), running }
    }

    async fn connect(&self) -> Client<TcpStream> {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// As another computer would: all of 127.0.0.0/8 is this one.
    async fn connect_from(&self, address: &str) -> Client<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
        Client(socket.connect(self.address).await.unwrap())
    }

    /// Asks it to stop, and does not wait.
    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    async fn ended(self) {
        within(self.running).await.unwrap();
    }
}

/// A client that says exactly what it is told to.
struct Client<S>(S);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        self.answer().await
    }

    async fn post(&mut self, path: &str, body: &str) -> Answer {
        let length = body.len();
        self.send(format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await;
        self.answer().await
    }

    /// The next answer. Its body needs a `Content-Length`.
    async fn answer(&mut self) -> Answer {
        within(async {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(self.0.read_u8().await.expect("an answer, not the end of the connection"));
            }
            let head = String::from_utf8(head).unwrap();
            let status = head[9..12].parse().unwrap();
            let mut answer = Answer { status, head, body: String::new() };
            let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).await.unwrap();
            answer.body = String::from_utf8(body).unwrap();
            answer
        })
        .await
    }

    /// Waits until the gateway closes the connection; returns what it still sent.
    async fn closed(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset is an end as well.
        let _ = within(self.0.read_to_end(&mut rest)).await;
        rest
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    /// The body of a problem, after a look at what all of them hold.
    fn problem(&self, status: u16, code: &str) -> serde_json::Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["type"], "about:blank");
        assert_eq!(body["status"], status);
        assert_eq!(body["code"], code);
        for name in ["title", "detail", "remedy"] {
            assert!(!body[name].as_str().unwrap().is_empty(), "{name} in {body}");
        }
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"));
        body
    }
}
