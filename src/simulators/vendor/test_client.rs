//! A client for the tests of the simulated vendors: it follows nothing and hides nothing.

use std::{sync::Arc, sync::Mutex, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{
    Clock,
    call::Call,
    reply::Reply,
    server::{self, Answers},
};

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Got {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// `None` if the body broke off.
    pub body: Option<String>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.body.as_deref().unwrap()).unwrap()
    }

    /// The target of a link.
    pub(crate) fn link(&self, rel: &str) -> Option<String> {
        let links = self.header("link")?;
        let link = links.split(", ").find(|link| link.ends_with(&format!("rel=\"{rel}\"")))?;
        Some(link.strip_prefix('<')?.split_once('>')?.0.to_owned())
    }
}

pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let none = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(none).timeout(Duration::from_secs(20)).build().unwrap()
}

pub(crate) async fn got(request: reqwest::RequestBuilder) -> Got {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Got { status, headers, body: answer.text().await.ok() }
}

/// A clock that a test moves.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new("2026-03-01T12:00:00Z".parse().unwrap())))
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }

    pub(crate) fn clock(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

/// A server that a test started. It ends with the test.
pub(crate) struct Served {
    pub url: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn start<A: Answers>(answers: A) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let shutdown = async { drop(stopped.await) };
            server::serve(listener, answers, shutdown).await.unwrap();
        });
        Self { url, stop, task }
    }

    /// Stops, and waits until it has.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap();
    }
}

/// Takes webhooks: answers with these statuses in turn, the last one for ever.
#[derive(Clone)]
pub(crate) struct Hook {
    statuses: Arc<Mutex<Vec<u16>>>,
    pub calls: Arc<Mutex<Vec<Call>>>,
}

impl Hook {
    pub(crate) fn new(statuses: &[u16]) -> Self {
        Self { statuses: Arc::new(Mutex::new(statuses.to_vec())), calls: Arc::default() }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The bodies that came.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.calls().iter().map(|call| serde_json::from_slice(&call.body).unwrap()).collect()
    }
}

impl Answers for Hook {
    fn answer(&self, call: &Call) -> Reply {
        self.calls.lock().unwrap().push(call.clone());
        let mut statuses = self.statuses.lock().unwrap();
        let status = if statuses.len() > 1 { statuses.remove(0) } else { statuses[0] };
        Reply::empty(status)
    }
}
