//! The feed as server-sent events, read by a plain HTTP client.

use std::time::Duration;

use reqwest::Response;
use rollcall::domain::words::List;
use serde_json::{Value, json};

use super::next;
use crate::support::{TestApp, TestDatabase, people};

/// What has come of a stream, parted as WHATWG HTML section 9.2.6 says.
struct Stream {
    response: Response,
    text: String,
    /// What a browser would send as `Last-Event-ID`.
    last_id: String,
}

impl Stream {
    async fn open(app: &TestApp, query: &str, last_id: Option<&str>) -> Self {
        let response = Self::send(app, query, last_id).await;
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["x-accel-buffering"], "no");
        Self { response, text: String::new(), last_id: String::new() }
    }

    async fn send(app: &TestApp, query: &str, last_id: Option<&str>) -> Response {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client
            .get(format!("http://{}/v1/changes?{query}", app.address))
            .bearer_auth(&app.token)
            .header("accept", "text/event-stream");
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        request.send().await.unwrap()
    }

    /// The next event that has data: its name and its data. `None` at the end.
    async fn event(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let (mut name, mut data) = (String::new(), String::new());
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => id.clone_into(&mut self.last_id),
                        Some(("event", event)) => event.clone_into(&mut name),
                        Some(("data", text)) => text.clone_into(&mut data),
                        Some(("retry", millis)) => assert!(millis.parse::<u32>().is_ok()),
                        // A comment.
                        other => assert!(line.starts_with(':'), "{other:?}"),
                    }
                }
                if !data.is_empty() {
                    return Some((name, serde_json::from_str(&data).unwrap()));
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.response.chunk()).await.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }

    async fn change(&mut self) -> Value {
        let (name, data) = self.event().await.unwrap();
        assert_eq!(name, "change", "{data}");
        data
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_come_as_they_happen_and_who_comes_back_misses_nothing() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        app.stage(List::Employee, people(2)).await;
        let mut stream = Stream::open(&app, "", None).await;
        for position in 1..=2 {
            assert_eq!(stream.change().await["position"], position);
        }
        app.stage(List::Customer, people(2)).await;
        let third = stream.change().await;
        assert_eq!(
            (&third["position"], &third["list"], &third["kind"]),
            (&json!(3), &json!("customer"), &json!("created"))
        );
        // It is gone in the middle; what it saw last outranks the address that it began with.
        let last_id = stream.last_id.clone();
        drop(stream);
        app.stage(List::Employee, people(3)).await;
        let mut stream = Stream::open(&app, "after=latest", Some(&last_id)).await;
        for position in 4..=5 {
            assert_eq!(stream.change().await["position"], position);
        }
        // An event's ID is a cursor as every other.
        let page = app.get(&format!("/v1/changes?after={last_id}")).await;
        assert_eq!((next(&page), page.is(200)["data"].as_array().unwrap().len()), (stream.last_id, 2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hears_only_of_what_is_to_come_can_come_back_before_the_first_event() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        app.stage(List::Employee, people(2)).await;
        let mut stream = Stream::open(&app, "after=latest&list=customer", None).await;
        // The beginning tells where it stands.
        let chunk = stream.response.chunk().await.unwrap().unwrap();
        let begun = std::str::from_utf8(&chunk).unwrap();
        let id = begun.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
        drop(stream);
        app.stage(List::Customer, people(1)).await;
        let mut stream = Stream::open(&app, "after=latest&list=customer", Some(&id)).await;
        assert_eq!(stream.change().await["position"], 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_token_is_revoked_and_when_the_gateway_stops() {
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        let mut stream = Stream::open(&app, "", None).await;
        app.stage(List::Employee, people(1)).await;
        stream.change().await;
        let apps = app.admin("GET", "/v1/apps", None).await;
        let apps = apps.is(200)["data"].as_array().unwrap().clone();
        let id = apps.iter().find(|row| row["name"] == "Timesheets").unwrap()["id"].as_str().unwrap();
        let tokens = app.admin("GET", &format!("/v1/apps/{id}/tokens"), None).await;
        let token = tokens.is(200)["data"][0]["id"].as_str().unwrap().to_owned();
        app.admin("DELETE", &format!("/v1/apps/{id}/tokens/{token}"), None).await.is(204);
        app.stage(List::Employee, people(2)).await;
        assert!(stream.event().await.is_none(), "nothing is told any more");

        let other = app.add_app("Payroll", &[&app.company.id]).await;
        let mut app = app;
        app.token = other;
        let mut stream = Stream::open(&app, "after=latest", None).await;
        let waiting = Stream::send(&app, "after=latest", None);
        let waiting = async { waiting.await.status() };
        assert_eq!(waiting.await, 200);
        drop(app);
        // Whole, not broken off: the last piece of the body has come.
        while let Some(chunk) = stream.response.chunk().await.expect("the stream ends in order") {
            assert!(!chunk.is_empty());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_refused_is_refused_with_a_status_and_words() {
    TestApp::each(async |app| {
        let (_, foreign) = app.add_company("Globex").await;
        let next =
            app.admin("GET", &format!("/v1/changes?company={}", foreign.company_id), Value::Null).await;
        let cursor = next.is(200)["next"].as_str().unwrap().to_owned();
        let refused = Stream::send(app, &format!("after={cursor}"), None).await;
        assert_eq!(refused.status(), 404);
        let problem: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
        assert_eq!(problem["code"], "company_not_found");
        assert_eq!(Stream::send(app, "", Some(&cursor)).await.status(), 404);
        assert_eq!(Stream::send(app, "after=nonsense", None).await.status(), 422);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_has_a_bounded_number_of_streams() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database).await;
    let mut streams = Vec::new();
    for _ in 0..32 {
        streams.push(Stream::open(&app, "after=latest", None).await);
    }
    let refused = app.get("/v1/changes?after=latest&wait=5").await;
    refused.problem(429, "too_many_readers");
    assert_eq!(refused.headers["retry-after"], "5");
    // Others are served, and so is whoever does not wait.
    app.get("/v1/changes").await.is(200);
    app.admin("GET", "/v1/changes?wait=1", None).await.is(200);
}
