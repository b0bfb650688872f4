//! The least of a ConnectWise that a test needs: it answers what a function says, one connection a request.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub method: String,
    pub url: Url,
    pub head: String,
    pub body: String,
}

impl Asked {
    pub(super) fn query(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(super) fn number(&self, name: &str) -> u64 {
        self.query(name).unwrap().parse().unwrap()
    }

    pub(super) fn number_or(&self, name: &str, other: u64) -> u64 {
        self.query(name).map_or(other, |number| number.parse().unwrap())
    }

    /// The path behind `apis/3.0/`.
    pub(super) fn path(&self) -> &str {
        self.url.path().split_once("/apis/3.0/").map_or(self.url.path(), |(_, path)| path)
    }
}

/// Status, headers, body.
pub(super) type Reply = (u16, String, String);

pub(super) fn json(status: u16, body: impl ToString) -> Reply {
    (status, String::new(), body.to_string())
}

/// A page with the promise of another.
pub(super) fn page(rows: &serde_json::Value) -> Reply {
    page_of(&rows.to_string())
}

pub(super) fn page_of(rows: &str) -> Reply {
    let link = "Date: Sun, 01 Mar 2026 11:59:30 GMT\r\nLink: <https://elsewhere.example/?pageId=1>; rel=\"next\"\r\n";
    (200, link.to_owned(), rows.to_owned())
}

pub(super) struct Vendor {
    pub url: String,
    pub log: Arc<Mutex<Vec<Asked>>>,
}

impl Vendor {
    pub(super) async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let (asked, base, answer) = (log.clone(), url.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (asked, base, answer) = (asked.clone(), base.clone(), answer.clone());
                tokio::spawn(async move {
                    let Some((stream, request)) = take(stream, &base).await else { return };
                    let reply = answer(&request);
                    asked.lock().unwrap().push(request);
                    send(stream, reply).await;
                });
            }
        });
        Self { url, log }
    }

    /// Answers requests of the API when so many of them have come.
    pub(super) async fn start_together(
        many: usize,
        answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let base = url.clone();
        tokio::spawn(async move {
            let mut waiting = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                let Some((stream, request)) = take(stream, &base).await else { continue };
                let is_api = request.url.path().contains("/apis/3.0/");
                waiting.push((stream, answer(&request)));
                if !is_api || waiting.len() == many {
                    for (stream, reply) in waiting.drain(..) {
                        send(stream, reply).await;
                    }
                }
            }
        });
        Self { url, log: Arc::default() }
    }

    /// What was asked for, as method and path.
    pub(super) fn paths(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        log.iter().map(|asked| format!("{} {}", asked.method, asked.path())).collect()
    }
}

async fn send(mut stream: TcpStream, (status, headers, body): Reply) {
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    let _ = stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).await;
}

async fn take(mut stream: TcpStream, base: &str) -> Option<(TcpStream, Asked)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split('\n').next());
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    let line = head.lines().find(|line| line.ends_with("HTTP/1.1"))?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let url = Url::parse(&format!("{base}{target}")).ok()?;
    Some((stream, Asked { method, url, body: String::from_utf8(body).ok()?, head }))
}

pub(super) fn company_info(codebase: &str) -> Reply {
    json(
        200,
        format!("{{\"Codebase\": \"{codebase}\", \"VersionCode\": \"v2026.1\", \"IsCloud\": \"True\"}}"),
    )
}
