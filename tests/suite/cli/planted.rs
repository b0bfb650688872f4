//! Secrets of every kind are planted in a gateway that serves, and then sought for in all that it keeps and says: its files, the
//! WAL, its log at `trace`, what it answers, its figures, a backup, and the audit.

use std::fs;

use chrono::Utc;
use rollcall::{
    domain::secret::Secret,
    simulators::quickbooks_desktop::{CompanyFile, QwcFile, SessionOptions},
};
use serde_json::{Value, json};

use super::{Machine, Served, bytes_below, doctor_faults::bench};
use crate::{
    accounts::second_factor::code_at,
    canaries::{CANARY, employees},
    web_connector::wire::{Manual, call, envelope, post},
};

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
    planted.push(("password of an account", secret("account of a person")));
    let add = ["account", "add", "ana@example.com", "--role", "account-admin"];
    machine.with_password(&add, &secret("account of a person"));
    let link = machine.json(&["account", "reset-link", "ana@example.com"]);
    planted.push(("link for a password", last_part(&link["url"])));
    planted
}

/// The secret at the end of an address.
fn last_part(url: &Value) -> String {
    url.as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// What a person plants in a browser, and is given there.
async fn plant_as_a_person(served: &Served) -> Vec<Planted> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut planted = Vec::new();
    let mut cookie = String::new();
    let mut ask = async |method: &str, path: &str, body: Value| {
        let call = client.request(method.parse().unwrap(), format!("{}{path}", served.url));
        let call = call.header("cookie", &cookie).header("sec-fetch-site", "same-origin").json(&body);
        let answer = call.send().await.unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
        let mut given = Vec::new();
        for set in answer.headers().get_all("set-cookie") {
            let (name, rest) = set.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap().to_owned();
            if name == "rollcall" {
                cookie = format!("rollcall={value}");
                given.push(("session", value));
            } else {
                given.push(("cookie of a browser", value));
            }
        }
        let text = answer.text().await.unwrap();
        (serde_json::from_str::<Value>(&text).unwrap_or_default(), given)
    };
    let signs_in = json!({ "email": "ana@example.com", "password": secret("account of a person") });
    let (ana, given) = ask("POST", "/v1/session", signs_in).await;
    planted.extend(given);
    let id = ana["id"].as_str().unwrap().to_owned();
    let (token, _) = ask("POST", "/v1/me/tokens", json!({})).await;
    planted.push(("personal token", token["token"].as_str().unwrap().to_owned()));
    let (link, _) = ask("POST", "/v1/quicklinks", json!({ "company_id": "Acme" })).await;
    planted.push(("Quicklink", last_part(&link["url"])));
    let pair = json!({ "member_id": "ana", "password": secret("member") });
    ask("PUT", &format!("/v1/accounts/{id}/credentials/connectwise"), pair).await;
    planted.push(("password of a member", secret("member")));
    let (offered, _) = ask("POST", "/v1/me/totp", json!({})).await;
    let totp = offered["secret"].as_str().unwrap().to_owned();
    let (set, given) = ask("PUT", "/v1/me/totp", json!({ "code": code_at(&totp, Utc::now()) })).await;
    // The session has another secret from then on.
    assert_eq!(given.len(), 1);
    planted.extend(given);
    planted.push(("secret of a second factor", totp));
    for code in set["recovery_codes"].as_array().unwrap() {
        planted.push(("recovery code", code.as_str().unwrap().to_owned()));
    }
    planted
}

/// People in QuickBooks' answer, each with what must not be held, as a Web Connector brings it; what the gateway said.
async fn bring_people(machine: &Machine, served: &Served, desk_password: &str) -> Vec<Place> {
    let at = format!("127.0.0.1:{}", served.port()).parse().unwrap();
    let url = format!("http://localhost:{}", served.port());
    let qwc = machine.run(&["qwc", "Acme/QuickBooks Desktop", "--public-url", &url]).stdout;
    let options = SessionOptions::from_qwc(&QwcFile::parse(&qwc).unwrap(), Secret::new(desk_password));
    let mut file = CompanyFile::new(71, 3, 0);
    let mut session = Manual::begin(at, &options, &mut file).await.unwrap();
    let request = session.send(at).await;
    let (_, id) = request.split_once("requestID=\"").unwrap();
    let response = employees(id.split('"').next().unwrap());
    let body = format!(
        "<ticket>{}</ticket><response>{}</response><hresult></hresult><message></message>",
        session.ticket,
        quick_xml::escape::partial_escape(response.as_str())
    );
    let mut said = vec![post(at, envelope("receiveResponseXML", &body).as_bytes()).await.body];
    said.push(call(at, "getLastError", &[("ticket", &session.ticket)]).await);
    said.push(session.close(at).await);
    said.into_iter().map(|said| ("answer to a Web Connector".to_owned(), said.into_bytes())).collect()
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
    }
    // At once, because each wrong password of an address is answered later than the one before.
    let calls = planted.iter().map(|planted| web_connector_with(&client, served, planted));
    answers.extend(futures_util::future::join_all(calls).await);
    places_of_people(&client, served, &mut answers).await;
    let figures = client.get(format!("{}/metrics", served.url)).send().await.unwrap();
    answers.push(("figures".into(), figures.bytes().await.unwrap().to_vec()));
    answers
}

/// A secret as what a Web Connector signs in with.
async fn web_connector_with(client: &reqwest::Client, served: &Served, (what, secret): &Planted) -> Place {
    let ssn = format!("<QBXML><SSN>{secret}</SSN></QBXML>");
    let body = format!("<strUserName>{ssn}</strUserName><strPassword>{secret}</strPassword>");
    let body = envelope("authenticate", &body);
    let call = client.post(format!("{}/qbwc", served.url)).header("content-type", "text/xml").body(body);
    (format!("SOAP with the {what}"), call.send().await.unwrap().bytes().await.unwrap().to_vec())
}

/// A sign-in at the provider, a mail, and a wrong sign-in.
async fn places_of_people(client: &reqwest::Client, served: &Served, answers: &mut Vec<Place>) {
    for (path, form) in [
        ("/oidc/single-sign-on", format!("next={}", secret("account of a person"))),
        ("/reset", "email=ana@example.com".to_owned()),
        ("/sign-in", format!("email=ana@example.com&password={}", secret("account of a person"))),
    ] {
        let call = client.post(format!("{}{path}", served.url)).header("sec-fetch-site", "same-origin");
        let call = call.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = call.send().await.unwrap();
        assert!(answer.status() != 404, "{path}");
        answers.push((path.to_owned(), answer.bytes().await.unwrap().to_vec()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_secrets_are_in_no_file_log_answer_figure_backup_or_audit() {
    let machine = Machine::new();
    let mut planted = plant(&machine);
    // Beside the machine's own folder, which is searched.
    let outside = tempfile::tempdir().unwrap();
    let kept = |what: &'static str| {
        let path = outside.path().join(what);
        fs::write(&path, secret(what)).unwrap();
        (what, path.display().to_string())
    };
    let (client, client_file) = kept("secret of an OIDC client");
    let (mail, mail_file) = kept("password of the mail server");
    planted.extend([(client, secret(client)), (mail, secret(mail))]);
    let issuer = format!("http://127.0.0.1:{}", bench::closed_port());
    let smtp = bench::smtp(&["250-mail.example\r\n250 AUTH PLAIN LOGIN", "535 5.7.8 no"]).to_string();
    let settings = [
        ["--oidc-issuer", &issuer],
        ["--oidc-client-id", "rollcall"],
        ["--oidc-allow-private-address", "true"],
        ["--oidc-client-secret-file", &client_file],
        ["--smtp-host", "127.0.0.1"],
        ["--smtp-port", &smtp],
        ["--smtp-security", "none"],
        ["--smtp-from", "rollcall@example.com"],
        ["--smtp-username", "rollcall"],
        ["--smtp-password-file", &mail_file],
    ];
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut served = Served::start_with_log(&machine, "trace", &settings.concat());
    let desk = planted[0].1.clone();
    let mut places = bring_people(&machine, &served, &desk).await;
    planted.extend(plant_as_a_person(&served).await);
    planted.push(("what QuickBooks tells of people", CANARY.to_owned()));
    let kinds: std::collections::BTreeSet<_> = planted.iter().map(|(what, _)| what).collect();
    assert!(kinds.len() >= 20, "{kinds:?}");
    places.extend(provoke(&served, &planted).await);
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
