//! Two identity providers of others: what they say is understood, and leads to the account.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use reqwest::Url;
use rollcall::{
    clock::Ambient,
    connectors::identity::Providers,
    domain::{
        identity::{Family, ProviderSettings, Rules},
        secret::Secret,
        words::Role,
    },
    http::oidc::callback_address,
};

use crate::{
    accounts::idp::Browser,
    support::{TestApp, TestDatabase},
};

use super::{file, tools};

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a provider, and waits for the line in which it says that it listens.
fn started(command: &mut Command, line: &str) -> Running {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (told, heard) = std::sync::mpsc::channel();
    for stream in [Box::new(out) as Box<dyn std::io::Read + Send>, Box::new(err)] {
        let told = told.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let _ = told.send(line);
            }
        });
    }
    drop(told);
    let running = Running(child);
    let mut said = Vec::new();
    for heard in heard {
        if heard.contains(line) {
            return running;
        }
        said.push(heard);
    }
    panic!("{command:?} ended: {said:#?}");
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A gateway that knows the provider at this address, and the account that the person has.
async fn gateway(database: &TestDatabase, issuer: &str) -> (TestApp, String) {
    let rules =
        Rules { family: Family::Other, trust_email: false, hosted_domain: None, create_for: Vec::new() };
    let settings = ProviderSettings {
        id: "test".into(),
        name: "Test".into(),
        issuer: issuer.into(),
        client_id: "rollcall".into(),
        client_secret: Some(Secret::new("client secret")),
        allow_private: true,
        rules,
    };
    let app = TestApp::start_by(database, Ambient::system(), |_, gateway| {
        let callback = callback_address(&gateway.public_url);
        gateway.identity = Providers::new(&gateway.sources.outbound, vec![settings], &callback);
    })
    .await;
    let ana = app.person("ana@example.com", Role::User, &[]).await;
    (app, ana.id)
}

/// Walks from the button through the provider's pages, and agrees where a form asks.
async fn walks(app: &TestApp, form: &str) -> Option<String> {
    let mut browser = Browser::new();
    let start = format!("http://{}/oidc/test", app.address);
    let mut step = browser.post(&start, "next=/docs").await;
    let mut at: Url = start.parse().unwrap();
    for _ in 0..20 {
        match &step.location {
            Some(location) if location == "/docs" => return browser.who(app).await,
            Some(location) => {
                at = at.join(location).unwrap();
                step = browser.get(at.as_str()).await;
            }
            None => {
                assert_eq!(step.status, 200, "{at}: {}", step.body);
                step = browser.post(at.as_str(), form).await;
            }
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certified_provider_of_node_leads_to_the_account() {
    let Some(tools) = tools() else { return };
    let database = TestDatabase::sqlite();
    let port = free_port();
    let (app, ana) = gateway(&database, &format!("http://127.0.0.1:{port}")).await;
    let callback = callback_address(&app.gateway.public_url);
    let mut command = Command::new("node");
    command.arg(file("oidc-provider.mjs")).arg(port.to_string()).arg(callback.as_str()).arg(&tools.0);
    let _provider = started(&mut command, "listening");
    assert_eq!(walks(&app, "").await, Some(ana.clone()));
    assert_eq!(walks(&app, "").await, Some(ana), "by its own ID the second time");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_provider_of_python_leads_to_the_account() {
    let Some(tools) = tools() else { return };
    let database = TestDatabase::sqlite();
    let port = free_port();
    let (app, ana) = gateway(&database, &format!("http://127.0.0.1:{port}")).await;
    let person = r#"{"sub": "person-1", "email": "ana@example.com", "email_verified": true}"#;
    let stranger = r#"{"sub": "person-2", "email": "eve@example.com", "email_verified": true}"#;
    let mut command = tools.python("oidc-provider-mock");
    command.args(["--port", &port.to_string(), "--user-claims", person, "--user-claims", stranger]);
    let _provider = started(&mut command, "running on");
    assert_eq!(walks(&app, "sub=person-1").await, Some(ana));
    let mut browser = Browser::new();
    let start = format!("http://{}/oidc/test", app.address);
    let there = browser.post(&start, "next=/").await.location.unwrap();
    let back = browser.post(&there, "sub=person-2").await.location.unwrap();
    let refused = browser.get(&back).await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (403, Some("sign_in_refused")));
}
