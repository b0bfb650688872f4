//! The shipped binary against simulated vendors on real sockets: as a company connects them, and as it goes on.

mod causes;
mod doctor;
mod staged;
mod states;
mod trust;
mod webhooks;

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use rollcall::{
    domain::secret::Secret,
    simulators::{
        connectwise::{ConnectWise, ConnectWiseOptions},
        paycom::{Paycom, PaycomOptions},
        vendor::{Fault, Faults, PlannedFault},
    },
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

use super::{Machine, Served, bytes_below};

/// Long enough for a machine that does much else; a test that passes never waits so long.
const PATIENCE: Duration = Duration::from_mins(1);

/// Secrets that nothing but the vendor may ever see again.
const TOKEN: &str = "hunter-token";
const PRIVATE_KEY: &str = "hunter-private";

/// A vendor that serves until it is dropped, and what it is called with.
struct Vendor<W> {
    world: W,
    base_url: String,
    /// Its API user, of its own: requests are counted by it.
    user: String,
    _stop: oneshot::Sender<()>,
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

async fn paycom(user: &str) -> Vendor<Paycom> {
    let (listener, base_url) = listen().await;
    let world = Paycom::new(1, 40, PaycomOptions::new(user, Secret::new(TOKEN)));
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(world.clone().serve(listener, async { drop(stopped.await) }));
    Vendor { world, base_url, user: user.to_owned(), _stop: stop }
}

async fn connectwise(user: &str) -> Vendor<ConnectWise> {
    let (listener, base_url) = listen().await;
    let options = ConnectWiseOptions::new("acme", "client", user, Secret::new(PRIVATE_KEY));
    let world = ConnectWise::new(1, 40, 60, options);
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(world.clone().serve(listener, async { drop(stopped.await) }));
    Vendor { world, base_url, user: user.to_owned(), _stop: stop }
}

impl Vendor<Paycom> {
    /// Connects it as the manual says; the token comes from a file.
    fn connect(&self, machine: &Machine, base_url: &str, more: &[&str]) -> Value {
        let (base_url, sid) = (format!("base_url={base_url}"), format!("sid={}", self.user));
        let file = machine.file("paycom.token", &format!("{TOKEN}\n"));
        let token = format!("token=@{file}");
        let name = name();
        let call = ["connection", "add", "paycom", "--company", "Acme", "--name", &name];
        let given = ["--set", &base_url, "--set", "requests_per_minute=1000", "--secret", &sid];
        let mut call = [&call as &[&str], &given, more].concat();
        // Another token may be given.
        if !more.iter().any(|argument| argument.starts_with("token=")) {
            call.extend(["--secret", &token]);
        }
        let made = machine.json(&call);
        std::fs::remove_file(file).unwrap();
        made
    }
}

impl Vendor<ConnectWise> {
    fn connect(&self, machine: &Machine, base_url: &str, more: &[&str]) -> Value {
        let (base_url, public) = (format!("base_url={base_url}"), format!("public_key={}", self.user));
        let private = format!("private_key={PRIVATE_KEY}");
        let name = name();
        let call = ["connection", "add", "connectwise", "--company", "Acme", "--name", &name];
        let given = ["--set", &base_url, "--set", "client_id=client", "--secret", &public];
        let mut call = [&call as &[&str], &given, more].concat();
        if !more.iter().any(|argument| argument.starts_with("private_key=")) {
            call.extend(["--secret", &private]);
        }
        if !more.iter().any(|argument| argument.starts_with("company_id=")) {
            call.extend(["--set", "company_id=acme"]);
        }
        machine.json(&call)
    }
}

/// A name that no other connection has.
fn name() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    format!("Connection {}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// From now on, whatever is asked for.
fn always(fault: Fault) -> Faults {
    Faults::new([PlannedFault::from(fault).times(10_000)])
}

/// Both vendors may be reached though they are on this machine.
const HERE: &[&str] = &["--set", "allow_private_address=true"];

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// The API of a gateway, as an app of the company calls it.
pub(super) struct Api {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    fn new(machine: &Machine, served: &Served) -> Self {
        let made = machine.json(&["app", "add", "Timesheets", "--company", "Acme"]);
        Self::with(&served.url, made["token"].as_str().unwrap())
    }

    pub(super) fn with(url: &str, token: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client, url: url.to_owned(), token: token.to_owned() }
    }

    async fn call(&self, method: &str, path: &str) -> (u16, Value) {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.url));
        let answer = request.bearer_auth(&self.token).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Asks until the answer is as it should be.
    pub(super) async fn until(&self, path: &str, good: impl Fn(&Value) -> bool) -> Value {
        let asked = tokio::time::Instant::now();
        loop {
            let body = self.get(path).await;
            if good(&body) {
                return body;
            }
            assert!(asked.elapsed() < PATIENCE, "{path} stays {body}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks for the lists: answered at once with the runs, which are then waited for.
    async fn poll(&self, connection: &str, ended: &str) -> Vec<Value> {
        let (status, asked) = self.call("POST", &format!("/v1/connections/{connection}/poll")).await;
        assert_eq!(status, 202, "{asked}");
        assert_eq!(asked["list"], "employee");
        let mut runs = Vec::new();
        for run in asked["runs"].as_array().unwrap() {
            let path = format!("/v1/runs/{}", run["id"].as_str().unwrap());
            let run = self.until(&path, |run| run["ended_at"].is_string()).await;
            assert_eq!(run["state"], ended, "{run}");
            runs.push(run);
        }
        runs
    }

    async fn until_state(&self, connection: &str, state: &str) -> Value {
        let path = format!("/v1/connections/{connection}");
        self.until(&path, |connection| connection["status"]["state"] == state).await
    }

    /// The external IDs of a connection's list.
    async fn staged(&self, list: &str, connection: &str) -> BTreeSet<String> {
        let page = self.get(&format!("/v1/{list}?connection={connection}&limit=500")).await;
        assert!(page["next_cursor"].is_null());
        let rows = page["data"].as_array().unwrap();
        rows.iter().map(|row| row["external_id"].as_str().unwrap().to_owned()).collect()
    }
}

/// The secrets stand nowhere on the machine, but for the key file with which they are sealed.
fn assert_hidden(machine: &Machine, told: &str) {
    let kept = bytes_below(machine.folder.path());
    for secret in [TOKEN, PRIVATE_KEY] {
        assert!(!told.contains(secret), "{told}");
        assert!(!kept.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}
