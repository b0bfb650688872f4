//! A database that cannot be written is noticed and told, and the gateway goes on by itself once it can be again.

use std::process::Command;

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use rollcall::{
    clock::Ambient,
    domain::{secret::Secret, words::Kind},
    store::{Store, companies::Company},
    sync::register::{self, ConnectionDraft},
};
use serde_json::{Value, json};

use crate::support::{Process, TestApp, TestDatabase, granted};

/// Prepares a database with an admin's token.
async fn admin_of(store: &Store) -> String {
    let ambient = Ambient::system();
    let made = store.write(move |db| register::app(db, &ambient, &granted(), "Ops", &[], true));
    made.await.unwrap().1.reveal().to_owned()
}

struct Caller {
    base: String,
    token: String,
    client: reqwest::Client,
}

impl Caller {
    fn new(process: &Process, token: String) -> Self {
        // Another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base: format!("http://{}", process.address), token, client }
    }

    async fn add_company(&self, name: &str) -> (u16, Value) {
        let call = self.client.post(format!("{}/v1/companies", self.base)).bearer_auth(&self.token);
        let answer = call.json(&json!({ "name": name })).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn companies(&self) -> Vec<String> {
        let call = self.client.get(format!("{}/v1/companies?limit=500", self.base)).bearer_auth(&self.token);
        let page: Value = call.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
        page["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until `/readyz` answers with `status`, and gives its body.
    async fn ready(&self, status: u16) -> Value {
        loop {
            let answer = self.client.get(format!("{}/readyz", self.base)).send().await.unwrap();
            if answer.status() == status {
                return answer.json().await.unwrap();
            }
        }
    }
}

/// The size that files of a process may reach, in the words of prlimit(1).
fn limit_files(process: &Process, limit: &str) {
    let pid = process.id().to_string();
    let set = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={limit}")]).status();
    assert!(set.unwrap().success());
}

#[tokio::test]
async fn a_disk_that_does_not_take_it_is_told_and_the_gateway_goes_on_afterwards() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        eprintln!("skipped: there is no prlimit on this machine");
        return;
    }
    let database = TestDatabase::sqlite();
    let token = admin_of(&database.open()).await;
    let process = Process::start_in(&database, "trap '' XFSZ", &[]).await;
    let caller = Caller::new(&process, token);
    caller.ready(200).await;
    assert_eq!(caller.add_company("before").await.0, 201);
    // Nothing can be added to any file, as on a disk that fails.
    limit_files(&process, "0:");
    let (status, problem) = caller.add_company("meanwhile").await;
    assert_eq!((status, problem["code"].as_str()), (503, Some("database_disk")), "{problem}");
    assert_eq!(caller.ready(503).await["code"], "database_disk");
    assert_eq!(caller.companies().await, ["before"]);
    limit_files(&process, "unlimited:");
    caller.ready(200).await;
    let (status, answer) = caller.add_company("after").await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(caller.companies().await, ["before", "after"]);
}

#[tokio::test]
async fn a_disk_that_is_full_is_told_and_the_gateway_goes_on_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let mount = format!("mount -t tmpfs -o size=3m none {place}");
    let possible = Command::new("unshare").args(["-m", "sh", "-c", &mount]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this user may not mount a small disk");
        return;
    }
    // The token is written to this machine's own disk.
    let told = tempfile::NamedTempFile::new().unwrap();
    let make = format!("{mount} && \"$0\" app add Ops --admin --json > {}", told.path().display());
    let process = Process::start_unshared(&format!("sqlite:{place}/test.db"), &make).await;
    let made: Value = serde_json::from_str(&std::fs::read_to_string(told.path()).unwrap()).unwrap();
    let caller = Caller::new(&process, made["token"].as_str().unwrap().to_owned());
    caller.ready(200).await;
    assert_eq!(caller.add_company("before").await.0, 201);
    let filler = format!("/proc/{}/root{place}/filler", process.id());
    std::fs::write(&filler, vec![0; 4 << 20]).unwrap_err();
    assert_eq!(caller.ready(503).await["code"], "database_full");
    let (status, problem) = caller.add_company("meanwhile").await;
    assert_eq!((status, problem["code"].as_str()), (503, Some("database_full")), "{problem}");
    assert_eq!(caller.companies().await, ["before"]);
    std::fs::remove_file(&filler).unwrap();
    caller.ready(200).await;
    assert_eq!(caller.add_company("after").await.0, 201);
    assert_eq!(caller.companies().await, ["before", "after"]);
}

#[tokio::test]
async fn a_server_that_became_read_only_is_told_and_the_gateway_goes_on_afterwards() {
    let Some(database) = TestDatabase::postgres() else { return };
    let app = TestApp::start(&database).await;
    let name = database.url.rsplit_once('/').unwrap().1;
    let say = |sql: &str| diesel::PgConnection::establish(&database.url).unwrap().batch_execute(sql).unwrap();
    say(&format!(
        "ALTER DATABASE {name} SET default_transaction_read_only = on; SELECT pg_terminate_backend(pid, 5000) \
         FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ));
    let add = |name: &'static str| app.admin("POST", "/v1/companies", json!({ "name": name }));
    let ready = || app.call(reqwest::Method::GET, "/readyz", None, None);
    add("meanwhile").await.problem(503, "database_read_only");
    ready().await.problem(503, "database_read_only");
    app.admin("GET", "/v1/companies", None).await.is(200);
    say(&format!(
        "BEGIN READ WRITE; ALTER DATABASE {name} RESET default_transaction_read_only; COMMIT; \
         SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ));
    while ready().await.status != 200 {}
    add("after").await.is(201);
}

#[tokio::test]
async fn while_another_program_holds_sqlite_reads_work_and_writes_say_so() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database).await;
    let path = database.url.strip_prefix("sqlite:").unwrap();
    let mut other = SqliteConnection::establish(path).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let rollcall = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.args(arguments).arg("--json").current_dir(folder.path());
        command
            .env("ROLLCALL_DATABASE_URL", &database.url)
            .env("ROLLCALL_SECRET_KEY", crate::support::SECRET_KEY);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let add = app.admin("POST", "/v1/companies", json!({ "name": "meanwhile" }));
    let (added, told, listed) =
        tokio::join!(add, rollcall(&["company", "add", "Meanwhile"]), rollcall(&["company", "list"]));
    added.problem(503, "database_locked");
    app.admin("GET", "/v1/companies", None).await.is(200);
    assert!(listed.unwrap().status.success());
    let told = told.unwrap();
    let problem: Value = serde_json::from_slice(&told.stderr).unwrap();
    assert_eq!(
        (told.status.code(), problem["code"].as_str()),
        (Some(1), Some("database_locked")),
        "{problem}"
    );
    assert!(problem["remedy"].as_str().unwrap().contains("fuser"), "{problem}");
    other.batch_execute("ROLLBACK").unwrap();
    app.admin("POST", "/v1/companies", json!({ "name": "after" })).await.is(201);
}

/// Whoever waits hears why within the wait of one, also where several wait in line.
#[tokio::test]
async fn a_lock_is_told_to_webhooks_and_to_the_web_connector_as_it_is_to_the_api() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database).await;
    let (ambient, vault) = (app.gateway.ambient.clone(), app.gateway.vault.clone());
    let mut draft = ConnectionDraft::new(Kind::Push, &app.company.id);
    draft.secrets.insert("webhook_secret".into(), Secret::new(WEBHOOK_SECRET));
    let mut desktop = ConnectionDraft::new(Kind::QuickbooksDesktop, &app.company.id);
    desktop.name = Some("Branch".into());
    let made = app.gateway.store.write(move |db| {
        let push = register::connection(db, &ambient, &vault, &granted(), &draft)?.connection.id;
        let (username, password) =
            register::connection(db, &ambient, &vault, &granted(), &desktop)?.credentials.unwrap();
        Ok::<_, register::Error>((push, username, password))
    });
    let (push, username, password) = made.await.unwrap();
    let mut other = SqliteConnection::establish(database.url.strip_prefix("sqlite:").unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let sign_in = format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><authenticate \
         xmlns=\"http://developer.intuit.com/\"><strUserName>{username}</strUserName><strPassword>{}</strPassword>\
         </authenticate></soap:Body></soap:Envelope>",
        password.reveal()
    );
    let add = |name: &'static str| app.admin("POST", "/v1/companies", json!({ "name": name }));
    let signed_in = post(format!("http://{}/qbwc", app.address), &[("content-type", "text/xml")], sign_in);
    let webhook = |id: &'static str| {
        let body = r#"{"type":"employees.removed","data":[{"external_id":"7"}]}"#;
        let now = chrono::Utc::now().timestamp();
        let signature =
            standardwebhooks::Webhook::new(WEBHOOK_SECRET).unwrap().sign(id, now, body.as_bytes());
        let (signature, now) = (signature.unwrap(), now.to_string());
        let url = format!("http://{}/webhooks/{push}", app.address);
        async move {
            let headers = [
                ("webhook-id", id),
                ("webhook-timestamp", now.as_str()),
                ("webhook-signature", signature.as_str()),
            ];
            post(url, &headers, body.to_owned()).await
        }
    };
    let (first, second, one, signed_in, two) =
        tokio::join!(add("first"), add("second"), webhook("m1"), signed_in, webhook("m2"));
    for added in [first, second] {
        added.problem(503, "database_locked");
    }
    for (status, retry_after, told) in [one, two] {
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(
            (status, told["code"].as_str(), retry_after),
            (503, Some("database_locked"), true),
            "{told}"
        );
        assert!(told["remedy"].as_str().unwrap().contains("with the same ID"), "{told}");
    }
    let (_, _, told) = signed_in;
    assert!(told.contains("another program holds it") && told.contains("fuser"), "{told}");
    let metrics = app.get("/metrics").await.text;
    assert!(metrics.contains("refused_total{reason=\"database_locked\"} 2"), "{metrics}");
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(webhook("m1").await.0, 202);
}

const WEBHOOK_SECRET: &str = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// The status, whether it says when to come again, and the text.
async fn post(url: String, headers: &[(&str, &str)], body: String) -> (u16, bool, String) {
    let mut request = reqwest::Client::builder().no_proxy().build().unwrap().post(url).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let retry_after = answer.headers().contains_key("retry-after");
    (answer.status().as_u16(), retry_after, answer.text().await.unwrap())
}

#[tokio::test]
async fn a_database_whose_file_is_gone_is_not_made_anew() {
    let database = TestDatabase::sqlite();
    let path = database.url.strip_prefix("sqlite:").unwrap().to_owned();
    drop(database.open());
    let store = Store::open(&database.url).unwrap();
    std::fs::remove_file(&path).unwrap();
    let company = Company {
        id: "com_1".into(),
        name: "Acme".into(),
        created_at: chrono::Utc::now(),
        closing_at: None,
        deleting_at: None,
    };
    let failed = store.write(move |db| rollcall::store::companies::insert(db, &company)).await.unwrap_err();
    assert!(failed.is_unavailable() && failed.to_string().contains("is not there any more"), "{failed}");
    assert!(!std::path::Path::new(&path).exists());
}
