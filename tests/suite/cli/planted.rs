//! Secrets of every kind are planted in a gateway that serves, and then sought for in all that it keeps and says: its files, the
//! WAL, its log at `trace`, what it answers, its figures, a backup, and the audit.

use std::fs;

use serde_json::{Value, json};

use super::{Machine, Served, bytes_below};

/// A secret that was planted, and what it is.
type Planted = (&'static str, String);

/// Where something was sought.
type Place = (String, Vec<u8>);

/// A text that stands nowhere by chance.
fn secret(kind: &str) -> String {
    format!("KANARI{}{}", kind.len(), kind.to_uppercase().replace(['_', ' '], ""))
}

/// Plants the secrets that a person types in, and collects those that are made.
fn plant(machine: &Machine) -> Vec<Planted> {
    machine.json(&["company", "add", "Acme"]);
    let mut planted = Vec::new();
    let desk = machine.json(&["connection", "add", "quickbooks_desktop", "--company", "Acme"]);
    planted.push(("password of a Web Connector", desk["password"].as_str().unwrap().to_owned()));
    let sources = [
        ("paycom", &["base_url=https://api.paycomonline.net"][..], &["sid", "token"][..]),
        (
            "connectwise",
            &["base_url=https://api-na.myconnectwise.net", "company_id=acme", "client_id=client"],
            &["public_key", "private_key"],
        ),
        ("push", &[], &[]),
    ];
    for (kind, settings, secrets) in sources {
        let mut call =
            vec!["connection".to_owned(), "add".into(), kind.into(), "--company".into(), "Acme".into()];
        for setting in settings {
            call.extend(["--set".into(), (*setting).to_owned()]);
        }
        for name in secrets {
            planted.push((name, secret(name)));
            call.extend(["--secret".into(), format!("{name}={}", secret(name))]);
        }
        let made = machine.json(&call.iter().map(String::as_str).collect::<Vec<_>>());
        if let Some(made) = made["webhook_secret"].as_str() {
            planted.push(("webhook secret", made.to_owned()));
        }
    }
    for (what, admin) in
        [("token of an app", &["--company", "Acme"][..]), ("token of an admin", &["--admin"])]
    {
        let made = machine.json(&[&["app", "add", what], admin].concat());
        planted.push((what, made["token"].as_str().unwrap().to_owned()));
    }
    planted
}

/// Has the gateway do something with each secret, rightly and wrongly. What it answered, and its figures.
async fn provoke(served: &Served, planted: &[Planted]) -> Vec<Place> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let admin = &planted.iter().find(|(what, _)| *what == "token of an admin").unwrap().1;
    let mut answers = Vec::new();
    for (what, secret) in planted {
        // As what it is, and in places where it should never be.
        let bodies = [
            json!({ "kind": "paycom", "company": "Acme", "name": "Nobody", "secrets": { "sid": secret } }),
            json!({ "kind": "push", "company": secret }),
            json!({ "name": secret, "no_such": secret }),
        ];
        for body in bodies {
            let call = client.post(format!("{}/v1/connections", served.url)).bearer_auth(admin).json(&body);
            answers.push((
                format!("answer about the {what}"),
                call.send().await.unwrap().bytes().await.unwrap().to_vec(),
            ));
        }
        for path in ["/v1/companies", "/v1/connections", "/v1/apps", "/v1/audit"] {
            let call = client.get(format!("{}{path}?limit=500", served.url)).bearer_auth(secret);
            answers.push((
                format!("{path} with the {what}"),
                call.send().await.unwrap().bytes().await.unwrap().to_vec(),
            ));
        }
        let ssn = format!("<QBXML><SSN>{secret}</SSN></QBXML>");
        let envelope = format!(
            "<?xml version=\"1.0\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
             <authenticate xmlns=\"http://developer.intuit.com/\"><strUserName>{ssn}</strUserName><strPassword>{secret}</strPassword>\
             </authenticate></soap:Body></soap:Envelope>"
        );
        let call =
            client.post(format!("{}/qbwc", served.url)).header("content-type", "text/xml").body(envelope);
        answers.push((
            format!("SOAP with the {what}"),
            call.send().await.unwrap().bytes().await.unwrap().to_vec(),
        ));
    }
    let figures = client.get(format!("{}/metrics", served.url)).send().await.unwrap();
    answers.push(("figures".into(), figures.bytes().await.unwrap().to_vec()));
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_secrets_are_in_no_file_log_answer_figure_backup_or_audit() {
    let machine = Machine::new();
    let planted = plant(&machine);
    assert!(planted.len() >= 8, "{}", planted.len());
    let mut served = Served::start_with_log(&machine, "trace", &[]);
    let mut places = provoke(&served, &planted).await;
    machine.json(&["backup", "backup.db"]);
    // While it serves: the WAL has not gone into the file yet.
    assert!(machine.path("rollcall.db-wal").exists());
    places.push(("files while it serves".into(), bytes_below(machine.folder.path())));
    places.push(("log at trace".into(), served.stop_and_read_log().into_bytes()));
    places.push(("files".into(), bytes_below(machine.folder.path())));
    places.push(("backup".into(), fs::read(machine.path("backup.db")).unwrap()));
    for call in [&["audit", "export"][..], &["audit", "list"], &["doctor"], &["connection", "list"]] {
        let ended = machine.run(call);
        places.push((call.join(" "), [ended.stdout, ended.stderr].concat().into_bytes()));
    }
    let audit = places.iter().find(|(place, _)| place == "audit export").unwrap();
    assert!(memchr::memmem::find(&audit.1, b"connection_added").is_some(), "the audit shows nothing");
    assert!(
        places.iter().any(|(place, log)| place == "log at trace" && log.len() > 10_000),
        "the log shows nothing"
    );
    let mut found: Vec<(&str, &str)> = Vec::new();
    for (what, secret) in &planted {
        for (place, bytes) in &places {
            if memchr::memmem::find(bytes, secret.as_bytes()).is_some() {
                found.push((what, place));
            }
        }
    }
    assert!(found.is_empty(), "{found:?}");
    let key: Value = machine.json(&["key", "show"]);
    let kept = fs::read_to_string(machine.path("rollcall.db.key")).unwrap();
    let kept = kept.lines().last().unwrap();
    assert!(key["keys"][0]["secrets"].as_u64().unwrap() > 0);
    for (place, bytes) in places.iter().filter(|(place, _)| !place.starts_with("files")) {
        assert!(memchr::memmem::find(bytes, kept.as_bytes()).is_none(), "the key is in: {place}");
    }
}
