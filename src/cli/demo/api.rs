//! A client of the gateway's API, as an app would have one.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::cli::{
    Result,
    failure::{Failure, chain},
};

/// How often it looks whether something has ended.
const LOOK: Duration = Duration::from_millis(100);
/// How long the small lists of the demo may take at most.
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) struct Api {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    pub(super) fn new(url: &str, token: &str) -> Result<Self> {
        // No proxy: the gateway is this process.
        let client =
            reqwest::Client::builder().no_proxy().build().map_err(|error| Failure::internal(&error))?;
        Ok(Self { client, url: url.to_owned(), token: token.to_owned() })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let told = format!("{method} {path}");
        let failed = |why: String| mistake(format!("{told}: {why}."));
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|error| failed(chain(&error)))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| failed(chain(&error)))?;
        if !status.is_success() {
            return Err(failed(format!("{status} {text}")));
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|error| failed(chain(&error)))
    }

    /// How many records of a connection a list has, page by page.
    pub(super) async fn count(&self, list: &str, connection: &str) -> Result<usize> {
        let first = format!("/v1/{list}?connection={connection}&limit=500");
        let mut path = first.clone();
        let mut count = 0;
        loop {
            let page = self.get(&path).await?;
            count += page.get("data").and_then(Value::as_array).map_or(0, Vec::len);
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(cursor) => path = format!("{first}&cursor={cursor}"),
                None => return Ok(count),
            }
        }
    }

    /// Waits until the gateway, which polls a new connection by itself, has read it.
    pub(super) async fn until_read(&self, connection: &str) -> Result {
        let path = format!("/v1/connections/{connection}");
        let look = async {
            loop {
                let shown = self.get(&path).await?;
                let told = |name: &str| shown.pointer(&format!("/status/{name}")).and_then(Value::as_str);
                match told("state") {
                    Some("ok") => return Ok(()),
                    Some("waiting" | "polling") => tokio::time::sleep(LOOK).await,
                    _ => return Err(mistake(told("detail").unwrap_or_default().to_owned())),
                }
            }
        };
        in_time(look).await
    }

    /// Asks for what has changed, and waits for it: how many records are new, changed and absent.
    pub(super) async fn poll(&self, connection: &str) -> Result<[u64; 3]> {
        let asked = self.call(Method::POST, &format!("/v1/connections/{connection}/poll"), None).await?;
        let mut counts = [0; 3];
        for run in asked.get("runs").and_then(Value::as_array).into_iter().flatten() {
            let id = run.get("id").and_then(Value::as_str).unwrap_or_default();
            let ended = in_time(self.ended(id)).await?;
            for (count, name) in counts.iter_mut().zip(["created", "updated", "absent"]) {
                *count += ended.get(name).and_then(Value::as_u64).unwrap_or(0);
            }
        }
        Ok(counts)
    }

    async fn ended(&self, run: &str) -> Result<Value> {
        loop {
            let run = self.get(&format!("/v1/runs/{run}")).await?;
            if run.get("ended_at").is_some_and(Value::is_string) {
                return Ok(run);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| mistake("A simulated source was not read in time.".to_owned());
    tokio::time::timeout(PATIENCE, work).await.map_err(late)?
}

fn mistake(detail: String) -> Failure {
    Failure::new("demo_failed", detail, "This is a mistake in Rollcall: please report it.")
}
