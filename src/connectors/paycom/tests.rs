//! Over real sockets: a Paycom in a few lines, which answers what each test needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{Request, State},
    response::Response,
};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde_json::{Value, json};

use crate::{
    connectors::{
        outbound::{
            Outbound, Timeouts,
            testing::{Open, cause, now, run},
        },
        source::{Ask, End, Fetched, Step},
    },
    domain::{
        hold::Gone,
        record::Record,
        secret::Secret,
        words::{Cause, List, Mode},
    },
};

use super::{PaycomSource, Settings, Source as _};

mod faults;
mod lacking;
mod runs;

/// What an endpoint answers: the status, headers, and a body.
type Reply = (u16, Vec<(&'static str, String)>, String);
/// Answers a request by its path below `api/v1/` and its query; `None` for what Paycom does by itself.
type Fault = Box<dyn Fn(&str, &BTreeMap<String, String>) -> Option<Reply> + Send + Sync>;

/// A client of Paycom.
struct Paycom {
    people: Mutex<BTreeSet<String>>,
    changed: Vec<String>,
    fault: Mutex<Option<Fault>>,
    /// Paths with their queries, in the order of the requests.
    asked: Mutex<Vec<String>>,
    /// Details that are being answered now, and the most at once.
    busy: AtomicUsize,
    busiest: AtomicUsize,
    address: Mutex<String>,
    /// A path that is never answered.
    hangs: Mutex<Option<String>>,
}

fn failed(status: u16, said: &str) -> Reply {
    (status, vec![], json!({"result": false, "data": [], "errors": [said], "errorCount": 1}).to_string())
}

fn good(data: Value) -> Reply {
    (200, vec![], json!({"result": true, "data": data, "errors": [], "errorCount": 0}).to_string())
}

/// Both lists name a code differently from the details.
fn row(code: &str) -> Value {
    json!({"eecode": code, "eename": format!("{code}, PAT"), "eestatus": "A", "ssn": "900-00-0001"})
}

fn detail(code: &str) -> Value {
    json!({"employee_code": code, "employee_status": "A", "work_email": format!("{code}@x.example"), "ssn": "900-00-0001"})
}

impl Paycom {
    async fn start(codes: &[&str]) -> Arc<Self> {
        let paycom = Arc::new(Self {
            people: Mutex::new(codes.iter().map(|code| (*code).to_owned()).collect()),
            changed: codes.iter().take(2).map(|code| (*code).to_owned()).collect(),
            fault: Mutex::new(None),
            asked: Mutex::default(),
            busy: AtomicUsize::new(0),
            busiest: AtomicUsize::new(0),
            address: Mutex::default(),
            hangs: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        *paycom.address.lock().unwrap() = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(answer).with_state(paycom.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        paycom
    }

    fn fault(
        &self,
        fault: impl Fn(&str, &BTreeMap<String, String>) -> Option<Reply> + Send + Sync + 'static,
    ) {
        *self.fault.lock().unwrap() = Some(Box::new(fault));
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn source(&self, settings: Settings) -> PaycomSource {
        self.source_with(settings, None)
    }

    fn source_with(&self, settings: Settings, memory: Option<&str>) -> PaycomSource {
        let secrets =
            [("sid", "s1"), ("token", "t1")].map(|(name, text)| (name.to_owned(), Secret::new(text)));
        let mut settings = Settings { base_url: self.address.lock().unwrap().clone(), ..settings };
        settings.poll.allow_private_address = true;
        let outbound = Outbound::new(Timeouts::default()).unwrap();
        PaycomSource::new(settings, &secrets.into(), memory, &outbound, Arc::new(Open)).unwrap()
    }

    /// What Paycom does by itself.
    fn reply(&self, path: &str, query: &BTreeMap<String, String>) -> Reply {
        let people = self.people.lock().unwrap().clone();
        match path {
            "employeedirectory" | "employeeid" => {
                page(path, &people.into_iter().collect::<Vec<_>>(), query, row)
            }
            "employeeids/employeechanges" => {
                page(path, &self.changed, query, |code| json!({"eecode": code, "changescount": "3"}))
            }
            _ => match path.strip_prefix("employee/") {
                Some(code) if people.contains(code) => good(json!([detail(code)])),
                _ => failed(404, "No such employee"),
            },
        }
    }
}

/// A page with its headers, as the documentation has them.
fn page(
    path: &str,
    codes: &[String],
    query: &BTreeMap<String, String>,
    row: impl Fn(&str) -> Value,
) -> Reply {
    let number = |name: &str, default: usize| query.get(name).map_or(default, |text| text.parse().unwrap());
    // The snapshot remembers how long its pages are.
    let request = query.get("requestid").cloned().unwrap_or_else(|| format!("r{}", number("pagesize", 100)));
    let (size, page) = (request.get(1..).unwrap().parse().unwrap(), number("page", 1));
    let rows: Vec<_> =
        codes.chunks(size).nth(page - 1).unwrap_or_default().iter().map(|code| row(code)).collect();
    let pages = codes.len().div_ceil(size).max(1);
    let link =
        |relation: &str, page: usize| format!("<{path}?requestid={request}&page={page}>; rel=\"{relation}\"");
    let mut links = vec![link("first", 1), link("last", pages)];
    if page < pages {
        links.push(link("next", page + 1));
    }
    let (_, mut headers, body) = good(json!(rows));
    headers.push(("Link", links.join(", ")));
    headers.push(("X-Total-Count", codes.len().to_string()));
    headers.push(("Date", "Sun, 01 Mar 2026 11:59:58 GMT".into()));
    (if page < pages { 206 } else { 200 }, headers, body)
}

async fn answer(State(paycom): State<Arc<Paycom>>, request: Request) -> Response {
    let path =
        request.uri().path().strip_prefix("/v4/rest/index.php/api/v1/").expect("the API's path").to_owned();
    let query = request.uri().query().unwrap_or_default();
    paycom.asked.lock().unwrap().push(format!("{path}?{query}"));
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let authorized = request.headers().get("authorization").is_some_and(|value| value == "Basic czE6dDE=");
    if path.starts_with("employee/") {
        let busy = paycom.busy.fetch_add(1, Ordering::SeqCst) + 1;
        paycom.busiest.fetch_max(busy, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(5)).await;
        paycom.busy.fetch_sub(1, Ordering::SeqCst);
    }
    let hangs = paycom.hangs.lock().unwrap().as_ref() == Some(&path);
    if hangs {
        std::future::pending::<()>().await;
    }
    let fault = paycom.fault.lock().unwrap().as_ref().and_then(|fault| fault(&path, &query));
    let (status, headers, body) = match fault {
        Some(reply) => reply,
        None if authorized => paycom.reply(&path, &query),
        None => failed(401, ""),
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(body.into()).unwrap()
}

fn full() -> Ask {
    Ask { list: List::Employee, mode: Mode::Full, since: None, progress: None, now: now() }
}

fn delta() -> Ask {
    Ask { mode: Mode::Delta, since: Some("2026-03-01T11:30:00Z".into()), ..full() }
}

fn codes(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.external_id.as_str()).collect()
}

fn small_pages() -> Settings {
    let mut settings = Settings::default();
    settings.poll.page_size = 2;
    settings
}

fn warning(end: &End) -> &str {
    end.warning.as_ref().map_or("", |warning| warning.code.as_str())
}
