//! Mail by a server of others: `aiosmtpd`.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Stdio},
};

use reqwest::{Client, StatusCode};
use rollcall::{
    connectors::mail::Mailer,
    domain::{mail::MailServer, words::MailSecurity},
};
use serde_json::{Value, json};

use super::{Tools, file, tools};
use crate::support::{TestApp, TestDatabase};

/// The server, which ends with this value.
struct Sink {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Sink {
    fn start(tools: &Tools) -> Self {
        let mut command = tools.python("python");
        command.arg(file("mail_sink.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap().parse().unwrap();
        Self { process, lines, port }
    }

    fn server(&self, security: MailSecurity) -> MailServer {
        let from = "Rollcall <rollcall@example.com>".to_owned();
        MailServer { host: "127.0.0.1".into(), port: self.port, security, credentials: None, from }
    }

    /// The next mail that arrives.
    fn next(&mut self) -> Value {
        let line = tokio::task::block_in_place(|| self.lines.next()).unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_another_password_comes_by_mail_to_those_who_have_an_account_and_works_once() {
    let Some(tools) = tools() else { return };
    let mut sink = Sink::start(&tools);
    let database = TestDatabase::sqlite();
    let mailer = Mailer::new(&sink.server(MailSecurity::Plain)).unwrap();
    let app = TestApp::start_changed(&database, |_, gateway| gateway.mailer = Some(mailer)).await;
    let body = json!({"email": "Ana@example.com", "role": "account-admin"});
    app.admin("POST", "/v1/accounts", body).await.is(201);
    let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let post = async |path: &str, fields: &str| {
        let request = client.post(format!("http://{}{path}", app.address)).body(fields.to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.header("sec-fetch-site", "same-origin").send().await.unwrap()
    };
    let mut said = Vec::new();
    // The unknown one first: the first mail that arrives is the other's.
    for email in ["nobody%40example.com", "ana%40EXAMPLE.com", "ana%40example.com"] {
        let answer = post("/reset", &format!("email={email}")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        said.push(answer.text().await.unwrap());
    }
    assert!(said.iter().all(|text| *text == said[0]), "nobody learns who has an account");
    let mail = sink.next();
    assert_eq!(mail["to"], json!(["Ana@example.com"]));
    assert_eq!(mail["headers"]["auto-submitted"], "auto-generated");
    assert_eq!(mail["headers"]["from"], "Rollcall <rollcall@example.com>");
    assert!(mail["headers"]["message-id"].is_string() && mail["headers"]["date"].is_string(), "{mail}");
    let audit = app.admin("GET", "/v1/audit?action=reset_link_made", None).await;
    let rows = audit.is(200)["data"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "one was made: {rows:?}");
    assert!(rows[0]["actor_id"] == "mail" && rows[0]["address"] == "127.0.0.1", "{rows:?}");
    assert!(rows[0]["request_id"].is_string(), "{rows:?}");
    let text = mail["text"].as_str().unwrap();
    let link = text.lines().find(|line| line.starts_with("http")).unwrap();
    let path = &link[link.find("/reset/").unwrap()..];
    let password = "password=a+few+words+that+she+chose&again=a+few+words+that+she+chose";
    assert_eq!(post(path, password).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(post(path, password).await.status(), StatusCode::GONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_encrypts_nothing_is_refused_where_mail_is_to_be_encrypted() {
    let Some(tools) = tools() else { return };
    // Another test may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sink = Sink::start(&tools);
    Mailer::new(&sink.server(MailSecurity::Plain)).unwrap().test().await.unwrap();
    let refused = Mailer::new(&sink.server(MailSecurity::StartTls)).unwrap().test().await.unwrap_err();
    let problem = refused.problem();
    assert!(problem.remedy.contains("ROLLCALL_SMTP_"), "{problem:?}");
}
