//! The log: what is on a line, and what never is.

use std::{
    future::poll_fn,
    io,
    sync::{Arc, Mutex},
    task::Poll,
};

use axum::{Router, body::Body, extract::Request, http::StatusCode, response::Response, routing::get};
use rollcall::simulators::quickbooks_desktop::{CompanyFile, Faults, Outcome, run_session};
use rollcall::{
    clock::Ambient,
    config::{LogFormat, LogSettings},
    domain::problem::Problem,
    http::{layers, problem::ApiError},
    telemetry::{self, TelemetryError},
};
use tower::ServiceExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::{
    support::{Process, TestDatabase},
    web_connector::Desk,
};

#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// All that is logged on this thread from now on, and until the guard is dropped.
    pub(crate) fn capture(filter: &str, format: LogFormat) -> (Self, tracing::subscriber::DefaultGuard) {
        let lines = Self::default();
        let writer = lines.clone();
        let settings = LogSettings { filter: filter.to_owned(), format };
        let subscriber = telemetry::subscriber(&settings, move || writer.clone(), false).unwrap();
        (lines, subscriber.set_default())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

async fn request(path: &str) -> Response {
    let fails = || async { ApiError::internal(io::Error::other("the disk is full")) };
    let router = Router::new()
        .route("/ok", get(|| async {}))
        .route("/things/{id}", get(|| async {}))
        .route("/slow", get(std::future::pending::<()>))
        .route("/healthz", get(|| async {}))
        .route("/fails", get(fails));
    let router = layers::stack(router, Ambient::system(), layers::Transport::Http);
    let request = Request::get(path)
        .header("host", "localhost")
        .header("x-request-id", "abc123")
        .body(Body::empty())
        .unwrap();
    router.oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_request_is_one_line_with_its_id_and_without_its_query() {
    let (lines, _guard) = Lines::capture("info", LogFormat::Text);
    request("/ok?q=hunter2").await;
    let text = lines.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    for part in ["request_id=\"abc123\"", "method=GET", "path=\"/ok\"", "status=200", "ms="] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn an_outage_is_one_line_and_not_one_for_each_request() {
    let (lines, _guard) = Lines::capture("error", LogFormat::Text);
    let away = || async {
        let problem = Problem::new("database_unavailable", "It is away.", "Wait.");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, problem).caused_by("connection refused")
    };
    let router =
        layers::stack(Router::new().route("/away", get(away)), Ambient::system(), layers::Transport::Http);
    for _ in 0..50 {
        let request = Request::get("/away").header("host", "localhost").body(Body::empty()).unwrap();
        assert_eq!(router.clone().oneshot(request).await.unwrap().status(), 503);
    }
    let text = lines.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("connection refused"), "{text}");
}

/// Promise 8: whatever somebody pastes into an address.
#[tokio::test]
async fn a_line_names_the_route_and_nothing_of_the_address() {
    let (lines, _guard) = Lines::capture("info", LogFormat::Text);
    request("/things/whsec_hunter2").await;
    request("/nothing/whsec_hunter2").await;
    let text = lines.text();
    for part in ["path=\"/things/{id}\" ", "path=\"(no such route)\" ", "status=200", "status=404"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn what_tools_ask_all_the_time_is_no_news() {
    let (lines, _guard) = Lines::capture("info", LogFormat::Text);
    request("/healthz").await;
    assert_eq!(lines.text(), "");
}

#[tokio::test]
async fn a_failure_is_logged_once_under_its_request() {
    let (lines, _guard) = Lines::capture("warn", LogFormat::Json);
    request("/fails").await;
    let text = lines.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["fields"]["error"], "the disk is full");
    assert_eq!(line["spans"][0]["request_id"], "abc123");
}

#[tokio::test]
async fn a_request_whose_client_went_away_is_a_line_too() {
    let (lines, _guard) = Lines::capture("info", LogFormat::Text);
    let mut abandoned = Box::pin(request("/slow"));
    assert!(poll_fn(|cx| Poll::Ready(abandoned.as_mut().poll(cx))).await.is_pending());
    assert_eq!(lines.text(), "");
    drop(abandoned);
    let text = lines.text();
    assert!(text.lines().count() == 1 && text.contains("abc123") && text.contains("went away"), "{text}");
}

#[derive(yaserde::YaDeserialize)]
struct Login {
    #[yaserde(rename = "strPassword")]
    password: String,
}

#[test]
fn yaserde_is_silent_whatever_the_filter_says() {
    let (lines, _guard) = Lines::capture("trace,yaserde=trace,yaserde::de=trace", LogFormat::Text);
    let login: Login = yaserde::de::from_str("<Login><strPassword>hunter2</strPassword></Login>").unwrap();
    assert_eq!(login.password, "hunter2");
    tracing::trace!("this line shows that the log is on");
    let text = lines.text();
    assert!(text.contains("the log is on"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_bad_filter_is_an_error() {
    let settings = LogSettings { filter: "info,=,=".to_owned(), format: LogFormat::Text };
    let error = telemetry::subscriber(&settings, io::sink, false).err().unwrap();
    assert!(matches!(error, TelemetryError::Filter(_)));
}

#[tokio::test]
async fn each_run_that_ends_is_a_line_with_its_outcome() {
    let database = TestDatabase::sqlite();
    let desk = Desk::open(&database, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let gateway = Process::start_in(&database, &format!("exec 2>{}", log.display()), &[]).await;
    let mut options = desk.options.clone();
    options.url = format!("http://localhost:{}/qbwc", gateway.address.port());
    let mut file = CompanyFile::new(157, 7, 0);
    let report = run_session(&options, &mut file, &mut Faults::none(), &|_| {}).await.unwrap();
    assert_eq!(report.outcome, Outcome::Completed, "{report:?}");
    gateway.kill();
    let text = std::fs::read_to_string(log).unwrap();
    let line = text.lines().find(|line| line.contains("a run ended") && line.contains("list=\"employee\""));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    for part in [
        "INFO",
        "state=\"complete\"",
        "mode=\"full\"",
        "received=7",
        "created=7",
        "judged=true",
        &*desk.connection,
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
}
